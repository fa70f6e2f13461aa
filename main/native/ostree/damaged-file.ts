// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { keyFileDamage } from './keyfile.ts';

/** A file that libostree must read to load a sysroot, and can't. */
export interface DamagedFile {
  readonly code: 'origin.unreadable' | 'remote.unreadable';
  /** Path of the file. */
  readonly subject: string;
  readonly detail: string;
}

/** The file that libostree's words on loading a sysroot are about, and what is wrong with it. undefined: they are about something else. */
export function damagedFile(sysroot: string, words: string): DamagedFile | undefined {
  const origin = damagedOrigin(sysroot, words);
  return origin ? { code: 'origin.unreadable', ...origin } : damagedRemote(sysroot);
}

/** libostree doesn't say which file of remotes.d it means. */
function damagedRemote(sysroot: string): DamagedFile | undefined {
  const directory = path.join(sysroot, 'etc/ostree/remotes.d');
  for (const name of names(directory)) {
    if (!name.endsWith('.conf')) continue;
    const subject = path.join(directory, name);
    const detail = damageOf(subject);
    if (detail !== undefined) return { code: 'remote.unreadable', subject, detail };
  }
  return undefined;
}

function damageOf(file: string): string | undefined {
  try {
    return keyFileDamage(readFileSync(file));
  } catch (error) {
    return (error as Error).message;
  }
}

function damagedOrigin(sysroot: string, words: string): Pick<DamagedFile, 'subject' | 'detail'> | undefined {
  const named = /Parsing (\S+\.origin): ([^]*)$/.exec(words);
  if (named) return { subject: path.join(sysroot, named[1] as string), detail: named[2] as string };
  // of bytes that are no text GLib doesn't say in which file they are
  if (!/Parsing deployment .*Invalid UTF-8/.test(words)) return undefined;
  const subject = originFiles(path.join(sysroot, 'ostree/deploy')).find(isNoText);
  return subject === undefined ? undefined : { subject, detail: 'it isn’t UTF-8 text' };
}

function originFiles(stateroots: string): string[] {
  return names(stateroots).flatMap((osname) => {
    const folder = path.join(stateroots, osname, 'deploy');
    return names(folder)
      .filter((name) => name.endsWith('.origin'))
      .map((name) => path.join(folder, name));
  });
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function isNoText(file: string): boolean {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file)).includes('\0');
  } catch {
    return true;
  }
}
