// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../shared/errors/index.ts';
import type { SystemPort } from '../base/ports/compose-store.ts';
import { Sandbox } from '../base/sandbox/sandbox.ts';
import type { Tree } from '../base/tree/index.ts';
import { makeScaffold } from '../compose/build/assemble.ts';
import { initramfsOf, kernelVersions, onlyKernel, renewBootCopies, runDepmod, runDracut } from '../compose/build/kernel.ts';
import { formatEntries, parseEntries } from '../compose/build/passwd.ts';
import { ownDirectory } from '../compose/build/workdir.ts';
import { takeRoot } from './base-root.ts';
import type { UserFiles } from './users.ts';

export interface InitramfsJob {
  readonly system: SystemPort;
  /** A finished tree of hard links, packages already on it. */
  readonly tree: Tree;
  /** A directory on the tree's file system, for overlays. */
  readonly workdir: string;
  /** `rpmostree.initramfs-args` of the base's commit, which tells how its initramfs was made; undefined when it doesn't say. */
  readonly baseArgs: readonly string[] | undefined;
  /** The machine's own, `initramfs-args` of the origin. */
  readonly args: readonly string[];
  /**
   * The machine's configuration, for an initramfs that was asked for (`regenerate-initramfs`): dracut sees it as /etc. Without, the tree's own: as whoever
   * composed the base made it, for a tree that just has another kernel.
   */
  readonly machine?: { readonly etc: string; readonly users: UserFiles };
  /** Another kernel came with the packages: its modules are indexed before. */
  readonly kernelChanged: boolean;
  /** SOURCE_DATE_EPOCH of what is made, Unix seconds. */
  readonly epochSeconds: number;
  readonly message: (text: string) => void;
}

/** dracut may take minutes on a slow machine. */
const timeoutMs = 1_800_000;

/**
 * Make the initramfs of a tree anew with its dracut, in the sandbox, in the place of usr/lib/modules/KVER/initramfs.img: with the base's arguments followed by the
 * machine's. Where the base doesn't tell its own, dracut finds them in the initramfs that is there (`--rebuild`). Nothing but the initramfs and its copies
 * for old deployers differs afterwards. Throws compose.no-kernel, compose.no-initramfs (a tree without dracut), compose.script-failed, compose.script-timeout,
 * package.conflict (two kernels), disk.full.
 */
export function remakeInitramfs({ system, tree, workdir, machine, message, ...job }: InitramfsJob): void {
  const version = onlyKernel(kernelVersions(tree));
  const initramfs = initramfsOf(version);
  tree.requireKind('kernel', initramfs, 'file');
  const rebuild = tree.exists('kernel', initramfs) ? ['--rebuild', `/${initramfs}`] : [];
  const root = takeRoot(tree);
  makeScaffold(tree);
  const replaced = Object.fromEntries((['passwd', 'group'] as const).map((kind) => [kind, allUsers(tree, kind, machine?.users)]));
  const etc = machine ? { directory: machine.etc, replaced } : { replaced };
  const inSandbox = (name: string, run: (sandbox: Sandbox) => void): void => {
    const directory = ownDirectory(workdir, name);
    using sandbox = new Sandbox(tree.root, directory, system, { timeoutMs, epochSeconds: job.epochSeconds, etc });
    run(sandbox);
    tree.forget();
  };
  if (job.kernelChanged)
    inSandbox('depmod', (sandbox) => {
      runDepmod(version, sandbox, message);
      sandbox.finish(() => false);
    });
  inSandbox('initramfs', (sandbox) => {
    runDracut(version, [...(job.baseArgs ?? rebuild), ...job.args], sandbox, message);
    if (!sandbox.finishWith(initramfs))
      throw new TreelineError('compose.script-failed', { subject: 'dracut', detail: 'it wrote no initramfs' });
  });
  root.putBack();
  renewBootCopies(tree, version);
}

/** dracut reads users from /etc alone; those of the system are in usr/lib. */
function allUsers(tree: Tree, kind: keyof UserFiles, machine: UserFiles | undefined): string {
  const own = parseEntries(machine?.[kind] ?? tree.text('users', `usr/etc/${kind}`) ?? '');
  const names = new Set(own.map(({ name }) => name));
  const system = parseEntries(tree.text('systemUsers', `usr/lib/${kind}`) ?? '');
  return formatEntries([...own, ...system.filter(({ name }) => !names.has(name))]);
}
