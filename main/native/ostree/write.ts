// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import type { TreeRoot } from '../../engine/base/ports/compose-store.ts';
import { bind, bindCallback, bindChecked, free, Handle, newVariant, PointerOut, Ptr, Scope, type Pointer } from '../core/index.ts';
import type { DevinoCache } from './checkout.ts';
import { ostreeError } from './errors.ts';
import { objectTypes, type ObjectType, type Repo } from './repo.ts';

const prepare = bindChecked('ostree', 'ostree_repo_prepare_transaction', 'int', [Ptr, Ptr, Ptr], ostreeError);
const commit = bindChecked('ostree', 'ostree_repo_commit_transaction', 'int', [Ptr, Ptr, Ptr], ostreeError);
const abort = bindChecked('ostree', 'ostree_repo_abort_transaction', 'int', [Ptr, Ptr], ostreeError);
const setRef = bind('ostree', 'ostree_repo_transaction_set_ref', 'void', [Ptr, 'str', 'str', 'str']);
const newTree = bind('ostree', 'ostree_mutable_tree_new', Ptr, []);
const treeFromChecksum = bind('ostree', 'ostree_mutable_tree_new_from_checksum', Ptr, [Ptr, 'str', 'str']);
const writeMtree = bindChecked('ostree', 'ostree_repo_write_mtree', 'int', [Ptr, Ptr, PointerOut, Ptr], ostreeError);
const writeDfd = bindChecked('ostree', 'ostree_repo_write_dfd_to_mtree', 'int', [Ptr, 'int', 'str', Ptr, Ptr, Ptr], ostreeError);
const contentsOf = bind('ostree', 'ostree_repo_file_tree_get_contents_checksum', 'str', [Ptr]);
const metadataOf = bind('ostree', 'ostree_repo_file_tree_get_metadata_checksum', 'str', [Ptr]);
const ensureResolved = bindChecked('ostree', 'ostree_repo_file_ensure_resolved', 'int', [Ptr], ostreeError);
const newModifier = bind('ostree', 'ostree_repo_commit_modifier_new', Ptr, ['int', Ptr, Ptr, Ptr]);
const unrefModifier = bind('ostree', 'ostree_repo_commit_modifier_unref', 'void', [Ptr]);
const setDevino = bind('ostree', 'ostree_repo_commit_modifier_set_devino_cache', 'void', [Ptr, Ptr]);
const setSepolicy = bind('ostree', 'ostree_repo_commit_modifier_set_sepolicy', 'void', [Ptr, Ptr]);
const writeCommit = bindChecked(
  'ostree',
  'ostree_repo_write_commit_with_time',
  'int',
  [Ptr, 'str', 'str', 'str', Ptr, Ptr, 'uint64', koffi.out(koffi.pointer('void *')), Ptr],
  ostreeError,
);
const importObject = bindChecked(
  'ostree',
  'ostree_repo_import_object_from_with_trust',
  'int',
  [Ptr, Ptr, 'int', 'str', 'int', Ptr],
  ostreeError,
);
const newSepolicy = bindChecked('ostree', 'ostree_sepolicy_new_at', Ptr, ['int', Ptr], ostreeError);
const sepolicyName = bind('ostree', 'ostree_sepolicy_get_name', 'str', [Ptr]);
const currentDirectory = -100;

/** Of OstreeRepoTransactionStats in ostree-repo.h: four guint, guint64 content_bytes_written, guint devino_cache_hits, padding. */
const statsBytes = 56;

export interface TransactionStats {
  /** Of file contents, uncompressed. */
  readonly contentBytesWritten: number;
  /** Files known by device and inode, which weren't read. */
  readonly cacheHits: number;
}

/**
 * A transaction of a repository: nothing is visible before commit(), and leaving the scope without it throws everything away.
 * What a killed process leaves is removed by the next transaction.
 */
export class Transaction implements Disposable {
  #open = true;
  readonly repo: Repo;

  constructor(repo: Repo) {
    this.repo = repo;
    prepare(repo.pointer, null, null);
  }

  /** Point a ref at a commit, or (null) remove it, when the transaction is committed. */
  setRef(ref: string, checksum: string | null): void {
    setRef(this.repo.pointer, null, ref, checksum);
  }

  commit(): TransactionStats {
    const stats = Buffer.alloc(statsBytes);
    commit(this.repo.pointer, stats, null);
    this.#open = false;
    return { contentBytesWritten: Number(stats.readBigUInt64LE(16)), cacheHits: stats.readUInt32LE(24) };
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    abort(this.repo.pointer, null);
  }
}

function rootOf(repo: Repo, tree: Pointer, scope: Scope): Pointer {
  const out: [unknown] = [null];
  writeMtree(repo.pointer, tree, out, null);
  const root = scope.own(out[0], 'OstreeRepoFile');
  ensureResolved(root);
  return root;
}

/** Write a mutable tree's directories into the repository (within a transaction). */
export function writeTree(repo: Repo, tree: Handle<'OstreeMutableTree'>): TreeRoot {
  using scope = new Scope();
  const root = rootOf(repo, tree.pointer, scope);
  return { dirtree: String(contentsOf(root)), dirmeta: String(metadataOf(root)) };
}

export interface WriteDirectoryOptions {
  readonly devino?: DevinoCache;
  /** Label by the SELinux policy in this tree. */
  readonly sepolicyRoot?: string;
  /** The policy may have nothing to say about a file: it gets no label then. */
  readonly mayLackLabels?: boolean;
  /** Asked for each path (with leading slash); what isn't wanted is left out. `isSpecial`: a device, pipe or socket. */
  readonly wanted?: (path: string, isSpecial: boolean) => boolean;
  /** The directory isn't needed any more: files may be moved. */
  readonly consume?: boolean;
}

/** OstreeRepoCommitModifierFlags of ostree-repo.h. */
const modifierFlags = { errorOnUnlabeled: 1 << 3, consume: 1 << 4 } as const;
const DirectoryFilter = bindCallback('OstreeRepoCommitFilter', 'int', [Ptr, 'str', Ptr, Ptr]);
const fileTypeOf = bind('gio', 'g_file_info_get_file_type', 'int', [Ptr]);
/** GFileType of gioenums.h. */
const specialFile = 4;

/** Store a directory as a tree (within a transaction). Files known to `devino` aren't read. */
export function writeDirectory(repo: Repo, directory: string, options: WriteDirectoryOptions = {}): TreeRoot {
  using scope = new Scope();
  let failure: unknown;
  const { wanted } = options;
  const filter =
    wanted &&
    koffi.register((_repo: unknown, path: string, info: Pointer): number => {
      try {
        return wanted(path, fileTypeOf(info) === specialFile) ? 0 : 1;
      } catch (error) {
        failure ??= error;
        return 1;
      }
    }, DirectoryFilter);
  try {
    const flags =
      (options.sepolicyRoot && !options.mayLackLabels ? modifierFlags.errorOnUnlabeled : 0) | (options.consume ? modifierFlags.consume : 0);
    const modifier = scope.own(newModifier(flags, filter ?? null, null, null), 'modifier', unrefModifier);
    if (options.devino) setDevino(modifier, options.devino.pointer);
    if (options.sepolicyRoot) setSepolicy(modifier, scope.own(openPolicy(options.sepolicyRoot), 'OstreeSePolicy'));
    using tree = new Handle<'OstreeMutableTree'>(newTree(), 'OstreeMutableTree');
    writeDfd(repo.pointer, currentDirectory, directory, tree.pointer, modifier, null);
    if (failure) throw failure;
    return writeTree(repo, tree);
  } finally {
    if (filter) koffi.unregister(filter);
  }
}

function openPolicy(root: string): unknown {
  const fd = openDirectory(root);
  try {
    return newSepolicy(fd, null);
  } finally {
    closeFd(fd);
  }
}

const openDirectory = (path: string): number => bind('c', 'open', 'int', ['str', 'int'])(path, 0o200000) as number;
const closeFd = bind('c', 'close', 'int', ['int']);

/** Name of the SELinux policy in a tree (`targeted`), undefined when it holds none. */
export function sepolicyOf(root: string): string | undefined {
  using policy = new Handle(openPolicy(root), 'OstreeSePolicy');
  return (sepolicyName(policy.pointer) as string | null) ?? undefined;
}

export interface CommitFields {
  /** '' for none. */
  readonly parent: string;
  readonly subject: string;
  readonly body?: string;
  /** a{sv}: key -> Variant. */
  readonly metadata: ReadonlyMap<string, unknown>;
  readonly root: TreeRoot;
  /** Unix seconds. */
  readonly timeSeconds: number;
}

/** Write a commit object (within a transaction); its tree must be in the repository. Returns the checksum. */
export function writeCommitObject(repo: Repo, fields: CommitFields): string {
  using scope = new Scope();
  using tree = new Handle<'OstreeMutableTree'>(
    treeFromChecksum(repo.pointer, fields.root.dirtree, fields.root.dirmeta),
    'OstreeMutableTree',
  );
  const root = rootOf(repo, tree.pointer, scope);
  using metadata = newVariant('a{sv}', [...fields.metadata]);
  const out: [unknown] = [null];
  writeCommit(
    repo.pointer,
    fields.parent || null,
    fields.subject || null,
    fields.body || null,
    metadata.pointer,
    root,
    BigInt(fields.timeSeconds),
    out,
    null,
  );
  const checksum = koffi.decode(out[0], 'char', 64) as string;
  free(out[0] as Pointer);
  return checksum;
}

/** Copy one object from another local repository whose content is trusted, converting it to this one's mode. */
export function importObjectFrom(repo: Repo, source: Repo, type: ObjectType, checksum: string): void {
  importObject(repo.pointer, source.pointer, objectTypes[type], checksum, 1, null);
}
