// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import { MediumDirectory } from '../../engine/base/tree/medium-directory.ts';
import { Repo } from './repo.ts';

const prefix = 'view-';
const mostNames = 1_000_000;
const objectName = /^[0-9a-f]{62}\.(?:commit|commitmeta|dirtree|dirmeta|filez)$/;

/**
 * What an unprivileged process fetched, as root may look at it. Everything in the fetching user's directory may be a link to anywhere, a fifo or
 * a device, and may be exchanged at any time; libostree opens files by name and follows links, and errors quote what it found in them. So a
 * directory of our own is made beside, with a configuration of our own and hard links to the objects that are regular files of the directory's
 * owner: what a hard link leads to stays a regular file whatever happens to the other names. Content isn't believed: checksums are.
 */
export class FetchedView implements Disposable {
  readonly path: string;

  /** `parent`: the repository in which objects are looked for besides. Throws the system's errors; a directory that isn't there is an empty repository. */
  constructor(fetched: string, parent: string | undefined) {
    const above = path.dirname(fetched);
    mkdirSync(above, { recursive: true, mode: 0o755 });
    removeLeftovers(above);
    this.path = mkdtempSync(path.join(above, `${prefix}${process.pid}-`));
    try {
      for (const name of ['objects', 'tmp', 'state', 'extensions', 'refs/heads', 'refs/mirrors', 'refs/remotes'])
        mkdirSync(path.join(this.path, name), { recursive: true });
      const more = parent === undefined ? '' : `parent=${parent}\n`;
      writeFileSync(path.join(this.path, 'config'), `[core]\nrepo_version=1\nmode=archive-z2\n${more}`);
      using source = MediumDirectory.open(path.resolve(fetched));
      const owner = lstatSync(fetched, { throwIfNoEntry: false })?.uid;
      if (!source || owner === undefined) return;
      this.#linkObjects(source, owner);
      this.#copyPartial(source);
      using refs = source.descend('refs/remotes');
      if (refs) this.#copyRefs(refs, path.join(this.path, 'refs/remotes'), 0);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  #linkObjects(source: MediumDirectory, owner: number): void {
    using objects = source.child('objects');
    if (!objects) return;
    for (const { name: two, directory } of objects.list(mostNames)) {
      if (!directory || !/^[0-9a-f]{2}$/.test(two)) continue;
      using lot = objects.child(two);
      const target = path.join(this.path, 'objects', two);
      let made = false;
      for (const { name, file } of lot?.list(mostNames) ?? []) {
        if (!file || !objectName.test(name)) continue;
        if (!made) mkdirSync(target);
        made = true;
        const link = path.join(target, name);
        try {
          // link(2) doesn't follow a link in the last place
          linkSync((lot as MediumDirectory).pathOf(name), link);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
          throw error;
        }
        const stat = lstatSync(link);
        // a name of somebody else's file isn't the fetching user's to give
        if (!stat.isFile() || stat.uid !== owner) rmSync(link);
      }
    }
  }

  /** Which commits lack something: only the names count. */
  #copyPartial(source: MediumDirectory): void {
    using state = source.child('state');
    for (const { name, file } of state?.list(mostNames) ?? [])
      if (file && /^[0-9a-f]{64}\.commitpartial$/.test(name)) writeFileSync(path.join(this.path, 'state', name), '');
  }

  #copyRefs(from: MediumDirectory, to: string, depth: number): void {
    if (depth > 16) return;
    for (const { name, directory, file } of from.list(10_000)) {
      if (directory) {
        using below = from.child(name);
        mkdirSync(path.join(to, name), { recursive: true });
        if (below) this.#copyRefs(below, path.join(to, name), depth + 1);
      } else if (file) {
        const checksum = from.read(name, 200)?.toString('latin1').trim() ?? '';
        if (/^[0-9a-f]{64}$/.test(checksum)) writeFileSync(path.join(to, name), `${checksum}\n`);
      }
    }
  }
}

/** Of processes that were killed: what they link to would keep its space. */
function removeLeftovers(above: string): void {
  for (const name of readdirSync(above)) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(path.join(above, name), { recursive: true, force: true });
  }
}

function viewOf(fetched: string, parent: string): FetchedView | undefined {
  try {
    return new FetchedView(fetched, parent);
  } catch (error) {
    if (process.getuid?.() !== 0 && ['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/**
 * A view opened as a repository; gone when it is closed. Who isn't root and may not write there opens it as it is: the rights are no more than
 * those of the reader. Throws `repo.open`.
 */
export function openFetched(fetched: string, parent: string): Repo & Disposable {
  if (!existsSync(path.join(fetched, 'objects')))
    throw new TreelineError('repo.open', { subject: fetched, detail: 'nothing was fetched yet' });
  const view = viewOf(fetched, parent);
  if (!view) return Repo.open(fetched);
  try {
    return Repo.open(view.path, () => view[Symbol.dispose]());
  } catch (error) {
    view[Symbol.dispose]();
    throw error;
  }
}
