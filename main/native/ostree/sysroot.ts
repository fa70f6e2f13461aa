// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import type { DamagedObject, NewDeployment, PruneResult, RawDeployment, SysrootPort } from '../../engine/base/ports/sysroot.ts';
import type { NotRemoved } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import {
  bind,
  bindChecked,
  file,
  free,
  Handle,
  pointersOf,
  PointerOut,
  Ptr,
  ptrArrayUnref,
  Scope,
  type GErrorMapper,
  type Pointer,
} from '../core/index.ts';
import { deploymentFolders, requireTime, unloadable } from '../../engine/base/boot/unloadable.ts';
import { checkpoint } from '../linux/checkpoint.ts';
import { maskFile } from '../linux/mount.ts';
import { damagedFile, type DamagedFile } from './damaged-file.ts';
import { damagedObjects, removeDamaged } from './damaged-objects.ts';
import { readDeployment } from './deployment.ts';
import { ostreeError } from './errors.ts';
import { keyFile } from './keyfile.ts';
import { Repo } from './repo.ts';

type D = Pointer<'OstreeDeployment'>;

const IntOut = koffi.out(koffi.pointer('int'));
const Strv = koffi.pointer('str');

/** OstreeSysrootWriteDeploymentsOpts of ostree-sysroot.h. Later releases have more fields in the hole, for which 0 is as before (disable_auto_early_prune, since 2023.11). */
export const WriteDeploymentsOpts = koffi.struct('TreelineWriteDeploymentsOpts', {
  do_postclean: 'int',
  hole: koffi.array('int', 15),
  unused_ptrs: koffi.array('void *', 7),
});

/** OstreeSysrootDeployTreeOpts of ostree-sysroot.h. Later releases have more fields in the hole, for which 0 is as before. */
export const DeployTreeOpts = koffi.struct('TreelineDeployTreeOpts', {
  hole: koffi.array('int', 16),
  override_kernel_argv: Strv,
  overlay_initrds: Strv,
  unused_ptrs: koffi.array('void *', 6),
});

/** OstreeRepoPruneOptions of ostree-repo.h (64-bit layout). */
export const RepoPruneOptions = koffi.struct('TreelineRepoPruneOptions', {
  flags: 'int',
  hole: 'int',
  reachable: 'void *',
  unused_bools: koffi.array('int', 6),
  unused_ints: koffi.array('int', 6),
  unused_ptrs: koffi.array('void *', 7),
});

const sysrootNew = bind('ostree', 'ostree_sysroot_new', Ptr, [Ptr]);
const initializeNs = bindChecked('ostree', 'ostree_sysroot_initialize_with_mount_namespace', 'int', [Ptr, Ptr], ostreeError);
const loadIfChanged = bindChecked('ostree', 'ostree_sysroot_load_if_changed', 'int', [Ptr, IntOut, Ptr], ostreeError);
const load = bindChecked('ostree', 'ostree_sysroot_load', 'int', [Ptr, Ptr], ostreeError);
const getDeployments = bind('ostree', 'ostree_sysroot_get_deployments', Ptr, [Ptr]);
const getBooted = bind('ostree', 'ostree_sysroot_get_booted_deployment', Ptr, [Ptr]);
const getMerge = bind('ostree', 'ostree_sysroot_get_merge_deployment', Ptr, [Ptr, 'str']);
const getRepo = bindChecked('ostree', 'ostree_sysroot_get_repo', 'int', [Ptr, PointerOut, Ptr], ostreeError);
const tryLock = bindChecked('ostree', 'ostree_sysroot_try_lock', 'int', [Ptr, IntOut], ostreeError);
const unlock = bind('ostree', 'ostree_sysroot_unlock', 'void', [Ptr]);
const writeMapper: GErrorMapper = (error, call) => {
  const mapped = ostreeError(error, call);
  return mapped.code === 'disk.full' ? new TreelineError('disk.full', { ...mapped.report, subject: 'Sysroot' }) : mapped;
};
const treeTypes = [Ptr, 'str', 'str', Ptr, Ptr, koffi.pointer(DeployTreeOpts), PointerOut, Ptr];
const deployTree = bindChecked('ostree', 'ostree_sysroot_deploy_tree_with_options', 'int', treeTypes, writeMapper);
const stageTree = bindChecked('ostree', 'ostree_sysroot_stage_tree_with_options', 'int', treeTypes, writeMapper);
const stageInitrd = bindChecked('ostree', 'ostree_sysroot_stage_overlay_initrd', 'int', [Ptr, 'int', PointerOut, Ptr], writeMapper);
const writeDeployments = bindChecked(
  'ostree',
  'ostree_sysroot_write_deployments_with_options',
  'int',
  [Ptr, Ptr, koffi.pointer(WriteDeploymentsOpts), Ptr],
  writeMapper,
);
const simpleWrite = bindChecked('ostree', 'ostree_sysroot_simple_write_deployment', 'int', [Ptr, 'str', Ptr, Ptr, 'int', Ptr], writeMapper);
const setPinned = bindChecked('ostree', 'ostree_sysroot_deployment_set_pinned', 'int', [Ptr, Ptr, 'int'], writeMapper);
const prepareCleanup = bindChecked('ostree', 'ostree_sysroot_prepare_cleanup', 'int', [Ptr, Ptr], writeMapper);
const sysrootCleanup = bindChecked('ostree', 'ostree_sysroot_cleanup', 'int', [Ptr, Ptr], writeMapper);
const cleanupPrune = bindChecked(
  'ostree',
  'ostree_sysroot_cleanup_prune_repo',
  'int',
  [Ptr, koffi.pointer(RepoPruneOptions), IntOut, IntOut, koffi.out(koffi.pointer('uint64')), Ptr],
  writeMapper,
);
const newReachable = bind('ostree', 'ostree_repo_traverse_new_reachable', Ptr, []);
const tableUnref = bind('glib', 'g_hash_table_unref', 'void', [Ptr]);
const arrayNew = bind('glib', 'g_ptr_array_new', Ptr, []);
const arrayAdd = bind('glib', 'g_ptr_array_add', 'void', [Ptr, Ptr]);
const objectRef = bind('gobject', 'g_object_ref', Ptr, [Ptr]);

/** OSTREE_REPO_PRUNE_FLAGS_REFS_ONLY, as ostree's own cleanup prunes. */
const pruneRefsOnly = 1 << 1;

/** OstreeSysrootSimpleWriteDeploymentFlags of ostree-sysroot.h. */
const simpleWriteFlags = { noClean: 1 << 2, retainPending: 1 << 3, retainRollback: 1 << 4 } as const;

/**
 * An OSTree sysroot: an owned `OstreeSysroot`. `using sysroot = Sysroot.open('/')`. On a booted host libostree gets a mount
 * namespace of its own, in which it may remount /sysroot and /boot writable (ostree_sysroot_initialize_with_mount_namespace).
 */
export class Sysroot implements SysrootPort, Disposable {
  readonly path: string;
  readonly #handle: Handle<'OstreeSysroot'>;
  readonly #openedMs = Date.now();
  #repo: Repo | undefined;
  #locked = false;
  #known = new Map<string, Handle<'OstreeDeployment'>>();
  #list: readonly RawDeployment[] = [];
  #notRemoved: readonly NotRemoved[] = [];
  readonly #damaged: readonly DamagedFile[];

  private constructor(path: string, handle: Handle<'OstreeSysroot'>, damaged: readonly DamagedFile[]) {
    this.path = path;
    this.#handle = handle;
    this.#damaged = damaged;
  }

  /**
   * Open and load. libostree lists no deployment at all when one origin or a file of remotes.d isn't a key file: such files are covered for
   * this process, deployments with such an origin listed with `originDamage`, and every change refused. Throws what `unloadable` makes of
   * libostree's words, `sysroot.no-time`, and `origin.unreadable`, `remote.unreadable`, `remote.duplicate` naming the file where it can't be covered
   * (without root's rights, or not asked for).
   */
  static open(path: string, { cover = true } = {}): Sysroot {
    requireTime(path);
    const damaged: DamagedFile[] = [];
    for (;;) {
      const opened = Sysroot.#tryOpen(path, damaged);
      if (opened instanceof Sysroot) return opened;
      const { file } = opened;
      const unreadable = (cause: unknown): TreelineError => unreadableFile(file, cause);
      if (!cover || damaged.some((known) => known.subject === file.subject)) throw unreadable(opened.error);
      try {
        maskFile(file.subject);
      } catch (error) {
        throw unreadable(error);
      }
      damaged.push(file);
    }
  }

  static #tryOpen(path: string, damaged: readonly DamagedFile[]): Sysroot | { file: DamagedFile; error: unknown } {
    using location = file(path);
    const sysroot = new Sysroot(path, new Handle(sysrootNew(location.pointer), `OstreeSysroot ${path}`), damaged);
    try {
      initializeNs(sysroot.pointer, null);
      load(sysroot.pointer, null);
      sysroot.#read();
      return sysroot;
    } catch (error) {
      sysroot[Symbol.dispose]();
      const detail = error instanceof TreelineError ? (error.report.detail ?? error.message) : String(error);
      const found = damagedFile(path, detail);
      if (found) return { file: found, error };
      throw unloadable(path, detail, error);
    }
  }

  get pointer(): Pointer<'OstreeSysroot'> {
    return this.#handle.pointer;
  }

  get isBooted(): boolean {
    return Boolean(getBooted(this.pointer));
  }

  get repo(): Repo {
    if (!this.#repo) {
      const out: [unknown] = [null];
      getRepo(this.pointer, out, null);
      using owned = new Handle<'OstreeRepo'>(out[0], 'OstreeRepo');
      this.#repo = Repo.borrow(owned.pointer, `${this.path.replace(/\/$/, '')}/ostree/repo`);
    }
    return this.#repo;
  }

  /** What had to be covered so that libostree loads the rest, apart from origins, which deployments tell. */
  get problem(): TreelineError | undefined {
    const found = this.#damaged.find(({ code }) => code !== 'origin.unreadable');
    return found && unreadableFile(found);
  }

  get notRemoved(): readonly NotRemoved[] {
    return this.#notRemoved;
  }

  deployments(): readonly RawDeployment[] {
    return this.#list;
  }

  mergeDeployment(osname: string): RawDeployment | undefined {
    const pointer = getMerge(this.pointer, osname);
    if (!pointer) return undefined;
    using owned = new Handle<'OstreeDeployment'>(pointer, 'merge deployment');
    const { id } = readDeployment(this.pointer, owned.pointer, false);
    return this.#list.find((d) => d.id === id);
  }

  lock(): void {
    // other programs, the one that finalizes at shutdown among them, still can't load this sysroot
    const [damaged] = this.#damaged;
    if (damaged) throw unreadableFile(damaged);
    if (this.#locked) return;
    const acquired: [number] = [0];
    tryLock(this.pointer, acquired);
    if (!acquired[0]) throw new TreelineError('sysroot.locked', { subject: this.path });
    this.#locked = true;
    this.reload();
  }

  damagedObjects(commits: readonly string[]): readonly DamagedObject[] {
    return damagedObjects(this.repo, commits, this.#openedMs);
  }

  removeDamaged(damaged: readonly DamagedObject[], commits: readonly string[]): { complete(): void } {
    return removeDamaged(this.repo, damaged, commits);
  }

  stageOverlayInitrd(image: Uint8Array): string {
    const directory = mkdtempSync(join(tmpdir(), 'treeline-initrd-'));
    try {
      const file = join(directory, 'image');
      writeFileSync(file, image, { mode: 0o600 });
      const fd = openSync(file, 'r');
      try {
        const out: [unknown] = [null];
        stageInitrd(this.pointer, fd, out, null);
        const name = koffi.decode(out[0], 'char', -1) as string;
        free(out[0] as bigint);
        return name;
      } finally {
        closeSync(fd);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  deployTree(request: NewDeployment): string {
    return this.#newTree(deployTree, request);
  }

  stageTree(request: NewDeployment): string {
    const id = this.#newTree(stageTree, request);
    load(this.pointer, null);
    this.#read();
    return id;
  }

  writeDeployments(ids: readonly string[], postclean: boolean): void {
    using scope = new Scope();
    const array = scope.own<'GPtrArray'>(arrayNew(), 'GPtrArray', ptrArrayUnref);
    for (const id of ids) arrayAdd(array, this.#get(id));
    const opts = { do_postclean: 0, hole: new Array<number>(15).fill(0), unused_ptrs: new Array<null>(7).fill(null) };
    writeDeployments(this.pointer, array, opts, null);
    this.#settle(postclean);
  }

  simpleWriteDeployment(id: string, mergeId: string | undefined, keep: { pending: boolean; rollback: boolean }): void {
    const { noClean, retainPending, retainRollback } = simpleWriteFlags;
    const flags = noClean | (keep.pending ? retainPending : 0) | (keep.rollback ? retainRollback : 0);
    const osname = id.replace(/-[0-9a-f]{64}\.\d+$/, '');
    simpleWrite(this.pointer, osname, this.#get(id), mergeId === undefined ? null : this.#get(mergeId), flags, null);
    this.#settle(true);
  }

  /**
   * Cleaning up removes what the old boot entries lead to, so the boot loader must see the new ones before: libostree's own cleaning up right after
   * writing doesn't wait for that.
   */
  #settle(postclean: boolean): void {
    checkpoint(join(this.path, 'boot'));
    this.#read();
    if (!postclean) return;
    this.#clean(sysrootCleanup);
    this.#read();
  }

  /** What can't be removed (an immutable file within) is tried again at every cleaning up, and must not make the change before it look failed. */
  #clean(call: typeof sysrootCleanup): void {
    try {
      call(this.pointer, null);
      this.#notRemoved = [];
    } catch (error) {
      const detail = error instanceof TreelineError ? (error.report.detail ?? error.message) : String(error);
      const known = new Set(this.#list.map(({ directory }) => join(this.path, directory)));
      const left = deploymentFolders(this.path).filter((folder) => !known.has(folder));
      this.#notRemoved = (left.length > 0 ? left : [join(this.path, 'ostree')]).map((path) => ({ path, detail }));
    }
  }

  setPinned(id: string, pinned: boolean): void {
    setPinned(this.pointer, this.#get(id), pinned ? 1 : 0);
    // libostree keeps the old flag in memory until it loads again
    load(this.pointer, null);
    this.#read();
  }

  cleanup(): PruneResult {
    this.#clean(prepareCleanup);
    const zeros = [0, 0, 0, 0, 0, 0];
    // libostree adds what the deployments hold to this set
    using reachable = new Handle<'GHashTable'>(newReachable(), 'reachable objects', tableUnref);
    const options = {
      flags: pruneRefsOnly,
      hole: 0,
      reachable: reachable.pointer,
      unused_bools: zeros,
      unused_ints: zeros,
      unused_ptrs: [...zeros, 0].map(() => null),
    };
    const pruned: [number] = [0];
    const bytes: [number | bigint] = [0];
    cleanupPrune(this.pointer, options, [0], pruned, bytes, null);
    this.#clean(sysrootCleanup);
    this.reload();
    return { objectsPruned: pruned[0], bytesFreed: Number(bytes[0]) };
  }

  reload(): void {
    const changed: [number] = [0];
    loadIfChanged(this.pointer, changed, null);
    this.#read();
  }

  [Symbol.dispose](): void {
    this.#forget();
    this.#repo?.[Symbol.dispose]();
    if (this.#locked) unlock(this.pointer);
    this.#locked = false;
    this.#handle[Symbol.dispose]();
  }

  #get(id: string): D {
    const handle = this.#known.get(id);
    if (!handle) throw new TreelineError('deployment.not-found', { subject: id });
    return handle.pointer;
  }

  #newTree(call: typeof deployTree, request: NewDeployment): string {
    using scope = new Scope();
    const origin = keyFile(request.originText);
    scope.defer(() => origin[Symbol.dispose]());
    const out: [unknown] = [null];
    const merge = request.mergeId === undefined ? null : this.#get(request.mergeId);
    const strv = (texts: readonly string[] | undefined): (string | null)[] | null => (texts ? [...texts, null] : null);
    const options = {
      hole: new Array<number>(16).fill(0),
      override_kernel_argv: strv(request.kernelArgs),
      overlay_initrds: strv(request.overlayInitrds),
      unused_ptrs: new Array<null>(6).fill(null),
    };
    call(this.pointer, request.osname, request.checksum, origin.pointer, merge, options, out, null);
    const handle = new Handle<'OstreeDeployment'>(out[0], 'new deployment');
    const { id } = readDeployment(this.pointer, handle.pointer, false);
    this.#known.get(id)?.[Symbol.dispose]();
    this.#known.set(id, handle);
    return id;
  }

  #read(): void {
    this.#forget();
    const array = new Handle<'GPtrArray'>(getDeployments(this.pointer), 'deployments', ptrArrayUnref);
    using _ = array;
    const booted = getBooted(this.pointer) as bigint | null;
    this.#list = pointersOf(array.pointer).map((pointer) => {
      const handle = new Handle<'OstreeDeployment'>(objectRef(pointer), 'OstreeDeployment');
      const read = readDeployment(this.pointer, handle.pointer, pointer === booted);
      const damage = this.#damaged.find(({ subject }) => subject === `${join(this.path, read.directory)}.origin`)?.detail;
      const raw = damage === undefined ? read : { ...read, originText: undefined, originDamage: damage };
      this.#known.set(raw.id, handle);
      return raw;
    });
  }

  #forget(): void {
    for (const handle of this.#known.values()) handle[Symbol.dispose]();
    this.#known = new Map();
  }
}

function unreadableFile({ code, ...fields }: DamagedFile, cause?: unknown): TreelineError {
  return new TreelineError(code, fields, { cause });
}
