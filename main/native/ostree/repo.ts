// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';
import {
  bind,
  bindChecked,
  file,
  free,
  Handle,
  newVariant,
  PointerOut,
  Ptr,
  stringArray,
  Variant,
  variantBytes,
  variantUnref,
  variantValue,
  type Pointer,
  type VariantValue,
} from '../core/index.ts';
import { Commit, type CommitState } from './commit.ts';
import { ostreeError, withSubject } from './errors.ts';
import type { MetadataObjects } from '../../engine/base/ports/gvariant-types.ts';

/** OstreeRepoMode of ostree-core.h. */
export const repoModes = { bare: 0, archive: 1, 'bare-user': 2, 'bare-user-only': 3, 'bare-split-xattrs': 4 } as const;
export type RepoMode = keyof typeof repoModes;

/** OstreeObjectType of ostree-core.h. */
export const objectTypes = { file: 1, dirtree: 2, dirmeta: 3, commit: 4, 'commit-tombstone': 5, commitmeta: 6 } as const;
export type ObjectType = keyof typeof objectTypes;

const StrOut = koffi.out(koffi.pointer('void *'));
const IntOut = koffi.out(koffi.pointer('int'));
const U64Out = koffi.out(koffi.pointer('uint64'));

const repoNew = bind('ostree', 'ostree_repo_new', Ptr, [Ptr]);
const repoOpen = bindChecked('ostree', 'ostree_repo_open', 'int', [Ptr, Ptr], ostreeError);
const repoCreate = bindChecked('ostree', 'ostree_repo_create', 'int', [Ptr, 'int', Ptr], ostreeError);
const repoMode = bind('ostree', 'ostree_repo_get_mode', 'int', [Ptr]);
const isWritable = bindChecked('ostree', 'ostree_repo_is_writable', 'int', [Ptr], ostreeError);
const setDisableFsync = bind('ostree', 'ostree_repo_set_disable_fsync', 'void', [Ptr, 'int']);
const resolve = bindChecked('ostree', 'ostree_repo_resolve_rev', 'int', [Ptr, 'str', 'int', StrOut], ostreeError);
const listRefsExt = bindChecked('ostree', 'ostree_repo_list_refs_ext', 'int', [Ptr, 'str', PointerOut, 'int', Ptr], ostreeError);
const loadCommitRaw = bindChecked('ostree', 'ostree_repo_load_commit', 'int', [Ptr, 'str', PointerOut, IntOut], ostreeError);
const loadVariant = bindChecked('ostree', 'ostree_repo_load_variant', 'int', [Ptr, 'int', 'str', PointerOut], ostreeError);
const hasObjectRaw = bindChecked('ostree', 'ostree_repo_has_object', 'int', [Ptr, 'int', 'str', IntOut, Ptr], ostreeError);
const storageSize = bindChecked('ostree', 'ostree_repo_query_object_storage_size', 'int', [Ptr, 'int', 'str', U64Out, Ptr], ostreeError);
const readDetached = bindChecked('ostree', 'ostree_repo_read_commit_detached_metadata', 'int', [Ptr, 'str', PointerOut, Ptr], ostreeError);
const setRef = bindChecked('ostree', 'ostree_repo_set_ref_immediate', 'int', [Ptr, 'str', 'str', 'str', Ptr], ostreeError);
const remoteList = bind('ostree', 'ostree_repo_remote_list', Ptr, [Ptr, koffi.out(koffi.pointer('uint'))]);
const remoteUrl = bindChecked('ostree', 'ostree_repo_remote_get_url', 'int', [Ptr, 'str', StrOut], ostreeError);
const remoteOption = bindChecked('ostree', 'ostree_repo_get_remote_option', 'int', [Ptr, 'str', 'str', 'str', StrOut], ostreeError);
const remoteChange = bindChecked('ostree', 'ostree_repo_remote_change', 'int', [Ptr, Ptr, 'int', 'str', 'str', Ptr, Ptr], ostreeError);
const reloadConfig = bindChecked('ostree', 'ostree_repo_reload_config', 'int', [Ptr, Ptr], ostreeError);
const strfreev = bind('glib', 'g_strfreev', 'void', [Ptr]);
const objectRef = bind('gobject', 'g_object_ref', Ptr, [Ptr]);
const tableKeys = bind('glib', 'g_hash_table_get_keys_as_array', Ptr, [Ptr, koffi.out(koffi.pointer('uint'))]);
const tableLookup = bind('glib', 'g_hash_table_lookup', 'str', [Ptr, 'str']);
const tableUnref = bind('glib', 'g_hash_table_unref', 'void', [Ptr]);

const repoRemoteChange = { add: 0, addIfNotExists: 1, delete: 2, deleteIfExists: 3, replace: 4 } as const;

function takeString(pointer: unknown): string | undefined {
  if (!pointer) return undefined;
  const value = koffi.decode(pointer, 'char', -1) as string;
  free(pointer);
  return value;
}

/** Options of a remote as in `ostree remote add --set`; booleans and lists are written as ostree's configuration spells them. */
export type RemoteOptions = Readonly<Record<string, string | boolean | readonly string[]>>;

export interface Remote {
  readonly name: string;
  readonly url: string;
}

/** An OSTree repository: an owned `OstreeRepo`. `using repo = Repo.open(path)`. Every call is synchronous. */
export class Repo implements Disposable {
  readonly path: string;
  readonly #handle: Handle<'OstreeRepo'>;
  #onClose: (() => void) | undefined;

  private constructor(handle: Handle<'OstreeRepo'>, path: string) {
    this.#handle = handle;
    this.path = path;
  }

  /** Open an existing repository; `onClose` is called when it is disposed of. Throws `repo.open` naming the path. */
  static open(path: string, onClose?: () => void): Repo {
    using location = file(path);
    const repo = new Repo(new Handle(repoNew(location.pointer), `OstreeRepo ${path}`), path);
    try {
      repoOpen(repo.pointer, null);
      repo.#onClose = onClose;
      return repo;
    } catch (error) {
      repo[Symbol.dispose]();
      throw openError(path, error);
    }
  }

  /** Make a repository, or open it if one is there already. Throws `repo.open` naming the path. */
  static create(path: string, mode: RepoMode): Repo {
    using location = file(path);
    const repo = new Repo(new Handle(repoNew(location.pointer), `OstreeRepo ${path}`), path);
    try {
      repoCreate(repo.pointer, repoModes[mode], null);
      return repo;
    } catch (error) {
      repo[Symbol.dispose]();
      throw openError(path, error);
    }
  }

  /** Another reference to an `OstreeRepo` that somebody else owns (a sysroot's). */
  static borrow(pointer: Pointer<'OstreeRepo'>, path: string): Repo {
    return new Repo(new Handle(objectRef(pointer), `OstreeRepo ${path}`), path);
  }

  get pointer(): Pointer<'OstreeRepo'> {
    return this.#handle.pointer;
  }

  [Symbol.dispose](): void {
    this.#handle[Symbol.dispose]();
    this.#onClose?.();
    this.#onClose = undefined;
  }

  get mode(): RepoMode {
    const mode = repoMode(this.pointer) as number;
    return (Object.keys(repoModes) as RepoMode[]).find((name) => repoModes[name] === mode) ?? 'bare';
  }

  /** Throws when this process can't write to the repository. */
  requireWritable(): void {
    try {
      isWritable(this.pointer);
    } catch (error) {
      throw openError(this.path, error);
    }
  }

  /** Skip fsync: for repositories that can be made again. */
  disableFsync(disabled: boolean): void {
    setDisableFsync(this.pointer, disabled ? 1 : 0);
  }

  /** The commit a refspec or (abbreviated) checksum stands for. Throws `repo.revision-not-found`. */
  resolveRev(refspec: string): string {
    const found = this.tryResolveRev(refspec);
    if (found === undefined) throw new TreelineError('repo.revision-not-found', { subject: refspec, facts: { repo: this.path } });
    return found;
  }

  /** As resolveRev, undefined when there is none. */
  tryResolveRev(refspec: string): string | undefined {
    const out: [unknown] = [null];
    withSubject({ subject: refspec, facts: { repo: this.path } }, () => resolve(this.pointer, refspec, 1, out));
    return takeString(out[0]);
  }

  /** refspec (`[REMOTE:]REF`) -> checksum, of all refs or those below `prefix` (names stay whole). */
  listRefs(prefix?: string): Map<string, string> {
    const out: [unknown] = [null];
    listRefsExt(this.pointer, prefix ?? null, out, 0, null);
    return takeStringTable(out[0]);
  }

  /** Load a commit object. Throws `repo.revision-not-found` when it isn't in the repository. */
  loadCommit(checksum: string): Commit {
    const out: [unknown] = [null];
    const state: [number] = [0];
    withSubject({ subject: checksum, facts: { repo: this.path } }, () => loadCommitRaw(this.pointer, checksum, out, state));
    using variant = new Handle<'GVariant'>(out[0], 'commit', variantUnref);
    const states: readonly CommitState[] = ['normal', 'partial', 'fsck-partial', 'fsck-partial'];
    return new Commit(checksum, variantBytes(variant.pointer), states[state[0]] ?? 'normal');
  }

  /** As loadCommit, undefined when it isn't there. */
  tryLoadCommit(checksum: string): Commit | undefined {
    return this.hasObject('commit', checksum) ? this.loadCommit(checksum) : undefined;
  }

  /** A metadata object as JavaScript values. */
  loadMetadata<K extends keyof MetadataObjects>(type: K, checksum: string): MetadataObjects[K] {
    const out: [unknown] = [null];
    withSubject({ facts: { repo: this.path } }, () => loadVariant(this.pointer, objectTypes[type], checksum, out));
    using variant = new Handle<'GVariant'>(out[0], type, variantUnref);
    // libostree gives an object of the type that its kind has, or fails
    return variantValue(variant.pointer) as unknown as MetadataObjects[K];
  }

  /** True if the object is here or in a parent repository. */
  hasObject(type: ObjectType, checksum: string): boolean {
    const out: [number] = [0];
    hasObjectRaw(this.pointer, objectTypes[type], checksum, out, null);
    return out[0] !== 0;
  }

  /** Bytes the object takes in this repository. */
  objectStorageSize(type: ObjectType, checksum: string): number {
    const out: [number | bigint] = [0];
    storageSize(this.pointer, objectTypes[type], checksum, out, null);
    return Number(out[0]);
  }

  /** Detached metadata of a commit (signatures), undefined if it has none. */
  detachedMetadata(checksum: string): Map<string, VariantValue> | undefined {
    const out: [unknown] = [null];
    readDetached(this.pointer, checksum, out, null);
    if (!out[0]) return undefined;
    using variant = new Handle<'GVariant'>(out[0], 'detached metadata', variantUnref);
    return variantValue(variant.pointer) as Map<string, VariantValue>;
  }

  /** The signatures (aay) under a key of the detached metadata: `ostree.gpgsigs`, `ostree.sign.ed25519`. Empty if there are none. */
  detachedSignatures(checksum: string, key: string): Buffer[] {
    const value = this.detachedMetadata(checksum)?.get(key);
    return value instanceof Variant && value.type === 'aay' ? (value.value as Buffer[]) : [];
  }

  /** Point a ref at a commit at once, outside of a transaction. `checksum` null deletes the ref. */
  setRef(ref: string, checksum: string | null, remote?: string): void {
    setRef(this.pointer, remote ?? null, ref, checksum, null);
  }

  /** Configured remotes, those of /etc/ostree/remotes.d included when it is a system's repository. */
  listRemotes(): Remote[] {
    const list = remoteList(this.pointer, [0]);
    const names = stringArray(list);
    if (list) strfreev(list);
    return names.map((name) => ({ name, url: this.remoteUrl(name) }));
  }

  /** Names alone: an odd one without an address is no error. */
  listRemoteNames(): string[] {
    const list = remoteList(this.pointer, [0]);
    const names = stringArray(list);
    if (list) strfreev(list);
    return names;
  }

  hasRemote(name: string): boolean {
    return this.listRemoteNames().includes(name);
  }

  /** Throws `origin.remote-missing`. */
  remoteUrl(name: string): string {
    const out: [unknown] = [null];
    remoteUrl(this.pointer, name, out);
    return takeString(out[0]) ?? '';
  }

  /** A raw option of a remote (`gpg-verify`, `contenturl`, ...), undefined when not set. Throws `origin.remote-missing`. */
  remoteOption(name: string, option: string): string | undefined {
    const out: [unknown] = [null];
    try {
      remoteOption(this.pointer, name, option, null, out);
    } catch (error) {
      // `[remote x]` without quotes is listed as a remote, but its options are looked up under the other spelling
      if (error instanceof TreelineError && /does not have group/.test(error.report.detail ?? '')) return undefined;
      throw error;
    }
    return takeString(out[0]);
  }

  /** Add a remote, or replace one of that name. */
  setRemote(name: string, url: string, options: RemoteOptions = {}): void {
    const encoded = Object.entries(options).map(([option, value]): [string, Variant] => [
      option,
      typeof value === 'boolean'
        ? new Variant('b', value)
        : typeof value === 'string'
          ? new Variant('s', value)
          : new Variant('as', [...value]),
    ]);
    using variant = newVariant('a{sv}', encoded);
    const op = this.hasRemote(name) ? repoRemoteChange.replace : repoRemoteChange.add;
    remoteChange(this.pointer, null, op, name, url, variant.pointer, null);
  }

  removeRemote(name: string): void {
    remoteChange(this.pointer, null, repoRemoteChange.deleteIfExists, name, null, null, null);
  }

  reloadConfig(): void {
    reloadConfig(this.pointer, null);
  }
}

function openError(path: string, error: unknown): unknown {
  if (!(error instanceof TreelineError) || error.code === 'disk.full') return error;
  return new TreelineError('repo.open', { subject: path, detail: error.report.detail ?? error.message }, { cause: error });
}

/** Copy a GHashTable of strings to strings and give it back. */
function takeStringTable(table: unknown): Map<string, string> {
  using handle = new Handle<'GHashTable'>(table, 'GHashTable', tableUnref);
  const length: [number] = [0];
  const keys = tableKeys(handle.pointer, length);
  const map = new Map<string, string>();
  for (let i = 0; i < length[0]; i++) {
    const name = koffi.decode(keys, i * 8, 'str') as string;
    map.set(name, tableLookup(handle.pointer, name) as string);
  }
  if (keys) free(keys);
  return new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}
