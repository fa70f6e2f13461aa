// SPDX-License-Identifier: LGPL-2.1-or-later
import type { NotRemoved } from '../../../../shared/domain/index.ts';
import type { GVariantOf, MetadataObjects } from './gvariant-types.ts';

/** A deployment as libostree reports it, copied out of the library. */
export interface RawDeployment {
  /** `OSNAME-CHECKSUM.SERIAL` */
  readonly id: string;
  readonly osname: string;
  readonly checksum: string;
  readonly serial: number;
  readonly bootChecksum: string;
  readonly bootSerial: number;
  readonly index: number;
  readonly booted: boolean;
  readonly staged: boolean;
  readonly pinned: boolean;
  readonly unlocked: 'none' | 'development' | 'hotfix' | 'transient' | 'unknown';
  /** Text of the origin file; missing when there is none or it can't be read. */
  readonly originText?: string | undefined;
  /** What is wrong with an origin file that isn't a key file. */
  readonly originDamage?: string;
  readonly bootConfig: Readonly<Record<string, string>>;
  readonly overlayInitrds: readonly string[];
  /** Directory relative to the sysroot: ostree/deploy/OSNAME/deploy/CHECKSUM.SERIAL */
  readonly directory: string;
}

export interface NewDeployment {
  readonly osname: string;
  readonly checksum: string;
  readonly originText: string;
  /** Id of the deployment whose /etc and kernel arguments are taken over. */
  readonly mergeId?: string;
  /** All kernel arguments, without `ostree=`; missing = those of the merge deployment. */
  readonly kernelArgs?: readonly string[];
  /** Names of overlay initramfs images that stageOverlayInitrd() gave, which the kernel unpacks over the tree's. */
  readonly overlayInitrds?: readonly string[];
}

/** An object in the sysroot's repository that isn't there, or isn't what its name says. */
export interface DamagedObject {
  readonly type: ObjectKind;
  readonly checksum: string;
  /** Where it is in the tree of the commit, first found; '' for the commit itself. */
  readonly path: string;
  readonly detail: string;
}

export interface PruneResult {
  readonly objectsPruned: number;
  readonly bytesFreed: number;
}

/** What the engine needs of an OSTree sysroot. Synchronous; errors are TreelineErrors. */
export interface SysrootPort {
  readonly path: string;
  /** The running system lives in this sysroot. */
  readonly isBooted: boolean;
  readonly repo: RepoPort;
  /** What cleaning up couldn't remove so far. The changes before it are made all the same, so it doesn't make them fail. */
  readonly notRemoved: readonly NotRemoved[];
  /** Staged first, then boot order. */
  deployments(): readonly RawDeployment[];
  /** The deployment whose /etc a new one of this stateroot starts from, undefined for a first one. */
  mergeDeployment(osname: string): RawDeployment | undefined;
  /**
   * Take the sysroot's lock, released with the port; every change needs it. Throws `sysroot.locked` at once when another program has it,
   * `origin.unreadable` while an origin file is damaged.
   */
  lock(): void;
  /** What of these commits is damaged here, as far as no deployment runs with it and it wasn't imported since this sysroot was opened. */
  damagedObjects(commits: readonly string[]): readonly DamagedObject[];
  /** Remove these, to be fetched anew; until `complete` is called the commits that share them count as incomplete. */
  removeDamaged(damaged: readonly DamagedObject[], commits: readonly string[]): { complete(): void };
  /** Keep an initramfs image for a deployment that is about to be made; returns its name, the SHA-256 of its content. It lies in /run until then. */
  stageOverlayInitrd(image: Uint8Array): string;
  /** Make a deployment (checkout, /etc merge, SELinux); it gets into the boot order by writeDeployments. Returns its id. */
  deployTree(request: NewDeployment): string;
  /** Make a deployment that is finalized at shutdown. Returns its id. */
  stageTree(request: NewDeployment): string;
  /** Make exactly these, in this order, the bootable ones. A staged one that isn't listed is discarded. */
  writeDeployments(ids: readonly string[], postclean: boolean): void;
  /** As `ostree admin deploy`: put `id` in front, drop what is neither booted, merge, pinned, nor (if asked) pending or rollback. */
  simpleWriteDeployment(id: string, mergeId: string | undefined, keep: { pending: boolean; rollback: boolean }): void;
  setPinned(id: string, pinned: boolean): void;
  /** Remove unreferenced deployments, boot files and objects. */
  cleanup(): PruneResult;
  /** Read everything anew if it changed on disk. */
  reload(): void;
}

export type ObjectKind = 'file' | 'dirtree' | 'dirmeta' | 'commit';

/** A commit object; see native/ostree/commit.ts. */
export interface CommitPort {
  readonly checksum: string;
  /** Serialised bytes, what signatures are made over. */
  readonly bytes: Uint8Array;
  readonly state: 'normal' | 'partial' | 'fsck-partial';
  /** '' for a first commit. */
  readonly parent: string;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly subject: string;
  readonly version: string;
  readonly rootDirtree: string;
  readonly rootDirmeta: string;
  /** Key -> Variant (native/core/gvariant-format.ts). */
  readonly metadata: ReadonlyMap<string, unknown>;
  /** Metadata value without its variant wrapper, undefined if missing or of another GVariant type. */
  value<const S extends string>(key: string, type: S): GVariantOf<S> | undefined;
}

/** What the engine reads of a repository. */
export interface RepoPort {
  readonly path: string;
  tryResolveRev(refspec: string): string | undefined;
  resolveRev(refspec: string): string;
  listRefs(prefix?: string): ReadonlyMap<string, string>;
  loadCommit(checksum: string): CommitPort;
  tryLoadCommit(checksum: string): CommitPort | undefined;
  hasObject(type: ObjectKind, checksum: string): boolean;
  /** A dirtree or dirmeta object. */
  loadMetadata<K extends keyof MetadataObjects>(type: K, checksum: string): MetadataObjects[K];
  /** Bytes the object takes in this repository. */
  objectStorageSize(type: ObjectKind, checksum: string): number;
  setRef(ref: string, checksum: string | null, remote?: string): void;
  hasRemote(name: string): boolean;
  remoteUrl(name: string): string;
  remoteOption(name: string, option: string): string | undefined;
  /** Detached metadata (signatures) without variant wrappers' types: key -> value. */
  detachedSignatures(checksum: string, key: string): readonly Uint8Array[];
}
