// SPDX-License-Identifier: LGPL-2.1-or-later
import type { SysrootPort } from './sysroot.ts';

/** What writing a disk needs of the libraries and the kernel. */
export interface DiskPort {
  /** Make a sysroot with one empty stateroot in an existing directory. `inUse`: of a system; else it is scratch that can be removed again. */
  createSysroot(directory: string, stateroot: string, inUse: boolean): void;
  openSysroot(directory: string, inUse: boolean): NewSysroot;
  /** Checksum that a branch or checksum of a repository stands for. Throws `repo.open`, `repo.revision-not-found`. */
  resolve(repo: string, revision: string): string;
  /** A tmpfs, in this process's mount namespace only. */
  mountScratch(directory: string): Disposable;
}

export interface NewSysroot extends SysrootPort, Disposable {
  importCommit(fromRepo: string, checksum: string, onProgress: (objectsDone: number) => void): void;
  setRemote(name: string, url: string, options: Readonly<Record<string, string | boolean>>): void;
  importGpgKeys(remote: string, key: Uint8Array): void;
  /** Write one key of the repository's configuration. */
  configure(group: string, key: string, value: string): void;
}
