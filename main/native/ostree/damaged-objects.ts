// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, lstatSync, rmSync, type Stats } from 'node:fs';
import path from 'node:path';
import type { DamagedObject, ObjectKind } from '../../engine/base/ports/sysroot.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { bindChecked, Ptr } from '../core/index.ts';
import { ostreeError } from './errors.ts';
import { verifyObject } from './object-file.ts';
import type { Repo } from './repo.ts';

// since 2017.15
const markPartial = bindChecked('ostree', 'ostree_repo_mark_commit_partial', 'int', [Ptr, 'str', 'int'], ostreeError);

/**
 * Which objects of these commits are missing, or don't hold what their names say (ostree_repo_fsck_object). Directories, their attributes and the commits
 * are all hashed. Files are all looked for, and hashed where nothing has them checked out (one link) and they weren't written since `sinceMs` (ms
 * since 1970): what was imported since then was hashed on the way. Files with more links belong to deployments, which run with them as they are;
 * hashing the whole system for each update would take minutes. In a repository whose checkouts are copies (not bare) every file has one link, so
 * all are hashed. What lies below a damaged directory isn't known, and left out.
 */
export function damagedObjects(repo: Repo, commits: readonly string[], sinceMs: number): readonly DamagedObject[] {
  const untilMs = Date.now();
  const fileEnd = repo.mode === 'archive' ? 'filez' : 'file';
  const seen = new Set<string>();
  const damaged: DamagedObject[] = [];

  /** True: it is whole, and wasn't looked at before. */
  const look = (type: ObjectKind, checksum: string, at: string): boolean => {
    const name = `${checksum}.${type}`;
    if (seen.has(name)) return false;
    seen.add(name);
    const detail = damageOf(type, checksum);
    if (detail !== undefined) damaged.push({ type, checksum, path: at, detail });
    return detail === undefined;
  };
  const damageOf = (type: ObjectKind, checksum: string): string | undefined => {
    try {
      const file = looseFile(repo, type === 'file' ? fileEnd : type, checksum);
      const stats = lstatSync(file, { throwIfNoEntry: false });
      // another repository may be this one's parent
      if (!stats && !repo.hasObject(type, checksum)) return 'it is missing';
      // libostree takes an empty file for a mistake of its caller
      if (stats?.size === 0 && !(type === 'file' && fileEnd === 'file')) return 'it is empty';
      if (type !== 'file' || (stats && isUnproven(stats))) verifyObject(repo, type, checksum);
      return undefined;
    } catch (error) {
      const words = error instanceof TreelineError ? (error.report.detail ?? error.message) : (error as Error).message;
      return words.replace(`fsck ${checksum}.${type}: `, '');
    }
  };
  // a time to come is that of a clock which was wrong, not of this job
  const isUnproven = ({ nlink, ctimeMs }: Stats): boolean => nlink === 1 && !(ctimeMs >= sinceMs && ctimeMs <= untilMs);

  const visit = (dirtree: string, at: string): void => {
    if (!look('dirtree', dirtree, at || '/')) return;
    const [files, directories] = repo.loadMetadata('dirtree', dirtree);
    for (const [name, checksum] of files) look('file', checksum.toString('hex'), `${at}/${name}`);
    for (const [name, contents, meta] of directories) {
      look('dirmeta', meta.toString('hex'), `${at}/${name}`);
      visit(contents.toString('hex'), `${at}/${name}`);
    }
  };
  for (const commit of commits.filter((each) => look('commit', each, ''))) {
    const { rootDirmeta, rootDirtree } = repo.loadCommit(commit);
    look('dirmeta', rootDirmeta, '/');
    visit(rootDirtree, '');
  }
  return damaged;
}

/**
 * Remove damaged objects, so that they are fetched anew. The commits that may have them count as incomplete from then on, as after
 * `ostree fsck --delete`; afterwards `complete` takes that back.
 */
export function removeDamaged(repo: Repo, damaged: readonly DamagedObject[], commits: readonly string[]): { complete(): void } {
  const isPartial = (checksum: string): boolean => existsSync(path.join(repo.path, 'state', `${checksum}.commitpartial`));
  const marked = commits.filter((checksum) => repo.hasObject('commit', checksum) && !isPartial(checksum));
  for (const checksum of marked) markPartial(repo.pointer, checksum, 1);
  for (const { type, checksum } of damaged)
    rmSync(looseFile(repo, type === 'file' && repo.mode === 'archive' ? 'filez' : type, checksum), { force: true });
  return {
    complete() {
      for (const checksum of marked) markPartial(repo.pointer, checksum, 0);
    },
  };
}

/** No path.join: it is called for every file of a system. */
const looseFile = (repo: Repo, end: string, checksum: string): string =>
  `${repo.path}/objects/${checksum.slice(0, 2)}/${checksum.slice(2)}.${end}`;
