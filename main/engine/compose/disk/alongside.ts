// SPDX-License-Identifier: LGPL-2.1-or-later
import { appendFileSync, existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { readRegularFile } from '../../../files/index.ts';
import { alongsideMark, alongsideMenu } from '../../base/names/alongside-menu.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { DiskPort } from '../../base/ports/disk.ts';
import { fillSysroot } from './fill-sysroot.ts';
import { hasForeignSyslinux, prepareSyslinuxMenu } from './other-loaders.ts';
import type { AlongsideOutcome, AlongsideParams } from './params.ts';
import { requireStateroot } from '../../base/names/stateroot-name.ts';

const syslinuxModule = 'syslinuxcfg';
/** Without a time-out GRUB would take the menu for the command to start its default at once. */
const menuLines = 'TIMEOUT 10\n';

/**
 * Install a deployment into a root file system that another system lives in. That one keeps everything it has: what is added is /ostree,
 * /boot/ostree, /boot/loader and /boot/syslinux, and lines in GRUB's custom.cfg, which its own configuration reads if it is there; the default
 * stays. Throws `disk-image.not-alongside` before anything is written.
 */
export function installAlongside(params: AlongsideParams, port: DiskPort, context: JobContext): AlongsideOutcome {
  const root = path.resolve(params.root);
  const checksum = port.resolve(params.repo, params.revision);
  const stateroot = requireStateroot(params.stateroot ?? 'default');
  const grub = checkRoot(root, stateroot);
  const boot = bootOf(root);
  if (grub !== undefined) prepareSyslinuxMenu(path.join(root, 'boot'), menuLines);
  const kernelArgs = [`root=${params.rootDevice}`, 'rw', ...(params.kernelArgs ?? [])];
  const { deployment, version } = fillSysroot(
    {
      params,
      directory: root,
      checksum,
      stateroot,
      bootloader: grub === undefined ? 'none' : 'extlinux',
      kernelArgs,
      fstab: boot.fstab,
      inUse: true,
      copied: (count) => context.progress({ step: 'copy', stepIndex: 0, stepCount: 1, fraction: 0, itemsDone: count }),
    },
    port,
    context,
  );
  if (grub !== undefined) addToGrub(grub, boot.separate);
  return { checksum, version, deploymentId: deployment.id, ...(grub === undefined ? {} : { bootMenu: path.join(grub, 'custom.cfg') }) };
}

/** GRUB's directory if there is one. */
function checkRoot(root: string, stateroot: string): string | undefined {
  const refuse = (detail: string): TreelineError => new TreelineError('disk-image.not-alongside', { subject: root, detail });
  if (process.getuid?.() !== 0) throw refuse('it needs root');
  if (!existsSync(path.join(root, 'etc')) || !existsSync(path.join(root, 'boot'))) throw refuse('it holds no system with /etc and /boot');
  if (existsSync(path.join(root, 'ostree/deploy', stateroot, 'deploy'))) throw refuse(`stateroot “${stateroot}” is there already`);
  const loader = path.join(root, 'boot/loader');
  // libostree switches a link; the directory of a system with boot entries of its own must not be taken away
  if (lstatSync(loader, { throwIfNoEntry: false }) && !lstatSync(loader).isSymbolicLink() && readdirSync(loader).length > 0)
    throw refuse('its /boot/loader is a directory with boot entries of its own');
  const grub = ['boot/grub', 'boot/grub2'].map((name) => path.join(root, name)).find((file) => existsSync(path.join(file, 'grub.cfg')));
  if (grub === undefined) return undefined;
  if (hasForeignSyslinux(path.join(root, 'boot'))) throw refuse('its /boot/syslinux is somebody else’s');
  if (!readdirSync(grub).some((platform) => existsSync(path.join(grub, platform, `${syslinuxModule}.mod`))))
    throw refuse(`its GRUB has no module ${syslinuxModule}, which reads the boot entries`);
  if (secureBoot(root)) throw refuse(`Secure Boot is on, and GRUB then refuses its module ${syslinuxModule}, which reads the boot entries`);
  return grub;
}

/** Whether /boot is a file system of its own, and the lines that mount it and what is below, as fstab(5) of the other system has them. */
function bootOf(root: string): { separate: boolean; fstab: string } {
  if (statSync(path.join(root, 'boot')).dev === statSync(root).dev) return { separate: false, fstab: '' };
  const fstab = path.join(root, 'etc/fstab');
  const lines = (existsSync(fstab) ? readRegularFile(fstab).toString() : '')
    .split('\n')
    .filter((line) => /^\s*[^#\s]\S*\s+\/boot(\/\S*)?\s/.test(line));
  if (lines.some((line) => line.trim().split(/\s+/)[1] === '/boot')) return { separate: true, fstab: `${lines.join('\n')}\n` };
  throw new TreelineError('disk-image.not-alongside', {
    subject: root,
    detail: 'its /boot is a file system of its own, and its /etc/fstab doesn’t say which',
  });
}

/**
 * Upstream's GRUB, which Debian's family has, can't read loader/entries; but it can read a menu of syslinux, and such a one libostree maintains
 * (ostree.repo-config(5), sysroot.bootloader). Its paths begin with /boot, and libostree makes a link of that name in a /boot of its own. `$root` may
 * be anything here; `$prefix` is GRUB's own directory. A submenu, because titles change with every update: `treeline>0` is always the newest.
 */
function addToGrub(grub: string, separate: boolean): void {
  const custom = path.join(grub, 'custom.cfg');
  if (existsSync(custom) && readRegularFile(custom).toString().includes(alongsideMark)) return;
  const loader = `\${treeline_device}${separate ? '' : '/boot'}/loader`;
  appendFileSync(
    custom,
    `${alongsideMark}
submenu 'Treeline' --id '${alongsideMenu}' {
  regexp --set=1:treeline_device '^(\\(.*\\))/' "$prefix"
  extract_syslinux_entries_source --syslinux --root="\${treeline_device}" --cwd="${loader}" "${loader}/syslinux.cfg"
}
`,
  );
}

/** UEFI specification, 3.3: the variable is one byte, behind four bytes of attributes in efivarfs. */
function secureBoot(root: string): boolean {
  const variable = path.join(root, 'sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c');
  return existsSync(variable) && readFileSync(variable)[4] === 1;
}
