// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import type { FetchPort } from '../../base/ports/fetch.ts';
import type { RepoPort, SysrootPort } from '../../base/ports/sysroot.ts';
import type { ParseSummary } from '../../base/trust/index.ts';
import type { GpgVerify } from '../../base/trust/signatures.ts';
import type { StateDir } from '../sysroot/state-dir.ts';
import type { ImageFetchPort } from '../../images/fetch-port.ts';
import type { StoredImage } from './look-at-image.ts';
import type { MediumSource } from './medium.ts';

/** Opens a repository for reading. */
export type OpenRepo = (path: string) => RepoPort & Disposable;

export function fetchRepoPath(dir: StateDir): string {
  return path.join(dir.cache, 'fetch');
}

/** Everything that looking for updates works with. */
export interface UpdateContext {
  readonly sysroot: SysrootPort;
  readonly dir: StateDir;
  readonly gpg: GpgVerify;
  readonly parseSummary: ParseSummary;
  readonly fetcher: FetchPort;
  /** Registries of systems that follow container images. */
  readonly images: ImageFetchPort;
  readonly storedImage: StoredImage;
  readonly openRepo: OpenRepo;
  /** Where the update comes from instead of the network. */
  readonly medium?: MediumSource;
  /** Unix seconds. */
  readonly now: number;
}

/** The repository of fetched commits if there is one (the system's is its parent), else the system's alone. */
export function withFetched<T>(context: UpdateContext, run: (repo: RepoPort) => T): T {
  let repo: (RepoPort & Disposable) | undefined;
  try {
    repo = context.openRepo(fetchRepoPath(context.dir));
  } catch {
    return run(context.sysroot.repo);
  }
  using opened = repo;
  return run(opened);
}
