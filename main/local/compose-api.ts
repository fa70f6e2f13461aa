// SPDX-License-Identifier: LGPL-2.1-or-later
import type {
  Advisory,
  AvailablePackage,
  ComposeAbility,
  ComposeCheck,
  ComposePlan,
  ComposeRelease,
  ComposeResult,
  JobState,
  PackageChange,
  TreefileKey,
} from '../../shared/domain/index.ts';
import type { ErrorReport } from '../../shared/errors/index.ts';

/** A treefile as an editor has it. `treefile` is its absolute path: includes and .repo files lie beside it. */
export interface Draft {
  readonly treefile: string;
  readonly text: string;
}

/** Composing on this machine, as the user: no service is asked. Every call rejects with a TreelineError only. */
export interface ComposeClient {
  ability(): Promise<ComposeAbility>;
  keys(): Promise<readonly TreefileKey[]>;
  check(draft: Draft): Promise<ComposeCheck>;
  /** What of a treefile and the files that it names somebody else than the user and root has written, or may. */
  foreign(treefile: string): Promise<readonly ErrorReport[]>;
  /** Waits for a resolve or compose that is running. */
  packages(draft: Draft): Promise<readonly AvailablePackage[]>;
  /** What composing `draft` into the repository (a path) would make. Its progress goes to onJob. One at a time with compose. */
  resolve(draft: Draft, repo: string | undefined): Promise<ComposePlan>;
  /** Compose the treefile as it is on disk. Its progress goes to onJob. */
  compose(treefile: string, repo: string): Promise<ComposeResult>;
  /** Stop what resolve or compose does; false when nothing runs. */
  cancel(): Promise<boolean>;
  createRepo(repo: string): Promise<void>;
  releases(repo: string, ref: string, limit: number): Promise<readonly ComposeRelease[]>;
  release(
    repo: string,
    checksum: string,
  ): Promise<{ readonly packages: readonly PackageChange[]; readonly advisories: readonly Advisory[] }>;
  /** Calls back with each change of a running resolve or compose. Returns the function that ends it. */
  onJob(listener: (job: JobState) => void): () => void;
  /** Stops what is running. */
  close(): void;
}
