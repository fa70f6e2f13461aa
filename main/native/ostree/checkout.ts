import koffi from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';
import { bind, bindChecked, Handle, Ptr, type Pointer } from '../core/index.ts';
import { ostreeError } from './errors.ts';
import type { Repo } from './repo.ts';

/** OstreeRepoCheckoutMode and OstreeRepoCheckoutOverwriteMode of ostree-repo.h. */
const checkoutMode = { none: 0, user: 1 } as const;
const overwriteMode = { none: 0, unionFiles: 1, addFiles: 2, unionIdentical: 3 } as const;
const FilterProto = koffi.proto('int TreelineCheckoutFilter(void *repo, const char *path, void *stbuf, void *data)');
const currentDirectory = -100;

export const CheckoutAtOptions = koffi.struct('TreelineCheckoutAtOptions', {
  mode: 'int',
  overwriteMode: 'int',
  enableUncompressedCache: 'int',
  enableFsync: 'int',
  processWhiteouts: 'int',
  noCopyFallback: 'int',
  forceCopy: 'int',
  bareuseronlyDirs: 'int',
  forceCopyZerosized: 'int',
  processPassthroughWhiteouts: 'int',
  unusedBools: koffi.array('int', 3),
  subpath: 'str',
  devinoToCsumCache: 'void *',
  unusedInts: koffi.array('int', 6),
  unusedPointers: koffi.array('void *', 3),
  filter: 'void *',
  filterUserData: 'void *',
  sepolicy: 'void *',
  sepolicyPrefix: 'str',
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
  overwriteMode: overwriteMode.none as number,
  enableUncompressedCache: 0,
  enableFsync: 0,
  processWhiteouts: 0,
  noCopyFallback: 0,
  forceCopy: 0,
  bareuseronlyDirs: 0,
  forceCopyZerosized: 0,
  processPassthroughWhiteouts: 0,
  unusedBools: [0, 0, 0],
  subpath: null as string | null,
  devinoToCsumCache: null as Pointer | null,
  unusedInts: [0, 0, 0, 0, 0, 0],
  unusedPointers: [null, null, null],
  filter: null as Pointer | null,
  filterUserData: null,
  sepolicy: null,
  sepolicyPrefix: null,
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
    koffi.register(
      (_repo: unknown, path: string): number => {
        try {
          return wanted(path) ? 0 : 1;
        } catch (error) {
          failure ??= error;
          return 1;
        }
      },
      koffi.pointer(FilterProto),
    );
  try {
    const options = {
      ...noOptions,
      overwriteMode: overwriteMode.unionFiles,
      devinoToCsumCache: request.devino?.pointer ?? null,
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
  const options = { ...noOptions, mode: checkoutMode.user, overwriteMode: overwriteMode.unionFiles, subpath: `/${subpath.replace(/^\/+/, '')}` };
  try {
    checkoutAt(repo.pointer, options, currentDirectory, target, commit, null);
    return true;
  } catch (error) {
    if (error instanceof TreelineError && error.code === 'repo.not-found') return false;
    throw error;
  }
}
