// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';
import { bind, bindCallback, bindChecked, Handle, Ptr, type Pointer } from '../core/index.ts';
import { ostreeError } from './errors.ts';
import type { Repo } from './repo.ts';

/** OstreeRepoCheckoutMode and OstreeRepoCheckoutOverwriteMode of ostree-repo.h. */
const checkoutMode = { none: 0, user: 1 } as const;
const overwriteMode = { none: 0, unionFiles: 1, addFiles: 2, unionIdentical: 3 } as const;
const CheckoutFilter = bindCallback('OstreeRepoCheckoutFilter', 'int', [Ptr, 'str', Ptr, Ptr]);
const currentDirectory = -100;

/** OstreeRepoCheckoutAtOptions, with C's names: test/native/abi.test.ts compares them with the header. */
export const CheckoutAtOptions = koffi.struct('TreelineCheckoutAtOptions', {
  mode: 'int',
  overwrite_mode: 'int',
  enable_uncompressed_cache: 'int',
  enable_fsync: 'int',
  process_whiteouts: 'int',
  no_copy_fallback: 'int',
  force_copy: 'int',
  bareuseronly_dirs: 'int',
  force_copy_zerosized: 'int',
  process_passthrough_whiteouts: 'int',
  unused_bools: koffi.array('int', 3),
  subpath: 'str',
  devino_to_csum_cache: 'void *',
  unused_ints: koffi.array('int', 6),
  unused_ptrs: koffi.array('void *', 3),
  filter: 'void *',
  filter_user_data: 'void *',
  sepolicy: 'void *',
  sepolicy_prefix: 'str',
});

const checkoutAt = bindChecked(
  'ostree',
  'ostree_repo_checkout_at',
  'int',
  [Ptr, koffi.pointer(CheckoutAtOptions), 'int', 'str', 'str', Ptr],
  ostreeError,
);
const newDevino = bind('ostree', 'ostree_repo_devino_cache_new', Ptr, []);
const unrefDevino = bind('ostree', 'ostree_repo_devino_cache_unref', 'void', [Ptr]);

/** Remembers which object each hard-linked file is, so that writing the tree back needn't read it again. */
export class DevinoCache extends Handle<'OstreeRepoDevInoCache'> {
  constructor() {
    super(newDevino(), 'OstreeRepoDevInoCache', unrefDevino);
  }
}

const noOptions = {
  mode: checkoutMode.none as number,
  overwrite_mode: overwriteMode.none as number,
  enable_uncompressed_cache: 0,
  enable_fsync: 0,
  process_whiteouts: 0,
  no_copy_fallback: 0,
  force_copy: 0,
  bareuseronly_dirs: 0,
  force_copy_zerosized: 0,
  process_passthrough_whiteouts: 0,
  unused_bools: [0, 0, 0],
  subpath: null as string | null,
  devino_to_csum_cache: null as Pointer | null,
  unused_ints: [0, 0, 0, 0, 0, 0],
  unused_ptrs: [null, null, null],
  filter: null as Pointer | null,
  filter_user_data: null,
  sepolicy: null,
  sepolicy_prefix: null,
};

export interface CheckoutRequest {
  readonly commit: string;
  readonly target: string;
  readonly devino?: DevinoCache;
  /** Return false to leave a path (with leading slash) out. */
  readonly wanted?: (path: string) => boolean;
}

/** Check a commit out by hard links over what `target` holds already; existing files are replaced, existing directories stay. */
export function checkoutUnion(repo: Repo, request: CheckoutRequest): void {
  let failure: unknown;
  const { wanted } = request;
  const filter =
    wanted &&
    koffi.register((_repo: unknown, path: string): number => {
      try {
        return wanted(path) ? 0 : 1;
      } catch (error) {
        failure ??= error;
        return 1;
      }
    }, CheckoutFilter);
  try {
    const options = {
      ...noOptions,
      overwrite_mode: overwriteMode.unionFiles,
      devino_to_csum_cache: request.devino?.pointer ?? null,
      filter: filter ? (filter as unknown as Pointer) : null,
    };
    checkoutAt(repo.pointer, options, currentDirectory, request.target, request.commit, null);
    if (failure) throw failure;
  } finally {
    if (filter) koffi.unregister(filter);
  }
}

/**
 * Copy a file (into the directory `target`) or a directory's content (over it) out of a commit, owned by the caller. False when the
 * commit has no such path.
 */
export function checkoutSubpath(repo: Repo, commit: string, subpath: string, target: string): boolean {
  return checkoutOf(repo, commit, subpath, target, checkoutMode.user);
}

/** The same by hard links, with owners and modes as the commit has them: for reading. */
export function linkSubpath(repo: Repo, commit: string, subpath: string, target: string): boolean {
  return checkoutOf(repo, commit, subpath, target, checkoutMode.none);
}

/** Copy a file (into the directory `target`) or a directory (to `target`) out of a commit, as it is there. Files in its way are replaced. Throws `repo.not-found`. `lasting`: files are on the disk before they have their names. */
export function copySubpath(repo: Repo, commit: string, subpath: string, target: string, lasting: boolean): void {
  const options = {
    ...noOptions,
    overwrite_mode: overwriteMode.unionFiles,
    force_copy: 1,
    enable_fsync: lasting ? 1 : 0,
    subpath: `/${subpath}`,
  };
  checkoutAt(repo.pointer, options, currentDirectory, target, commit, null);
}

function checkoutOf(repo: Repo, commit: string, subpath: string, target: string, mode: number): boolean {
  const options = {
    ...noOptions,
    mode,
    overwrite_mode: overwriteMode.unionFiles,
    subpath: `/${subpath.replace(/^\/+/, '')}`,
  };
  try {
    checkoutAt(repo.pointer, options, currentDirectory, target, commit, null);
    return true;
  } catch (error) {
    if (error instanceof TreelineError && error.code === 'repo.not-found') return false;
    throw error;
  }
}
