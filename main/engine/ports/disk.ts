import type { SysrootPort } from './sysroot.ts';

/** What writing a disk needs of the libraries and the kernel. */
export interface DiskPort {
  /** Make an empty sysroot with one stateroot in an existing directory. */
  createSysroot(directory: string, stateroot: string): void;
  openSysroot(directory: string): NewSysroot;
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
