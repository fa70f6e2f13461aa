// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { TreelineError, systemCodeOf } from '../../../../shared/errors/index.ts';
import { pathOnly, typeOf } from './etc-local.ts';
import type { SideSource } from './file-side.ts';

/** The names of a path below some directory. Throws `review.path-refused` for what leads out of it or is no path. */
export function pathNames(given: string, absolute: boolean): string[] {
  const refuse = (detail: string): never => {
    throw new TreelineError('review.path-refused', { subject: given, detail });
  };
  if (given.includes('\0')) refuse('it holds a NUL character');
  if (path.isAbsolute(given) !== absolute) refuse(absolute ? 'it doesn’t begin with “/”' : 'it begins with “/”');
  const names = given.split('/').slice(absolute ? 1 : 0);
  if (names.length === 0 || names.some((name) => name === '' || name === '.' || name === '..'))
    refuse('a part of it is empty, “.” or “..”');
  return names;
}

/**
 * What is at a path below `root`, without following any link on the way, whoever changes what meanwhile: each directory is opened
 * relative to the one before (through /proc/self/fd) with O_NOFOLLOW. undefined when there is nothing, or when a part is a link.
 */
export function openBelow(root: string, names: readonly string[]): SideSource | undefined {
  const open: number[] = [];
  const enter = (at: string, flags: number): number => {
    const fd = openSync(at, pathOnly | constants.O_NOFOLLOW | flags);
    open.push(fd);
    return fd;
  };
  try {
    let directory = enter(root, constants.O_DIRECTORY);
    let everybody = true;
    const parents = names.slice(0, -1);
    const last = names.at(-1) ?? '.';
    for (const name of parents) {
      directory = enter(`/proc/self/fd/${directory}/${name}`, constants.O_DIRECTORY);
      if ((fstatSync(directory).mode & 0o001) === 0) everybody = false;
    }
    const place = `/proc/self/fd/${directory}/${last}`;
    const fd = enter(place, 0);
    const stat = fstatSync(fd);
    const type = typeOf(stat);
    return {
      type,
      mode: stat.mode & 0o7777,
      sizeBytes: type === 'file' ? stat.size : 0,
      forEverybody: everybody && (type !== 'file' || (stat.mode & 0o004) !== 0),
      ...(type === 'symlink' ? { linkTarget: readlinkSync(place) } : {}),
      content: (upToBytes) => (stat.size > upToBytes ? undefined : readFileSync(`/proc/self/fd/${fd}`)),
      close: () => open.forEach((each) => closeSync(each)),
    };
  } catch (error) {
    for (const fd of open) closeSync(fd);
    const code = systemCodeOf(error);
    // ELOOP, ENOTDIR: a link or a file where a directory was asked for
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    throw new TreelineError('review.unreadable', { subject: names.join('/'), detail: code ?? String(error) }, { cause: error });
  }
}
