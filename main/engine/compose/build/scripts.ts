// SPDX-License-Identifier: LGPL-2.1-or-later
import type { RpmHeader, ScriptletPhase } from '../../base/ports/rpm.ts';
import { runScript, type ScriptContext } from '../../base/sandbox/script-run.ts';

/**
 * Programs of the tree which package scripts may call, but whose work is done by compose (initramfs) or by libostree on the machine (boot
 * entries): a note is printed instead.
 */
export const leftToCompose: readonly string[] = [
  ...['dracut', 'update-initramfs', 'mkinitramfs', 'mkinitcpio', 'kernel-install', 'bootctl'].map((name) => `/usr/bin/${name}`),
  ...['dracut', 'update-initramfs', 'mkinitramfs', 'new-kernel-pkg', 'installkernel', 'grubby'].map((name) => `/usr/sbin/${name}`),
  ...['update-grub', 'grub-mkconfig', 'grub2-mkconfig', 'grub-install', 'grub2-install'].map((name) => `/usr/sbin/${name}`),
];

/** Run one phase's scriptlets of a package. rpm passes 1 = the package is there once. */
function runScriptlets(pkg: RpmHeader, phase: ScriptletPhase, context: ScriptContext): void {
  for (const scriptlet of pkg.scriptlets.filter((s) => s.phase === phase))
    runScript({ pkg, label: `%${phase}`, ...scriptlet, args: ['1'] }, context);
}

/** Run one phase's scriptlets of all packages, in the given order; `before` comes before each package's. */
export function runPhase(
  packages: readonly RpmHeader[],
  phase: ScriptletPhase,
  context: ScriptContext,
  before?: (pkg: RpmHeader) => void,
): void {
  for (const pkg of packages) {
    before?.(pkg);
    runScriptlets(pkg, phase, context);
  }
}

/**
 * %pretrans runs before there is any file, so what it does is lua: rpm refuses programs of a root that is empty, too. Those of other
 * interpreters are left out with a message.
 */
export function runPretrans(packages: readonly RpmHeader[], context: ScriptContext): void {
  for (const pkg of packages) {
    const scriptlet = pkg.scriptlets.find((s) => s.phase === 'pretrans');
    if (scriptlet && scriptlet.interpreter[0] !== '<lua>')
      context.message(`${pkg.name}%pretrans: not run, ${scriptlet.interpreter[0] ?? ''} isn’t there before the packages are`);
    else runScriptlets(pkg, 'pretrans', context);
  }
}
