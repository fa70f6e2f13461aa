import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface DamagedOrigin {
  /** Path of the file. */
  readonly subject: string;
  readonly detail: string;
}

/** The origin file that libostree's words on loading a sysroot are about, and what is wrong with it. undefined: they are about something else. */
export function damagedOrigin(sysroot: string, words: string): DamagedOrigin | undefined {
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
