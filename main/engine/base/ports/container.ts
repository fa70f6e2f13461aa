// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Signing } from './compose-store.ts';
import type { Dirtree } from './gvariant-types.ts';
import type { RepoPort } from './sysroot.ts';

/** A file object with its content. */
export interface FileObject {
  readonly isLink: boolean;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly linkTarget: string;
  /** Serialised `a(ayay)`. */
  readonly xattrs: Buffer;
  /** The content piece by piece; to be read at once, and to its end. */
  content(): Iterable<Buffer>;
}

/** What an image is made of. */
export interface ImageSource extends Disposable {
  readonly repo: RepoPort;
  /** An object's bytes as the repository keeps metadata. */
  metadataBytes(type: 'commit' | 'dirtree' | 'dirmeta', checksum: string): Buffer;
  /** Serialised detached metadata of a commit; undefined when it has none. */
  detachedBytes(checksum: string): Buffer | undefined;
  file(checksum: string): FileObject;
  /** Copy a directory of the commit to `target`; false when it hasn't got it. */
  extract(checksum: string, subpath: string, target: string): boolean;
}

/** Names (with a NUL at the end, as libostree has them) and values. */
export type Attributes = readonly (readonly [name: Buffer, value: Buffer])[];

export interface NewObject {
  readonly uid: number;
  readonly gid: number;
  readonly xattrs: Attributes;
}

/** Labels by the SELinux policy of a commit. */
export interface Labels extends Disposable {
  /** `path` with leading slash, `mode` with the file's type; undefined where the policy says nothing. */
  labelOf(path: string, mode: number): string | undefined;
}

/** Makes objects that no other repository had before, and reads what is there, also of this transaction. */
export interface TreeSink {
  /** A regular file; `mode` are the permission bits. Content follows, then finish(), which gives the checksum. */
  newFile(object: NewObject & { readonly mode: number; readonly sizeBytes: number }): NewFile;
  newLink(object: NewObject & { readonly target: string }): string;
  newDirtree(tree: Dirtree): string;
  /** `mode` are the permission bits. */
  newDirmeta(object: NewObject & { readonly mode: number }): string;
  has(type: 'file' | 'dirtree' | 'dirmeta' | 'commit', checksum: string): boolean;
  dirtree(checksum: string): Dirtree;
  dirmeta(checksum: string): NewObject & { readonly mode: number };
  file(checksum: string): FileObject;
  attributesOf(file: FileObject): Attributes;
  root(commit: string): { readonly dirtree: string; readonly dirmeta: string };
  /** A commit without a parent; the values of `metadata` are built by `variant()`. */
  newCommit(
    root: { readonly dirtree: string; readonly dirmeta: string },
    metadata: ReadonlyMap<string, unknown>,
    timeSeconds: number,
  ): string;
  variant(type: string, value: unknown): unknown;
  /** undefined where the commit has no policy. */
  labels(commit: string): Labels | undefined;
}

export interface NewFile extends Disposable {
  write(piece: Buffer): void;
  finish(): string;
}

/** Takes a commit's objects, in one transaction; every checksum is verified. */
export interface ImageSink extends TreeSink, Disposable {
  /** What was there before. */
  readonly repo: RepoPort;
  writeMetadata(type: 'commit' | 'dirtree' | 'dirmeta', checksum: string, bytes: Buffer): void;
  writeDetached(checksum: string, bytes: Buffer): void;
  writeLink(checksum: string, object: Pick<FileObject, 'uid' | 'gid' | 'linkTarget' | 'xattrs'>): void;
  /** A regular file; `mode` are the permission bits. Content follows, then finish(). */
  openFile(checksum: string, object: Pick<FileObject, 'uid' | 'gid' | 'mode' | 'sizeBytes' | 'xattrs'>): FileSink;
  /** A commit whose files are these objects, each called by its checksum: what keeps a layer of an image. Equal sets give equal commits. */
  writeObjectSet(files: Iterable<string>): string;
  /** Make everything visible, and point refs at commits (undefined: remove the ref). Throws repo.corrupt when an object of one of `commits` is missing. */
  finish(commits: readonly string[], refs: ReadonlyMap<string, string | undefined>): void;
}

export interface FileSink extends Disposable {
  write(piece: Buffer): void;
  finish(): void;
}

/** A plain directory to be committed. */
export interface DirectoryCommit {
  readonly directory: string;
  /** The directory isn't needed afterwards: files may be moved out of it. */
  readonly consume: boolean;
  /** Asked for each path (with leading slash); what isn't wanted is left out. `isSpecial`: a device, pipe or socket. */
  readonly wanted: (path: string, isSpecial: boolean) => boolean;
  readonly subject: string;
  /** a{sv}, built by the store's `variant()`. */
  readonly metadata: ReadonlyMap<string, unknown>;
  readonly timeSeconds: number;
  readonly signing: Signing;
}

/**
 * Make a repository (of plain files, for root) that holds a directory as a commit, labelled by the SELinux policy in it if there is one, /etc as
 * usr/etc. Returns the commit's checksum. Throws container.two-etcs.
 */
export type CommitDirectory = (repo: string, request: DirectoryCommit) => string;

/** Names (without the NUL at the end) and values of serialised attributes (`a(ayay)`), as image layers hold them. */
export type ReadAttributes = (bytes: Buffer) => readonly (readonly [name: string, value: Buffer])[];
