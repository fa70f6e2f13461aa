import type { Progress } from '../../../shared/domain/index.ts';

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
  /** With commitOnly: follow parents to this commit, or as far as the server has them. */
  readonly backTo?: string;
  /** With commitOnly: follow parents to the commit with this version. */
  readonly version?: string;
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
