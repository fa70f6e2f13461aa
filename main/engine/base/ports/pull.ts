// SPDX-License-Identifier: LGPL-2.1-or-later
/** Counters of a running pull, as ostree_async_progress keeps them. Bytes are those received over the network. */
export interface PullProgress {
  readonly outstandingFetches: number;
  readonly outstandingWrites: number;
  readonly fetched: number;
  readonly requested: number;
  readonly metadataFetched: number;
  readonly scannedMetadata: number;
  readonly scanning: boolean;
  readonly bytesTransferred: number;
}

export interface PullRequest {
  /** Name of a configured remote, or a `file://` URL. */
  readonly source: string;
  /** Branches or checksums. */
  readonly refs: readonly string[];
  /** Commit objects without their content. */
  readonly commitOnly?: boolean;
  /** Only these directories of the trees, and the directory objects on the way there. */
  readonly subdirs?: readonly string[];
  /** Parents to follow; -1 = all of them. */
  readonly depth?: number;
  /** The source is a local repository that isn't trusted: verify checksums. */
  readonly local?: boolean;
  /** Don't verify checksums of what comes over HTTP: whoever takes it from here verifies them. */
  readonly unverified?: boolean;
  /** Write refs as of this remote. */
  readonly overrideRemote?: string;
  /** Repositories to take objects from before asking the server. */
  readonly localcacheRepos?: readonly string[];
  readonly retries?: number;
  readonly onProgress?: (progress: PullProgress) => void;
}
