// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Signature } from '../../../../shared/domain/index.ts';
import type { Signing } from './compose-store.ts';
import type { PullRequest } from './pull.ts';
import type { ObjectKind, RepoPort } from './sysroot.ts';

/** Take the exclusive lock of a file, or say who holds it; `words` tell others who has it. */
export type FileLock = (file: string, words: string) => Disposable | { readonly holder: string };

export interface PruneOutcome {
  readonly objectsTotal: number;
  readonly objectsPruned: number;
  readonly bytes: number;
}

/** What a static delta's directory holds, as the repository lists it. */
export interface DeltaName {
  /** '' : from nothing. */
  readonly from: string;
  readonly to: string;
}

/** What repo.rebind changes of a commit; everything else stays. */
export interface CommitChange {
  readonly parent: string;
  /** a{sv} keys to set; values of `variant`. */
  readonly metadata: ReadonlyMap<string, unknown>;
  readonly ref: string;
  readonly signing: Signing;
}

export interface NamedGpgKeys extends Disposable {
  /** One entry a signature. */
  verify(data: Uint8Array, signatures: readonly Uint8Array[]): readonly Signature[];
}

/** A repository that is published from. */
export interface PublishRepo extends Disposable {
  readonly repo: RepoPort;
  readonly path: string;
  readonly mode: string;
  /** Throws repo.open when this process can't write to it. */
  requireWritable(): void;
  /** Checksums of all commit objects. */
  listCommits(): string[];
  /** Objects of the commit's tree and itself as `CHECKSUM.TYPE`; throws when a directory object is missing. */
  reachable(checksum: string): ReadonlySet<string>;
  /** Write indexes for the deltas that are there. */
  reindexDeltas(): void;
  /** Throws repo.corrupt when the content doesn't fit the name, repo.not-found when it isn't there. */
  verifyObject(type: ObjectKind, checksum: string): void;
  /** Delete every object that isn't part of the commits; `dryRun`: only count. */
  prune(keep: readonly string[], dryRun: boolean): PruneOutcome;
  listDeltas(): DeltaName[];
  generateDelta(from: string | undefined, to: string): void;
  /** Sign a commit in place (detached metadata). */
  sign(checksum: string, signing: Signing): void;
  writeSummary(signing: Signing): void;
  /** Write a commit with the same tree, time and text, and point a ref at it. Returns its checksum. */
  rebind(checksum: string, change: CommitChange): string;
  variant(type: string, value: unknown): unknown;
  /** Refs in a summary file's bytes. Throws repo.garbage. */
  parseSummary(bytes: Uint8Array): { readonly refs: ReadonlyMap<string, string>; readonly deltas: ReadonlyMap<string, string> };
  /** Signatures in the file beside a summary. */
  parseSignatures(bytes: Uint8Array): { readonly gpg: readonly Uint8Array[]; readonly ed25519: readonly Uint8Array[] };
  /** Check a static delta's superblock and parts against each other. Returns what is wrong, undefined when nothing is. */
  checkDelta(directory: string, name: DeltaName): string | undefined;
  /** Something that verifies with the OpenPGP keys in `keyring` (binary; empty: none) and no others, neither this repository's nor the machine's. */
  namedKeys(keyring: Uint8Array): NamedGpgKeys;
}

/** A list of branches as it lies on a server. */
export interface SummaryFiles {
  readonly bytes: Uint8Array;
  readonly signature?: Uint8Array;
}

/** The repository that a mirror is. */
export interface MirrorRepo extends PublishRepo {
  /** See native's pull(): synchronous. */
  pull(request: PullRequest): void;
  /** Point a remote at an address. */
  setRemote(name: string, url: string): void;
  /** Names of the files beside a delta's superblock. Throws repo.garbage. */
  deltaParts(superblock: Uint8Array): string[];
}

/** Opens repositories. Throws repo.open. */
export type OpenPublishRepo = (path: string) => MirrorRepo;
