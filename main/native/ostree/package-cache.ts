// SPDX-License-Identifier: LGPL-2.1-or-later
import { chmodSync, existsSync, rmSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import { headerDigestOf, type RpmPackage } from '../../engine/base/ports/rpm.ts';
import type { CachedPackage, ImportRequest, PackageCache, TreeRoot } from '../../engine/base/ports/compose-store.ts';
import type { ResolvedPackage } from '../../engine/base/ports/resolver.ts';
import { Variant } from '../core/index.ts';
import { checkoutUnion, DevinoCache } from './checkout.ts';
import { importPayload } from './import.ts';
import { packageRef } from './package-ref.ts';
import { prune } from './prune.ts';
import { Repo } from './repo.ts';
import { objectsOf } from './sizes.ts';
import { importObjectFrom, Transaction, writeCommitObject, writeDirectory } from './write.ts';

/** Raised when the same RPM would now become another commit, or is looked at more closely: what an older version took is imported anew. */
const unpackVersion = 2;

/**
 * A `bare` repository: objects carry their real mode and capabilities, and a checkout is hard links to them. It can be made again
 * at any time, so nothing is synced.
 */
export class OstreePackageCache implements PackageCache {
  readonly path: string;
  readonly #repo: Repo;
  readonly #devino = new DevinoCache();
  #refs: Map<string, string> | undefined;

  /** `repo`: a `bare` one that holds other things, too, and stays as it is; default: one of its own. */
  constructor(location: string, repo?: Repo) {
    this.path = location;
    this.#repo = repo ?? openOwn(location);
  }

  get repo(): Repo {
    return this.#repo;
  }

  [Symbol.dispose](): void {
    this.#devino[Symbol.dispose]();
    this.#repo[Symbol.dispose]();
  }

  lookup(pkg: ResolvedPackage): CachedPackage | undefined {
    this.#refs ??= this.#repo.listRefs('rpmostree/pkg');
    const checksum = this.#refs.get(packageRef(pkg));
    const commit = checksum === undefined ? undefined : this.#repo.tryLoadCommit(checksum);
    if (!commit) return undefined;
    const digest = pkg.isLocal
      ? commit.value('rpmostree.metadata_sha256', 's') === pkg.digest.hex
      : commit.value('rpmostree.repodata_checksum', 's') === `${pkg.digest.algorithm}:${pkg.digest.hex}`;
    if (commit.value('rpmostree.unpack_version', 'u') !== unpackVersion || !digest) return undefined;
    return {
      commit: commit.checksum,
      verifiedWith: commit.value('treeline.verified-with', 's') ?? '',
      ima: commit.value('treeline.ima', 'b') === true,
      headerDigest: commit.value('treeline.header-digest', 's') ?? '',
    };
  }

  refresh(): void {
    this.#refs = undefined;
  }

  importPackages(requests: readonly ImportRequest[], header: (path: string) => RpmPackage, imported: (nevra: string) => void): void {
    using transaction = new Transaction(this.#repo);
    for (const { pkg, verifiedWith, ima } of requests) {
      const found = header(pkg.path);
      const root = importPayload(this.#repo, found, ima);
      const commit = writeCommitObject(this.#repo, {
        parent: '',
        subject: pkg.nevra,
        metadata: new Map([...metadataOf(pkg, { verifiedWith, ima, headerDigest: headerDigestOf(found) }), ...this.moreMetadata(found)]),
        root,
        timeSeconds: 0,
      });
      transaction.setRef(packageRef(pkg), commit);
      imported(pkg.nevra);
    }
    transaction.commit();
    this.#refs = undefined;
  }

  /** What else a package's commit says. */
  protected moreMetadata(_pkg: RpmPackage): readonly (readonly [string, Variant])[] {
    return [];
  }

  checkout(commit: string, target: string, wanted?: (path: string) => boolean): void {
    checkoutUnion(this.#repo, { commit, target, devino: this.#devino, ...(wanted ? { wanted } : {}) });
  }

  importCommit(repo: string, checksum: string): void {
    // without its ref it may be half removed
    if (existsSync(this.#refFile(layerRef(checksum))) && this.#repo.tryLoadCommit(checksum)) return this.#touch(layerRef(checksum));
    using source = Repo.open(repo);
    const { rootDirtree: dirtree, rootDirmeta: dirmeta } = source.loadCommit(checksum);
    using transaction = new Transaction(this.#repo);
    for (const { type, checksum: id } of objectsOf(source, { dirtree, dirmeta }))
      if (!this.#repo.hasObject(type, id)) importObjectFrom(this.#repo, source, type, id);
    importObjectFrom(this.#repo, source, 'commit', checksum);
    transaction.setRef(layerRef(checksum), checksum);
    transaction.commit();
  }

  retire(used: readonly ResolvedPackage[], beforeSeconds: number): number {
    for (const pkg of used) this.#touch(packageRef(pkg));
    const refs = [...this.#repo.listRefs()];
    // a ref's file is as old as the last use of what it names
    const old = new Set(refs.filter(([ref]) => statSync(this.#refFile(ref)).mtimeMs / 1000 < beforeSeconds).map(([ref]) => ref));
    if (old.size === 0) return 0;
    for (const ref of old) this.#repo.setRef(ref, null);
    this.#refs = undefined;
    prune(
      this.#repo,
      refs.filter(([ref]) => !old.has(ref)).map(([, checksum]) => checksum),
      false,
    );
    return old.size;
  }

  #refFile(ref: string): string {
    return path.join(this.path, 'refs/heads', ref);
  }

  #touch(ref: string): void {
    const now = new Date();
    utimesSync(this.#refFile(ref), now, now);
  }

  writeDirectory(directory: string, sepolicyRoot?: string): TreeRoot & { readonly cacheHits: number } {
    using transaction = new Transaction(this.#repo);
    const root = writeDirectory(this.#repo, directory, { devino: this.#devino, ...(sepolicyRoot ? { sepolicyRoot } : {}) });
    const { cacheHits } = transaction.commit();
    return { ...root, cacheHits };
  }
}

const layerRef = (checksum: string): string => `treeline/layer/${checksum}`;

function openOwn(location: string): Repo {
  const repo = openOrRemake(location);
  // programs with setuid bits lie in it as packages bring them
  chmodSync(location, 0o700);
  repo.disableFsync(true);
  return repo;
}

/** A cache that can't be opened (interrupted while it was made, or of another mode) is made anew; it holds nothing that can't be had again. */
function openOrRemake(location: string): Repo {
  if (existsSync(path.join(location, 'config'))) {
    try {
      const repo = Repo.open(location);
      if (repo.mode === 'bare') return repo;
      repo[Symbol.dispose]();
    } catch (error) {
      if (!(error instanceof TreelineError) || error.code === 'disk.full') throw error;
    }
  }
  rmSync(location, { recursive: true, force: true });
  return Repo.create(location, 'bare');
}

const repositoryMetadata = ({ repo, digest }: ResolvedPackage): [string, Variant][] => [
  ['rpmostree.repo', new Variant('s', repo)],
  ['rpmostree.repodata_checksum', new Variant('s', `${digest.algorithm}:${digest.hex}`)],
];

function metadataOf(
  pkg: ResolvedPackage,
  { verifiedWith, ima, headerDigest }: Pick<CachedPackage, 'verifiedWith' | 'ima' | 'headerDigest'>,
): Map<string, Variant> {
  return new Map<string, Variant>([
    ['rpmostree.nevra', new Variant('(sstsss)', [pkg.nevra, pkg.name, BigInt(pkg.epoch), pkg.version, pkg.release, pkg.arch])],
    ...(pkg.isLocal ? [] : repositoryMetadata(pkg)),
    ['rpmostree.unpack_version', new Variant('u', unpackVersion)],
    ['treeline.header-digest', new Variant('s', headerDigest)],
    ['treeline.ima', new Variant('b', ima)],
    ['treeline.verified-with', new Variant('s', verifiedWith)],
  ]);
}
