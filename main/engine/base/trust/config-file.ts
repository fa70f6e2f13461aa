// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { atomicFile, KeyFile, readRegularFile } from '../../../files/index.ts';

const group = (name: string): string => `remote "${name}"`;

/** Directory of remotes apart from the repository's own configuration: of the booted system, or of the sysroot. */
export const remotesDir = (sysroot: string): string => path.join(sysroot, 'etc/ostree/remotes.d');

/** Where a remote is configured: remotes.d wins, as it does for libostree; undefined when nowhere. */
export function remoteFile(sysroot: string, repo: string, name: string): string | undefined {
  return [...configFiles(remotesDir(sysroot)), path.join(repo, 'config')].find((file) => holds(file, name));
}

function configFiles(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((file) => file.endsWith('.conf'))
      .sort()
      .map((file) => path.join(directory, file));
  } catch {
    return [];
  }
}

function holds(file: string, name: string): boolean {
  try {
    return readRegularFile(file)
      .toString()
      .split('\n')
      .some((line) => line.trim() === `[${group(name)}]`);
  } catch {
    return false;
  }
}

/** Change options of a remote in the file where it stands; undefined removes one. What else the file holds stays, comments too. */
export function editRemoteFile(file: string, name: string, options: Readonly<Record<string, string | undefined>>): void {
  const content = new KeyFile(readRegularFile(file).toString());
  for (const [key, value] of Object.entries(options)) content.set(group(name), key, value);
  atomicFile(file, content.text, { keepAttributes: true });
}

/** Take a remote out of its file; a file of remotes.d that holds nothing else is removed. */
export function removeFromFile(file: string, name: string): void {
  const content = new KeyFile(readRegularFile(file).toString());
  content.removeGroup(group(name));
  if (path.basename(file) !== 'config' && !/^\s*\[/m.test(content.text)) rmSync(file);
  else atomicFile(file, content.text, { keepAttributes: true });
}

/** Keyrings that belong to a remote alone. */
export function keyringFiles(sysroot: string, repo: string, name: string): string[] {
  const names = [`${name}.trustedkeys.gpg`, `${name}.trustedkeys.ed25519`];
  return [repo, remotesDir(sysroot)]
    .flatMap((directory) => names.map((file) => path.join(directory, file)))
    .filter((file) => existsSync(file));
}
