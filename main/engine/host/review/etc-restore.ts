// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  unlinkSync,
  type Stats,
} from 'node:fs';
import type { EtcRestored } from '../../../../shared/domain/index.ts';
import { systemCodeOf, TreelineError } from '../../../../shared/errors/index.ts';
import type { LivePort } from '../../base/ports/live.ts';
import { removeEntry } from '../../base/tree/remove.ts';
import type { SysrootJob } from '../sysroot/actions.ts';
import { driftOf } from './etc-drift.ts';
import type { LocalNode } from './etc-local.ts';
import type { ReviewJobs } from './params.ts';
import { pathNames } from './safe-file.ts';

export interface RestoreContext extends Pick<SysrootJob, 'sysroot' | 'context'> {
  readonly copyOut: LivePort['copyOut'];
  /** Give a file of the running /etc the label that it should have; what went wrong. */
  readonly relabel: (file: string) => string | undefined;
}

const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Job review.restore-etc. The default is copied out of the commit and renamed into the place of what is there, which gets another name beside it first: whoever
 * edits it in this very moment loses nothing. Throws `review.path-refused`, `etc.machines-own`, `etc.no-default`, `etc.not-restored`, `disk.full`.
 */
export function restoreEtc(context: RestoreContext, { osname, path }: ReviewJobs['review.restore-etc']['params']): EtcRestored {
  const names = pathNames(path, false);
  const { merge, etc, entries, defaults, yours } = driftOf(context.sysroot, osname);
  const entry = entries.find((each) => each.path === path);
  const wanted = defaults.get(path);
  if (entry?.machinesOwn) throw new TreelineError('etc.machines-own', { subject: path });
  if (!wanted) throw new TreelineError('etc.no-default', { subject: path });
  // where it is neither different nor there, something on the way is
  if (!entry && yours.has(path)) return { changed: false };
  const open: number[] = [];
  const enter = (at: string): number => {
    const fd = openSync(at, directoryFlags);
    open.push(fd);
    return fd;
  };
  try {
    const above = names.slice(0, -1).reduce((at, name) => enter(`/proc/self/fd/${at}/${name}`), enter(etc));
    const saved = replace(above, names.at(-1) ?? '', wanted, enter, (into) =>
      context.copyOut(merge.checksum, `usr/etc/${path}`, into, true),
    );
    const said = merge.booted ? context.relabel(`/etc/${path}`) : undefined;
    if (said !== undefined) context.context.message(`restorecon failed: ${said}`);
    if (saved === undefined) return { changed: true };
    const savedAs = [...names.slice(0, -1), saved].join('/');
    context.context.message(`What was there is /etc/${savedAs}`);
    return { changed: true, savedAs };
  } catch (error) {
    const code = systemCodeOf(error);
    if (error instanceof TreelineError || code === undefined) throw error;
    throw new TreelineError(
      code === 'ENOSPC' ? 'disk.full' : 'etc.not-restored',
      { subject: path, detail: reasons[code] ?? code },
      { cause: error },
    );
  } finally {
    for (const fd of open) closeSync(fd);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ELOOP: 'a link is on the way',
  ENOTDIR: 'something else than a directory is on the way',
  ENOENT: 'a directory on the way isn’t there any more',
  EBUSY: 'something is mounted there',
  EXDEV: 'something is mounted there',
  EROFS: 'it can’t be written to',
};

/** Returns the name that what was there has now. */
function replace(
  above: number,
  name: string,
  wanted: LocalNode,
  enter: (at: string) => number,
  put: (into: string) => void,
): string | undefined {
  const here = `/proc/self/fd/${above}`;
  const place = `${here}/${name}`;
  const old = lstatSync(place, { throwIfNoEntry: false });
  if (wanted.type === 'directory' && old?.isDirectory()) {
    const fd = enter(place);
    fchownSync(fd, wanted.uid, wanted.gid);
    fchmodSync(fd, wanted.mode);
    return undefined;
  }
  const temporary = mkdtempSync(`${here}/.treeline-`);
  try {
    const inside = enter(temporary);
    requireOwn(fstatSync(inside), name);
    const made = `/proc/self/fd/${inside}/${name}`;
    put(wanted.type === 'directory' ? made : `/proc/self/fd/${inside}`);
    if (wanted.type === 'file') flush(made);
    const saved = old && setAside(here, name, old);
    // no directory takes the place of a file
    const twoNames = old !== undefined && !old.isDirectory() && wanted.type !== 'directory';
    if (old && !old.isDirectory() && !twoNames) unlinkSync(place);
    try {
      renameSync(made, place);
    } catch (error) {
      if (saved !== undefined && twoNames) unlinkSync(`${here}/${saved}`);
      else if (saved !== undefined) renameSync(`${here}/${saved}`, place);
      throw error;
    }
    fsyncSync(above);
    return saved;
  } finally {
    removeEntry(temporary);
  }
}

/** Whoever may write to the directory above could have put another one there. */
function requireOwn({ uid, mode }: Stats, name: string): void {
  if (uid !== process.geteuid?.() || (mode & 0o077) !== 0)
    throw new TreelineError('etc.not-restored', { subject: name, detail: 'somebody changes the directory meanwhile' });
}

function flush(file: string): void {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Give it another name that is free, by which programs that read whole directories of settings know that they aren't meant: rpm's. A file has both names until the
 * default takes the first one.
 */
function setAside(here: string, name: string, old: Stats): string {
  for (let number = 1; ; number++) {
    const saved = `${name}${number === 1 ? '' : `.${number}`}.rpmsave`;
    try {
      if (old.isDirectory()) {
        // an empty one is taken by the renaming
        mkdirSync(`${here}/${saved}`, 0o700);
        renameSync(`${here}/${name}`, `${here}/${saved}`);
      } else linkSync(`${here}/${name}`, `${here}/${saved}`);
      return saved;
    } catch (error) {
      if (systemCodeOf(error) !== 'EEXIST') throw error;
    }
  }
}
