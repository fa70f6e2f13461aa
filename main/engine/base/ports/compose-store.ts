// SPDX-License-Identifier: LGPL-2.1-or-later
import type { GVariantOf } from './gvariant-types.ts';
import type { ResolvedPackage } from './resolver.ts';
import type { RpmPackage } from './rpm.ts';
import type { CommitPort } from './sysroot.ts';

export interface GpgKey {
  readonly keyId: string;
  readonly homedir?: string;
}

/** The two checksums that a tree's root is. */
export interface TreeRoot {
  readonly dirtree: string;
  readonly dirmeta: string;
}

/** What publishing a tree wrote. */
export interface Published {
  /** The commit's. */
  readonly checksum: string;
  /** Of the tree and its commit; `written`: weren't in the repository before. */
  readonly metadataTotal: number;
  readonly metadataWritten: number;
  readonly contentTotal: number;
  readonly contentWritten: number;
  readonly contentBytesWritten: number;
}

/** A package as the cache repository holds it. */
export interface CachedPackage {
  /** Its commit below `rpmostree/pkg/`. */
  readonly commit: string;
  /** Fingerprint of the keys its signature was verified with; '' if it wasn't. */
  readonly verifiedWith: string;
  /** Its files carry their IMA signatures. */
  readonly ima: boolean;
  /** Hex SHA-256 of the header that was verified and imported. */
  readonly headerDigest: string;
}

/** One package to import. */
export interface ImportRequest {
  readonly pkg: ResolvedPackage;
  readonly verifiedWith: string;
  /** Keep the files' IMA signatures as security.ima. */
  readonly ima: boolean;
}

/** The disposable repository of imported packages, in which trees are assembled by hard links. */
export interface PackageCache extends Disposable {
  readonly path: string;
  /** The commit of exactly this package file (same digest), if it was imported before. */
  lookup(pkg: ResolvedPackage): CachedPackage | undefined;
  /** Look again: another process imported packages. */
  refresh(): void;
  /** Import packages in one transaction. Throws package.corrupt, package.unsupported. */
  importPackages(requests: readonly ImportRequest[], header: (path: string) => RpmPackage, imported: (nevra: string) => void): void;
  /** Check packages out over `target` by hard links. `wanted` is asked for each path when given. */
  checkout(commit: string, target: string, wanted?: (path: string) => boolean): void;
  /** Copy a commit with all that it holds out of another repository, so that it can be checked out. Throws repo.corrupt when it isn't whole. */
  importCommit(repo: string, checksum: string): void;
  /** Note that these packages were used now, and remove packages and layers that nothing used since (Unix seconds). Returns how many went. */
  retire(used: readonly ResolvedPackage[], beforeSeconds: number): number;
  /** Store an assembled directory; unchanged hard links aren't read again. `sepolicyRoot`: label by the policy in that tree. */
  writeDirectory(directory: string, sepolicyRoot?: string): TreeRoot & { readonly cacheHits: number };
}

/** A sysroot's repository, in which packages of layers are kept as well (`rpmostree/pkg/`, as rpm-ostree names them) and layers are put together. */
export interface LayerStore extends Pick<
  PackageCache,
  keyof Disposable | 'path' | 'lookup' | 'refresh' | 'importPackages' | 'checkout' | 'writeDirectory'
> {
  /** Lead, signature and header of an imported package, which is a package file without its payload; undefined when its commit hasn't them. */
  headerOf(commit: string): Buffer | undefined;
  /** Hex SHA-256 of a package file's lead, signature and header: rpmostree.metadata_sha256, by which origins name it. */
  headSha256(pkg: RpmPackage): string;
  /** headerOf() of a package that somebody brought; undefined when the repository hasn't got exactly it, as this version keeps it. */
  localPackage(nevra: string, sha256: string): Buffer | undefined;
  /** What a directory of a commit holds, by hard links into one that is there: for reading. False: the commit has no such directory. */
  linkPart(commit: string, part: string, target: string): boolean;
  loadCommit(checksum: string): CommitPort;
  tryLoadCommit(checksum: string): CommitPort | undefined;
  /** A typed value for a layer's metadata, in this machine's byte order, as rpm-ostree's client writes and reads it. */
  variant(type: string, value: unknown): unknown;
  /** Write the commit of a tree that writeDirectory() stored, on top of `base`. Returns its checksum; no ref names it. */
  writeLayer(layer: {
    readonly base: string;
    readonly metadata: ReadonlyMap<string, unknown>;
    readonly root: TreeRoot;
    readonly timeSeconds: number;
  }): string;
}

export interface CommitRequest {
  /** '': no branch is pointed at the commit, and the summary stays as it is. */
  readonly ref: string;
  readonly parent: string;
  readonly subject: string;
  /** a{sv} values are main/native's Variant; built by `variant()` of the store. */
  readonly metadata: ReadonlyMap<string, unknown>;
  /** Detached metadata, a{sv} like the other: beside the commit, without a part in its checksum. */
  readonly detached?: ReadonlyMap<string, unknown>;
  readonly root: TreeRoot;
  readonly timeSeconds: number;
  readonly signing: Signing;
  /** Commits whose clients are told how much they lack (`treeline.gaps`). */
  readonly ancestors: readonly string[];
  /** Directories (without leading slash) in which files are told with their sizes (`treeline.files`), and which of them. */
  readonly toldFiles: { readonly directories: readonly string[]; readonly wanted: (path: string) => boolean };
  /** `ostree.sizes`, too. */
  readonly generateSizes: boolean;
  /** Write static deltas to the commit from this many commits before it. */
  readonly staticDeltas: number;
}

/** Keys to sign with, each of them. */
export interface Signing {
  readonly gpg?: readonly GpgKey[];
  /** Base64 of ed25519 secret keys, as `ostree sign` takes them. */
  readonly ed25519?: readonly string[];
}

export interface PreviousCommit {
  readonly checksum: string;
  readonly version: string;
  readonly inputhash: string;
  /** Rows of rpmostree.rpmdb.pkglist. */
  readonly pkglist: readonly (readonly string[])[];
  readonly timestamp: number;
  /** '' for a first commit. */
  readonly parent: string;
  /** A metadata key's value, undefined if missing or of another GVariant type. */
  value<const S extends string>(key: string, type: S): GVariantOf<S> | undefined;
}

/** The repository that a compose publishes into. */
export interface TargetRepo extends Disposable {
  readonly path: string;
  /** What a ref or checksum stands for; undefined if there is none. */
  previous(revision: string): PreviousCommit | undefined;
  /** Copy a file or directory of a commit to `target`; false when the commit doesn't have it. */
  extract(checksum: string, subpath: string, target: string): boolean;
  /**
   * In one transaction: copy the tree's objects that are missing from the cache, add sizes (see commit-sizes.ts), write the commit, sign it, set the
   * ref. Then the summary. Nothing is visible if any of it fails.
   */
  publish(cache: PackageCache, request: CommitRequest, progress: (done: number, total: number) => void): Published;
}

export interface ComposeStore {
  /** A typed value for commit metadata, its numbers in network order as rpm-ostree composes them; `type` is a GVariant type string. */
  variant(type: string, value: unknown): unknown;
  openCache(path: string): PackageCache;
  /** Throws repo.open. */
  openTarget(path: string): TargetRepo;
  /** Make an archive repository. Throws repo.open. */
  createTarget(path: string): TargetRepo;
  /** Name of the SELinux policy in a tree. */
  sepolicyName(root: string): string | undefined;
}

/** What the kernel gives: overlays, attributes, descriptors, filters. */
export interface SystemPort {
  /** All writes below `merged` go to `upper`; gone with the process. Throws compose.sandbox. */
  mountOverlay(paths: { lower: string; upper: string; work: string; merged: string }): Disposable;
  getAttribute(path: string, name: string): Buffer | undefined;
  setAttribute(path: string, name: string, value: Buffer): void;
  /** Remove the extended attributes whose names begin with one of the prefixes. */
  removeAttributes(path: string, prefixes: readonly string[]): void;
  /** Hold a directory that is no link by a descriptor; undefined when there is none. Close it with closeSync(). */
  holdDirectory(path: string): number | undefined;
  /** The same for one beneath a held one: no link is followed on the way. */
  holdBeneath(directory: number, path: string): number | undefined;
  /** Programs started from now on inherit the descriptors that they are given, and no others. */
  sealDescriptors(): void;
  /** Write the seccomp program for programs that run on a tree to a descriptor. Throws compose.sandbox, library.missing. */
  writeScriptFilter(fd: number): void;
}
