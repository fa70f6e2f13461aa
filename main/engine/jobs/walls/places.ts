// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { readRegularFile } from '../../../files/index.ts';
import type { HandedTreefile } from '../../compose/treefile/treefile-handover.ts';

/** What of the machine a job needs to see, beside its programs. */
export interface Needs {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Files and directories that the job makes, or replaces as a whole. */
  readonly makes?: readonly string[];
  /** Trees beside which something else is made, on the same mount. */
  readonly trees?: readonly string[];
  /** Its temporary files may be as large as a system: they are not to lie in memory. */
  readonly isLarge?: boolean;
  /** It mounts file systems out of files: loop devices (loop(4)). */
  readonly usesLoopDevices?: boolean;
  /** The treefile that was read to find this out. */
  readonly treefile?: HandedTreefile;
}

export const isRoot = (place: string): boolean => path.resolve(place) === '/';

/** Directories in which much lies that is no business of a compose: of them, files are shown one by one. */
export function isWide(directory: string): boolean {
  const parts = directory.split('/').filter((part) => part !== '');
  return parts.length < 2 || directory === homedir() || parts[0] === 'home' || ['/var/tmp', '/var/lib', '/var/home'].includes(directory);
}

export const given = (...files: readonly (string | undefined)[]): string[] => files.filter((file) => file !== undefined);

/** A repository may take its objects from another one (core.parent of ostree.repo-config(5)). */
export function parentOf(repo: string | undefined): string[] {
  if (repo === undefined) return [];
  try {
    return given(/^parent=(.+)$/m.exec(readRegularFile(path.join(repo, 'config')).toString())?.[1]);
  } catch {
    return [];
  }
}

/** A directory that the job fills: made here, because only what is there can be shown. */
export function made(directory: string): string {
  if (!existsSync(directory)) {
    mkdirSync(directory, { recursive: true });
    madeDirectories.add(directory);
  }
  return directory;
}

/** Directories that were made for jobs of this process: those that stay empty go again. */
export const madeDirectories = new Set<string>();
