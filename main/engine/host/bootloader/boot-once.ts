// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { TreelineError, messageOf } from '../../../../shared/errors/index.ts';
import { atomicFile, readRegularFile } from '../../../files/index.ts';
import type { DeployOutcome } from '../sysroot/params.ts';
import { pathInMenu } from '../../base/names/alongside-menu.ts';
import { loaderInfo, oneShotProblem, writeOneShot } from './efi-variables.ts';
import { findDeployment, versionOf, type SysrootJob } from '../sysroot/actions.ts';

/** A boot menu entry as boot loaders know it. */
export interface MenuEntry {
  /** File name in loader/entries, e.g. ostree-2-fedora.conf: the id systemd-boot uses; GRUB's blscfg uses it without `.conf`. */
  readonly id: string;
  readonly title: string;
}

/** How one boot loader is told to start an entry once. */
interface OnceLoader {
  readonly name: string;
  readonly once: (entry: MenuEntry) => void;
}

/** The simulated boot loader (main/demo/simboot.ts) reads an entry's file name from here and removes it, as GRUB does with next_entry. */
export const simulatedOnceFile = 'boot/treeline-boot-once';

/**
 * Start a deployment at the next start only; the default stays. Throws `sysroot.not-booted`, `deployment.not-found`, `deployment.staged` (also
 * when another one is staged: finalizing it renumbers the boot entries), `not-supported` naming the boot loader that can't do it.
 */
export function bootOnce(job: SysrootJob, deploymentId: string): DeployOutcome {
  const { sysroot } = job;
  if (!sysroot.isBooted) throw new TreelineError('sysroot.not-booted', { subject: 'Starting a deployment once' });
  const target = findDeployment(sysroot, deploymentId);
  const staged = sysroot.deployments().find((d) => d.staged);
  if (staged) throw new TreelineError('deployment.staged', { subject: versionOf(sysroot, staged.checksum) || staged.id });
  const loader = findLoader(sysroot.path);
  const entry = menuEntry(sysroot.path, target.bootConfig['options'] ?? '');
  if (!entry) throw new TreelineError('deployment.not-found', { subject: deploymentId, detail: 'it has no boot entry' });
  job.context.task(`Telling ${loader.name} what to start next`, () => job.context.uninterruptible(() => loader.once(entry)));
  return { changed: true, staged: false, deploymentId, checksum: target.checksum, toVersion: versionOf(sysroot, target.checksum) };
}

/** The entry whose kernel arguments lead to the same deployment. */
export function menuEntry(root: string, options: string): MenuEntry | undefined {
  const wanted = ostreeArgument(options);
  if (wanted === undefined) return undefined;
  const folder = path.join(root, 'boot/loader/entries');
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.conf')) : [];
  for (const id of names.sort()) {
    const text = readRegularFile(path.join(folder, id)).toString();
    const field = (key: string): string => new RegExp(`^${key}[ \\t]+(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
    if (ostreeArgument(field('options')) === wanted) return { id, title: field('title') };
  }
  return undefined;
}

const ostreeArgument = (options: string): string | undefined => options.split(/\s+/).findLast((word) => word.startsWith('ostree='));

/** What boots this root, if it can start an entry once. Throws `not-supported`. */
export function findLoader(root: string): OnceLoader {
  const at = (...parts: string[]): string => path.join(root, ...parts);
  const name = loaderName(root);
  if (name === 'the simulated boot loader') return { name, once: (entry) => writeOnceFile(at(simulatedOnceFile), entry.id) };
  const boot = at('boot');
  const refused = (detail: string): TreelineError => new TreelineError('not-supported', { subject: `Starting once with ${name}`, detail });
  const tool = (...programs: string[]): string => {
    const found = programs.find(isInstalled);
    if (!found) throw refused(`${programs.join(' or ')} isn’t installed`);
    return found;
  };
  if (name === 'systemd-boot') {
    const problem = oneShotProblem(root);
    if (problem !== undefined) throw refused(problem);
    return { name, once: (entry) => writeOneShot(root, entry.id) };
  }
  if (name === 'GRUB') {
    const program = tool('grub2-reboot', 'grub-reboot');
    const config = grubConfig(root) ?? '';
    const nameOf = ({ id, title }: MenuEntry): string =>
      readText(config).includes('blscfg') ? id.replace(/\.conf$/, '') : pathInMenu(path.dirname(config), title);
    return { name, once: (entry) => run(program, `--boot-directory=${boot}`, nameOf(entry)) };
  }
  if (name === 'extlinux') {
    const folder = existsSync(at('boot/extlinux')) ? 'boot/extlinux' : 'boot/syslinux';
    // U-Boot reads the same menu file, but has no place for a note
    if (!existsSync(at(folder, 'ldlinux.sys'))) throw refused(`${folder}/ldlinux.sys is missing: another boot loader reads its menu`);
    const program = tool('extlinux');
    return {
      name,
      once(entry) {
        // what is noted is a command line, whose first word is looked up among the labels
        if (/\s/.test(entry.title)) throw refused(`it can’t be told of an entry whose label holds a blank: “${entry.title}”`);
        run(program, `--once=${entry.title}`, at(folder));
      },
    };
  }
  throw refused('it has no way to do so');
}

function loaderName(root: string): string {
  const has = (file: string): boolean => existsSync(path.join(root, file));
  if (has('run/treeline-sim/booted')) return 'the simulated boot loader';
  if (loaderInfo(root).startsWith('systemd-boot')) return 'systemd-boot';
  if (grubConfig(root) !== undefined) return 'GRUB';
  if (has('boot/extlinux/extlinux.conf') || has('boot/syslinux/syslinux.cfg')) return 'extlinux';
  if (has('boot/zipl') || has('etc/zipl.conf')) return 'zipl';
  if (has('boot/loader/uEnv.txt')) return 'U-Boot';
  return 'an unknown boot loader';
}

function grubConfig(root: string): string | undefined {
  const vendors = path.join(root, 'boot/efi/EFI');
  const efi = existsSync(vendors) ? readdirSync(vendors).map((vendor) => `boot/efi/EFI/${vendor}/grub.cfg`) : [];
  return ['boot/grub2/grub.cfg', 'boot/grub/grub.cfg', ...efi].map((file) => path.join(root, file)).find((file) => existsSync(file));
}

function readText(file: string): string {
  try {
    return readRegularFile(file).toString();
  } catch {
    return '';
  }
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '/usr/sbin:/usr/bin').split(':').some((folder) => existsSync(path.join(folder, program)));
}

function run(program: string, ...args: string[]): void {
  try {
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 30_000 });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error && Buffer.isBuffer(error.stderr) ? error.stderr.toString().trim() : '';
    throw new TreelineError('internal.unexpected', { subject: program, detail: `${program}: ${said || messageOf(error)}` });
  }
}

function writeOnceFile(file: string, id: string): void {
  atomicFile(file, `${id}\n`);
}
