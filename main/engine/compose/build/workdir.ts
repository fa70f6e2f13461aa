// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { privateDirectory } from '../../../files/index.ts';
import type { FileLock } from '../../base/ports/publish.ts';

/** Where packages and metadata are kept when --cachedir isn't given. */
export function defaultCachedir(): string {
  const base = process.getuid?.() === 0 ? '/var/cache' : (process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'));
  return path.join(base, 'treeline/compose');
}

/** The repository of unpacked packages in a cache directory. */
export const packageCacheIn = (cachedir: string): string => path.join(cachedir, 'pkgcache-repo');

/**
 * The directory of packages and metadata, made when it isn't there. Nobody else may enter it: packages' setuid programs lie in it as they are. One of an earlier
 * version is closed; one that holds no cache of ours (a directory of others, given by mistake) stays as it is.
 */
export function openCachedir(given: string | undefined): string {
  const cachedir = path.resolve(given ?? defaultCachedir());
  privateDirectory(cachedir);
  const repo = packageCacheIn(cachedir);
  if (existsSync(repo)) for (const directory of [repo, cachedir]) close(directory);
  return cachedir;
}

/** Take a directory of this user's away from others. */
export function close(directory: string): void {
  const { mode, uid } = lstatSync(directory);
  if (uid === process.getuid?.() && (mode & 0o077) !== 0 && (mode & 0o1000) === 0) chmodSync(directory, 0o700);
}

/** A directory of our own (never one of a tree), made with those above it that are missing. Returns its path. */
export function ownDirectory(...parts: readonly string[]): string {
  const directory = path.join(...parts);
  mkdirSync(directory, { recursive: true });
  return directory;
}

/** Names of directories of composes, and of their locks. */
const ofCompose = /^(work\.[0-9a-f]+)(\.lock)?$/;

/** A directory for one compose, gone afterwards; those whose composes died are removed, too. Like the cache, it is closed to others. */
export class Workdir implements Disposable {
  readonly path: string;
  readonly #lock: Disposable | undefined;

  constructor(parent: string, lock: FileLock) {
    privateDirectory(parent);
    removeAbandoned(parent, lock);
    // no process number: composes run in process namespaces of their own
    this.path = path.join(parent, `work.${randomBytes(8).toString('hex')}`);
    const held = lock(lockOf(this.path), 'compose');
    this.#lock = 'holder' in held ? undefined : held;
    mkdirSync(this.path, { mode: 0o700 });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
    rmSync(lockOf(this.path), { force: true });
    this.#lock?.[Symbol.dispose]();
  }
}

const lockOf = (workdir: string): string => `${workdir}.lock`;

function removeAbandoned(parent: string, lock: FileLock): void {
  const names = new Set(readdirSync(parent).flatMap((name) => ofCompose.exec(name)?.[1] ?? []));
  for (const name of names) {
    const directory = path.join(parent, name);
    const held = lock(lockOf(directory), 'removal');
    if ('holder' in held) continue;
    rmSync(directory, { recursive: true, force: true });
    rmSync(lockOf(directory), { force: true });
    held[Symbol.dispose]();
  }
}
