// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import path from 'node:path';

const moved = ['bin', 'sbin', 'lib', 'lib64', 'lib32', 'libx32'];

export const isLink = (file: string): boolean => lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;

/** Move /bin, /sbin, /lib* below /usr, as Debian's systems have it; links keep pointing at what they pointed at. */
export function mergeUsr(root: string): void {
  for (const name of moved) {
    const from = path.join(root, name);
    if (!existsSync(from) || isLink(from)) continue;
    merge(root, from, path.join(root, 'usr', name));
    rmSync(from, { recursive: true });
  }
}

function merge(root: string, from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    const source = path.join(from, name);
    const target = path.join(to, name);
    const stats = lstatSync(source);
    if (stats.isDirectory()) {
      merge(root, source, target);
      chmodSync(target, stats.mode & 0o7777);
    } else if (stats.isSymbolicLink()) {
      // /sbin/x -> /usr/sbin/x: a link for old names, which falls onto what it points at
      if (!existsSync(target) && !isLink(target)) symlinkSync(retarget(root, from, to, readlinkSync(source)), target);
    } else {
      if (isLink(target)) unlinkSync(target);
      renameSync(source, target);
    }
  }
}

function retarget(root: string, from: string, to: string, link: string): string {
  if (link.startsWith('/')) return link;
  const place = path.join('/', path.relative(root, from));
  const absolute = path.resolve(place, link).replace(/^\/(bin|sbin|lib|lib64)(?=\/|$)/, '/usr/$1');
  return path.relative(path.join('/', path.relative(root, to)), absolute);
}
