// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Progress } from '../../../../shared/domain/index.ts';

/** What the unprivileged process fetches. Paths are absolute; everything it needs to know is in here, it reads no configuration of the system. */
export interface FetchRequest {
  /** Archive repository that receives, owned by the fetching user. */
  readonly repo: string;
  /** Parent repository: what it has isn't fetched. Read only. */
  readonly parent: string;
  readonly remote: string;
  /** Options of the remote: url, contenturl, proxy, tls-ca-path, ... */
  readonly options: Readonly<Record<string, string>>;
  /** Branches or checksums. Empty: only clean up. */
  readonly refs: readonly string[];
  readonly commitOnly: boolean;
  /** With commitOnly: the branch that the first of `refs` is, or is taken for. Its own file on the server is asked, too: the newer of it and the summary counts. */
  readonly branch?: string;
  /** Without commitOnly: only these directories of the trees (absolute), and the directory objects on the way there. */
  readonly subdirs?: readonly string[];
  /** With commitOnly: follow parents to this commit, or as far as the server has them. */
  readonly backTo?: string;
  /** With backTo: its time, Unix seconds; what is older can't lead there. */
  readonly backToSeconds?: number;
  /** With commitOnly: follow parents to the commit with this version. */
  readonly version?: string;
  /** With commitOnly: follow parents until there are so many commits. */
  readonly limit?: number;
  /** Only the remote's summary: its branches. */
  readonly summary?: boolean;
  /** Execute this static delta file into the repository instead of asking the remote. `refs` are the checksums it must bring. */
  readonly delta?: string;
  /** Totals known beforehand, for the progress. */
  readonly bytesTotal?: number;
  readonly objectsTotal?: number;
  /** Before anything else: drop content that the parent has by now ('content'), or everything ('all'). */
  readonly clean?: 'content' | 'all';
}

export interface FetchOutcome {
  /** Ref or checksum asked for -> commit. */
  readonly commits: Readonly<Record<string, string>>;
  /** The commit with the version asked for. */
  readonly found?: string;
  readonly summary?: FetchedSummary;
  /** With `branch` and a checksum to fetch: the branch's own file names a newer commit. Only claimed. */
  readonly newerTip?: string;
}

/** A branch as the summary tells it; version '' and timestamp 0 when the summary doesn't say them. */
export interface SummaryRef {
  readonly ref: string;
  readonly checksum: string;
  readonly version: string;
  /** Unix seconds. */
  readonly timestamp: number;
}

/** Whoever uses it verifies and reads it: what the fetching process would make of it isn't believed. */
export interface FetchedSummary {
  /** The summary itself, base64. */
  readonly bytes: string;
  /** Its GPG signatures, base64. */
  readonly gpgSignatures: readonly string[];
  /** Its ed25519 signatures, base64. */
  readonly ed25519Signatures: readonly string[];
}

/** Runs the request in a process without privileges. Rejects with TreelineErrors (`repo.*`, `disk.full`, `job.cancelled`). */
export interface FetchPort {
  fetch(request: FetchRequest, onProgress?: (progress: Progress) => void): Promise<FetchOutcome>;
}

/** Root's side: read what was fetched, and take over exactly those bytes. */
export interface ImportPort {
  /** Copy a commit and its objects out of an untrusted local repository, checking every checksum. */
  importCommit(fromRepo: string, checksum: string, onProgress: (objectsDone: number) => void): void;
}
