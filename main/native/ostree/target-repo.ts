// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { CommitRequest, PackageCache, PreviousCommit, Published, TargetRepo } from '../../engine/base/ports/compose-store.ts';
import { ancestorsInRepo } from '../../engine/base/commits/ancestors.ts';
import { checkoutSubpath } from './checkout.ts';
import type { Commit } from './commit.ts';
import { generateRepoDelta } from './deltas.ts';
import { OstreePackageCache } from './package-cache.ts';
import { addDetachedMetadata, signCommitObject, writeSummary } from './publish.ts';
import { Repo } from './repo.ts';
import { looseSize, objectsOf, type TreeObject } from './sizes.ts';
import { tellSizes } from './tell-sizes.ts';
import { importObjectFrom, Transaction, writeCommitObject } from './write.ts';

export class OstreeTargetRepo implements TargetRepo {
  readonly path: string;
  readonly #repo: Repo;

  constructor(path: string) {
    this.path = path;
    this.#repo = Repo.open(path);
    this.#repo.requireWritable();
  }

  [Symbol.dispose](): void {
    this.#repo[Symbol.dispose]();
  }

  previous(revision: string): PreviousCommit | undefined {
    const checksum = this.#repo.tryResolveRev(revision);
    const commit = checksum === undefined ? undefined : this.#repo.tryLoadCommit(checksum);
    return commit && previousOf(commit);
  }

  extract(checksum: string, subpath: string, target: string): boolean {
    mkdirSync(target, { recursive: true });
    return checkoutSubpath(this.#repo, checksum, subpath, target);
  }

  publish(cache: PackageCache, request: CommitRequest, progress: (done: number, total: number) => void): Published {
    if (!(cache instanceof OstreePackageCache)) throw new TypeError('not a cache of this store');
    const objects = objectsOf(cache.repo, request.root);
    let checksum: string;
    let contentBytesWritten: number;
    const written: TreeObject[] = [];
    const before = stagingDirectories(this.path);
    try {
      using transaction = new Transaction(this.#repo);
      objects.forEach((object, i) => {
        const { type, checksum: id } = object;
        if (looseSize(this.#repo, object) === undefined && !this.#repo.hasObject(type, id)) {
          importObjectFrom(this.#repo, cache.repo, type, id);
          written.push(object);
        }
        if (i % 64 === 0) progress(i, objects.length);
      });
      const metadata = new Map(request.metadata);
      if (this.#repo.mode === 'archive')
        for (const [key, value] of tellSizes(this.#repo, cache.repo, request, objects)) metadata.set(key, value);
      checksum = writeCommitObject(this.#repo, { ...request, metadata });
      if (request.detached && request.detached.size > 0) addDetachedMetadata(this.#repo, checksum, request.detached);
      signCommitObject(this.#repo, checksum, request.signing);
      if (request.ref !== '') transaction.setRef(request.ref, checksum);
      ({ contentBytesWritten } = transaction.commit());
    } catch (error) {
      removeStaging(this.path, before);
      throw fullDisk(error, this.path);
    }
    // the ref has moved: whatever becomes of the deltas, the summary says so
    try {
      this.#writeDeltas(checksum, request.staticDeltas);
    } finally {
      if (request.ref !== '') writeSummary(this.#repo, request.signing);
    }
    progress(objects.length, objects.length);
    const files = (list: readonly TreeObject[]): number => list.filter(({ type }) => type === 'file').length;
    return {
      checksum,
      // and the commit, which is always new
      metadataTotal: objects.length - files(objects) + 1,
      metadataWritten: written.length - files(written) + 1,
      contentTotal: files(objects),
      contentWritten: files(written),
      contentBytesWritten,
    };
  }

  /** From up to `count` commits before `checksum`, as far as the repository keeps them whole. */
  #writeDeltas(checksum: string, count: number): void {
    for (const from of ancestorsInRepo(this.#repo, checksum, count)) generateRepoDelta(this.#repo, from, checksum);
  }
}

const stagingDirectories = (repo: string): string[] =>
  readdirSync(join(repo, 'tmp')).filter((name) => name.startsWith('staging-') && !name.endsWith('-lock'));

/** An aborted transaction leaves its staging directory for the next one; a full disk wants it back at once. Those in use have a lock file. */
function removeStaging(repo: string, before: readonly string[]): void {
  for (const name of stagingDirectories(repo))
    if (!before.includes(name) && !existsSync(join(repo, 'tmp', `${name}-lock`)))
      rmSync(join(repo, 'tmp', name), { recursive: true, force: true });
}

/** Where the space ran out matters more than which call noticed. */
function fullDisk(error: unknown, path: string): unknown {
  if (!(error instanceof TreelineError) || error.code !== 'disk.full') return error;
  return new TreelineError('disk.full', { ...error.report, subject: path }, { cause: error });
}

function previousOf(commit: Commit): PreviousCommit {
  return {
    checksum: commit.checksum,
    parent: commit.parent,
    version: commit.version,
    inputhash: commit.value('rpmostree.inputhash', 's') ?? '',
    pkglist: (commit.value('rpmostree.rpmdb.pkglist', 'a(sssss)') as unknown as string[][] | undefined) ?? [],
    timestamp: commit.timestamp,
    value: (key, type) => commit.value(key, type),
  };
}
