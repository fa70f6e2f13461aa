// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';
import { bind } from '../core/index.ts';

/** unshare(2), mount(2), umount2(2). */
const unshare = bind('c', 'unshare', 'int', ['int']);
const mount = bind('c', 'mount', 'int', ['str', 'str', 'str', 'ulong', 'str']);
const umount = bind('c', 'umount2', 'int', ['str', 'int']);
const cloneNewNamespace = 0x00020000;
const flags = { remount: 1 << 5, bind: 1 << 12, recursive: 1 << 14, private: 1 << 18, silent: 1 << 15, detach: 2 } as const;

let isolated = false;

function failed(what: string): TreelineError {
  const code = koffi.errno();
  const name = Object.entries(koffi.os.errno).find(([, value]) => value === code)?.[0] ?? `errno ${code}`;
  return new TreelineError(code === koffi.os.errno['ENOSPC'] ? 'disk.full' : 'compose.sandbox', {
    subject: what,
    detail: `${what}: ${name}`,
  });
}

/**
 * Give this process's main thread, and every program it starts from now on, a mount namespace of its own: what is mounted
 * here vanishes with the process, however it ends. Needs CAP_SYS_ADMIN (root, or root of a user namespace).
 */
export function isolateMounts(): void {
  if (isolated) return;
  if ((unshare(cloneNewNamespace) as number) !== 0) throw failed('A private mount namespace');
  if ((mount('none', '/', null, flags.recursive | flags.private, null) as number) !== 0) throw failed('Making mounts private');
  isolated = true;
}

const escape = (path: string): string => path.replace(/[\\:,]/g, (c) => `\\${c}`);

export interface Overlay extends Disposable {
  readonly merged: string;
}

/**
 * Mount an overlay of `lower` at `merged`; all writes go to `upper`. In a user namespace the kernel keeps its own notes in user.*
 * attributes (`userxattr`, kernel's filesystems/overlayfs.rst).
 */
export function mountOverlay(paths: { lower: string; upper: string; work: string; merged: string }): Overlay {
  isolateMounts();
  const base = `lowerdir=${escape(paths.lower)},upperdir=${escape(paths.upper)},workdir=${escape(paths.work)}`;
  if (
    (mount('overlay', paths.merged, 'overlay', 0, `${base},index=off,xino=off,redirect_dir=off,metacopy=off`) as number) !== 0 &&
    (mount('overlay', paths.merged, 'overlay', 0, `${base},userxattr`) as number) !== 0
  )
    throw failed(`Overlay at ${paths.merged}`);
  return {
    merged: paths.merged,
    [Symbol.dispose]() {
      if ((umount(paths.merged, 0) as number) !== 0) umount(paths.merged, flags.detach);
    },
  };
}

/** A tmpfs for this process and those it starts. Needs what isolateMounts() needs. */
export function mountTmpfs(directory: string): Disposable {
  isolateMounts();
  if ((mount('tmpfs', directory, 'tmpfs', 0, 'mode=0755') as number) !== 0) throw failed(`A tmpfs at ${directory}`);
  return {
    [Symbol.dispose]() {
      if ((umount(directory, 0) as number) !== 0) umount(directory, flags.detach);
    },
  };
}

/** Let this process alone find the file empty; on disk nothing changes. Needs what isolateMounts() needs. */
export function maskFile(path: string): void {
  isolateMounts();
  // a file of its own, not /dev/null: libostree takes regular files only. It may be removed once it is mounted.
  const directory = mkdtempSync(join(tmpdir(), 'treeline-empty-'));
  try {
    const empty = join(directory, 'empty');
    writeFileSync(empty, '');
    if ((mount(empty, path, null, flags.bind, null) as number) !== 0) throw failed(`Covering ${path}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Make a mount writable for this process alone, as libostree does it. False where it stays as it is (it is no mount, for one): who then can't write there is told why by
 * what he writes. Needs what isolateMounts() needs.
 */
export function remountWritable(path: string): boolean {
  isolateMounts();
  return (mount(path, path, null, flags.remount | flags.silent, null) as number) === 0;
}

/** Whether what is mounted there, as this process sees it, is an overlay that takes writes (proc(5), mountinfo). */
export function isOverlaid(path: string): boolean {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const last = lines.findLast((line) => line.split(' ')[4] === path);
  return last !== undefined && / - overlay .*\bupperdir=/.test(last);
}
