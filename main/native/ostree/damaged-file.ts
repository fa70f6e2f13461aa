// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { keyFileDamage } from './keyfile.ts';

/** A file that libostree must read to load a sysroot, and can't. */
export interface DamagedFile {
  readonly code: 'origin.unreadable' | 'remote.unreadable' | 'remote.duplicate';
  /** Path of the file. */
  readonly subject: string;
  /** What is wrong with it; of a remote that is configured twice, the other file. */
  readonly detail: string;
  /** The remote that is configured twice. */
  readonly key?: string;
}

/** The file that libostree's words on loading a sysroot are about, and what is wrong with it. undefined: they are about something else. */
export function damagedFile(sysroot: string, words: string): DamagedFile | undefined {
  const [, remote] = /Multiple specifications found for remote "([^"]*)"/.exec(words) ?? [];
  if (remote !== undefined) return duplicateRemote(sysroot, remote);
  const origin = damagedOrigin(sysroot, words);
  return origin ? { code: 'origin.unreadable', ...origin } : damagedRemote(sysroot);
}

/** Files that configure remotes: the repository's own, then those of remotes.d in the order of their names (ostree.repo-config(5)). */
function remoteFiles(sysroot: string): string[] {
  const directory = path.join(sysroot, 'etc/ostree/remotes.d');
  const more = names(directory).filter((name) => name.endsWith('.conf'));
  return [path.join(sysroot, 'ostree/repo/config'), ...more.map((name) => path.join(directory, name))];
}

/** libostree doesn't say in which files it found a remote. The first one counts: of the same names in remotes.d and the repository's own file the latter. */
function duplicateRemote(sysroot: string, remote: string): DamagedFile | undefined {
  const [first, second] = remoteFiles(sysroot).filter((file) => remoteSection(file, remote) !== undefined);
  if (first === undefined || second === undefined) return undefined;
  return { code: 'remote.duplicate', subject: second, detail: first, key: remote };
}

/** The lines that a file says about a remote, without blank ones and comments, in order; undefined when it says nothing. */
export function remoteSection(file: string, remote: string): string[] | undefined {
  let lines: string[] | undefined;
  let inside = false;
  for (const line of readText(file)
    .split('\n')
    .map((each) => each.trim())) {
    if (line.startsWith('[')) {
      inside = line === `[remote "${remote}"]`;
      if (inside) lines ??= [];
    } else if (inside && line !== '' && !line.startsWith('#')) lines?.push(line.replace(/\s*=\s*/, '='));
  }
  return lines?.sort();
}

/** Names of all remotes that a file configures. */
export function remotesOf(file: string): string[] {
  return [...readText(file).matchAll(/^\s*\[remote "([^"]*)"\]\s*$/gm)].map((match) => match[1] as string);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** libostree doesn't say which file of remotes.d it means. */
function damagedRemote(sysroot: string): DamagedFile | undefined {
  for (const subject of remoteFiles(sysroot).slice(1)) {
    const detail = damageOf(subject);
    if (detail !== undefined) return { code: 'remote.unreadable', subject, detail };
  }
  return undefined;
}

function damageOf(file: string): string | undefined {
  try {
    if (!statSync(file).isFile()) return undefined; // libostree passes over it
    return keyFileDamage(readFileSync(file));
  } catch (error) {
    return (error as Error).message;
  }
}

function damagedOrigin(sysroot: string, words: string): Pick<DamagedFile, 'subject' | 'detail'> | undefined {
  const named = /Parsing (\S+\.origin): ([^]*)$/.exec(words);
  if (named) return { subject: path.join(sysroot, named[1] as string), detail: named[2] as string };
  // of bytes that are no text, and of what is no file, GLib doesn't say where they are
  const [, why] = /Parsing deployment .*(Invalid UTF-8|Is a directory)/.exec(words) ?? [];
  if (why === undefined) return undefined;
  const subject = originFiles(path.join(sysroot, 'ostree/deploy')).find(why === 'Is a directory' ? isDirectory : isNoText);
  return subject === undefined ? undefined : { subject, detail: why === 'Is a directory' ? 'it is a directory' : 'it isn’t UTF-8 text' };
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

const isDirectory = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;

function isNoText(file: string): boolean {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file)).includes('\0');
  } catch {
    return true;
  }
}
