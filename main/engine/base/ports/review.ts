// SPDX-License-Identifier: LGPL-2.1-or-later
import type { FileType } from '../../../../shared/domain/index.ts';
import type { RpmdbQuery } from './db.ts';
import type { InstalledPackage } from './rpm.ts';
import type { ObjectKind, RepoPort } from './sysroot.ts';

/** A file object of a repository: a regular file or a symbolic link. */
export interface RepoFile {
  readonly type: Extract<FileType, 'file' | 'symlink'>;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** Of links, else ''. */
  readonly linkTarget: string;
  /** Whole content of a regular file that isn't larger than was asked for. */
  readonly content?: Buffer;
}

/** Reads objects of any repository mode, parents included. Errors are the `repo.*` codes. */
export interface ObjectReader {
  /** `contentUpToBytes` 0: attributes only. */
  file(repo: RepoPort, checksum: string, contentUpToBytes: number): RepoFile;
  /** Throws `repo.corrupt` when an object isn't what its name says. What was fetched without privileges is looked at only after that. */
  verify(repo: RepoPort, type: ObjectKind, checksum: string): void;
}

/** The extended attributes that somebody gave a file, in a form to compare; '' for none. */
export type OwnAttributes = (path: string) => string;

/** Copy a file, or what a directory holds, of a commit's tree into a directory that is there. */
export type CopyPart = (repo: RepoPort, checksum: string, part: string, directory: string) => void;

/** Packages of the RPM database in a commit's tree; undefined when it holds none. Throws `rpmdb.unreadable`. */
export type ReadCommitRpmdb = (repo: RepoPort, checksum: string, query: RpmdbQuery) => readonly InstalledPackage[] | undefined;
