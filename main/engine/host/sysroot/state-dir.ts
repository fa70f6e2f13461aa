// SPDX-License-Identifier: LGPL-2.1-or-later
import { rmSync } from 'node:fs';
import path from 'node:path';
import { atomicFile, readJsonFile, tryAtomicFile } from '../../../files/index.ts';
import { requireStateroot } from '../../base/names/stateroot-name.ts';

/** Where Treeline remembers things of a stateroot, and where it keeps what can be fetched again. */
export interface StateDir {
  /** /var/lib/treeline of the stateroot. */
  readonly state: string;
  /** /var/cache/treeline of the stateroot. */
  readonly cache: string;
}

/** On a booted host /var is the running one; otherwise the stateroot's var below the sysroot. */
export function stateDir(sysroot: string, osname: string, booted: boolean): StateDir {
  // what is there already may have a name that we wouldn't give; it mustn't lead elsewhere
  if (/[/\0]|^\.\.?$/.test(osname)) requireStateroot(osname);
  const root = booted && path.resolve(sysroot) === '/' ? '/' : path.join(sysroot, 'ostree/deploy', osname);
  return { state: path.join(root, 'var/lib/treeline'), cache: path.join(root, 'var/cache/treeline') };
}

/** Metadata of package repositories and downloaded packages, below a stateroot's cache directory: one for looking, refreshing and layering. */
export const packageCachedir = (cache: string): string => path.join(cache, 'packages');

/** Content of a JSON file, undefined when it is missing, damaged, or not what it should be: state files are a memory, not a truth. */
export function readJson<T>(file: string, is: (value: unknown) => value is T): T | undefined {
  try {
    const value = readJsonFile(file);
    return is(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Write a JSON file so that a reader sees the old or the new one, never a part. Directories are made. */
export function writeJson(file: string, value: unknown): void {
  atomicFile(file, `${JSON.stringify(value)}\n`, { makeDirectories: true });
}

/** As writeJson, for what is only a memory: a full or read-only disk doesn't fail the job. */
export function tryWriteJson(file: string, value: unknown): void {
  tryAtomicFile(file, `${JSON.stringify(value)}\n`, { makeDirectories: true });
}

/** Remove a file that may be missing; one that can't be removed is read again next time. */
export function removeFile(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    return;
  }
}
