// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { systemCodeOf } from '../../../../shared/errors/index.ts';
import { readRegularFile } from '../../../files/index.ts';

/** A boot entry as libostree writes them (Boot Loader Specification, type 1). */
export interface BootEntry {
  readonly file: string;
  /** Key -> value; of several lines of a key the last one. */
  readonly config: Readonly<Record<string, string>>;
  /** Value of `ostree=` among the kernel arguments: /ostree/boot.N/OSNAME/BOOTCHECKSUM/SERIAL. */
  readonly target?: string;
}

/** Where the boot entries of a sysroot should be found. */
export const loaderLink = (sysroot: string): string => path.join(sysroot, 'boot/loader');

/** The entries that `boot/loader` leads to, default first; [] when it leads nowhere. */
export function bootEntries(sysroot: string): BootEntry[] {
  return entriesIn(path.join(loaderLink(sysroot), 'entries'));
}

/** Those of a directory, highest version first, as libostree sorts them. */
export function entriesIn(folder: string): BootEntry[] {
  const entries = names(folder)
    .filter((name) => name.startsWith('ostree-') && name.endsWith('.conf'))
    .flatMap((name) => {
      const entry = readEntry(path.join(folder, name));
      return entry ? [entry] : [];
    });
  return entries.sort((a, b) => Number(b.config['version'] ?? 0) - Number(a.config['version'] ?? 0));
}

function readEntry(file: string): BootEntry | undefined {
  let text: string;
  try {
    text = readRegularFile(file).toString();
  } catch {
    return undefined;
  }
  const pairs = [...text.matchAll(/^([a-z][a-z-]*)[ \t]+(.*)$/gm)].map((match) => [match[1] ?? '', match[2]?.trim() ?? ''] as const);
  const config: Record<string, string> = Object.fromEntries(pairs);
  const target = ostreeArgument(config['options'] ?? '');
  return { file, config, ...(target === undefined ? {} : { target }) };
}

/** `ostree=` of a kernel command line. */
export function ostreeArgument(commandLine: string): string | undefined {
  return /(?:^|\s)ostree=(\S+)/.exec(commandLine)?.[1];
}

/** OSNAME, boot checksum and serial that an `ostree=` names; undefined for anything else. */
export function parseTarget(
  target: string,
): { readonly osname: string; readonly bootChecksum: string; readonly bootSerial: number } | undefined {
  const [, osname, bootChecksum, serial] = /^\/ostree\/boot\.[01]\/([^/]+)\/([^/]+)\/(\d+)$/.exec(target) ?? [];
  return osname === undefined || bootChecksum === undefined ? undefined : { osname, bootChecksum, bootSerial: Number(serial) };
}

/** Directories that boot/loader may lead to, which hold entries of ours: `loader.0`, `loader.1`. */
export function loadersWithEntries(sysroot: string): string[] {
  return ['loader.0', 'loader.1'].filter((name) => entriesIn(path.join(sysroot, 'boot', name, 'entries')).length > 0);
}

/** What is wrong with boot/loader, undefined for nothing. */
export function loaderDamage(sysroot: string): string | undefined {
  let leadsTo: string;
  try {
    leadsTo = readlinkSync(loaderLink(sysroot));
  } catch (error) {
    if (systemCodeOf(error) === 'EINVAL') return 'it is no link';
    return existsSync(path.join(sysroot, 'boot/ostree'))
      ? 'it is missing'
      : 'it is missing, and /boot holds nothing of this system: is /boot mounted?';
  }
  if (!/^loader\.[01]$/.test(leadsTo)) return `it leads to “${leadsTo}”`;
  return existsSync(loaderLink(sysroot)) ? undefined : `it leads to “${leadsTo}”, which is missing`;
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
