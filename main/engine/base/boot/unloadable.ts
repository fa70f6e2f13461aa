// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { SysrootPort } from '../ports/sysroot.ts';
import { bootEntries, loaderDamage, loaderLink, type BootEntry } from './boot-entries.ts';

/** Directory of the stateroots. libostree notices changes by its time, and takes 0 for "never looked". */
export const stateroots = (sysroot: string): string => path.join(sysroot, 'ostree/deploy');

/** Deployment directories of a sysroot on the disk, whether anything starts them or not. */
export function deploymentFolders(sysroot: string): string[] {
  return names(stateroots(sysroot)).flatMap((osname) => {
    const folder = path.join(stateroots(sysroot), osname, 'deploy');
    return names(folder)
      .filter((name) => /^[0-9a-f]{64}\.\d+$/.test(name))
      .map((name) => path.join(folder, name));
  });
}

/** Throws `sysroot.no-time`: libostree would end the process. */
export function requireTime(sysroot: string): void {
  const folder = stateroots(sysroot);
  const stat = statSync(folder, { bigint: true, throwIfNoEntry: false });
  if (stat?.mtimeNs === 0n) throw new TreelineError('sysroot.no-time', { subject: folder });
}

/** What libostree's words on why it can't load a sysroot are about: file or entry, as an error that says what to do. */
export function unloadable(sysroot: string, words: string, cause?: unknown): TreelineError {
  const error = (code: TreelineError['code'], subject: string, detail: string): TreelineError =>
    new TreelineError(code, { subject, detail }, { cause });
  if (!existsSync(stateroots(sysroot))) return error('sysroot.invalid', sysroot, words);
  if (/\bboot\/loader\b|bootloader entry not found/.test(words)) {
    const damage = loaderDamage(sysroot);
    if (damage !== undefined) return error('boot.loader-missing', loaderLink(sysroot), damage);
    if (words.includes('entry not found')) return error('boot.entry-missing', path.join(loaderLink(sysroot), 'entries'), words);
  }
  const entry = entryOf(sysroot, words);
  if (entry) return error('boot.entry-unusable', entry.file, words);
  if (/opening repo|ostree\/repo|\bopenat\(config\)/.test(words)) {
    return error('sysroot.unloadable', path.join(sysroot, 'ostree/repo/config'), words);
  }
  return error('sysroot.unloadable', sysroot, words);
}

/** The boot entry that libostree stumbled over; it names at most what the entry leads to. */
function entryOf(sysroot: string, words: string): BootEntry | undefined {
  const entries = bootEntries(sysroot);
  if (/No ostree= kernel argument found/.test(words)) return entries.find(({ target }) => target === undefined);
  const [, target] = /Invalid ostree= argument '([^']*)'|Parsing deployment (\S+) in/.exec(words)?.filter(Boolean) ?? [];
  return target === undefined ? undefined : entries.find((entry) => entry.target === target);
}

/** The directory that a boot entry starts; undefined when it leads nowhere. */
export function entryDirectory(sysroot: string, target: string): string | undefined {
  try {
    return realpathSync(path.join(sysroot, target));
  } catch {
    return undefined;
  }
}

/** True if this process runs in the tree of that directory, as libostree finds it out. */
export function isRunning(directory: string): boolean {
  if (!existsSync('/run/ostree-booted')) return false;
  const [own, root] = [statSync(directory, { throwIfNoEntry: false }), statSync('/')];
  return own !== undefined && own.dev === root.dev && own.ino === root.ino;
}

/**
 * libostree takes a sysroot without boot entries for an empty one, unless it runs from it: trees that lie there then can't be started, nor is
 * anything known of their order.
 */
export function noEntries(sysroot: string, loaded: Pick<SysrootPort, 'deployments'>): TreelineError | undefined {
  const damage = loaderDamage(sysroot);
  if (damage === undefined || deploymentFolders(sysroot).length === 0 || loaded.deployments().length > 0) return undefined;
  return new TreelineError('boot.loader-missing', { subject: loaderLink(sysroot), detail: damage });
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
