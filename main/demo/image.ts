// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { run, tryRun } from './processes.ts';
import type { DemoPaths } from './state.ts';

const imageBytes = 3 * 1024 ** 3;

/**
 * Mount the demo's own file system at `paths.sysroot`: a sparse ext4 image, or a tmpfs where loop devices aren't available. Call in a mount
 * namespace of its own. Returns which. The image exists so that libostree, which freezes the file system under /boot while it writes
 * boot entries, never freezes the machine's.
 */
export async function mountSysroot(paths: DemoPaths): Promise<'image' | 'tmpfs'> {
  mkdirSync(paths.sysroot, { recursive: true });
  await releaseLeftOver(paths);
  if (!existsSync(paths.image)) {
    await run('truncate', ['-s', String(imageBytes), paths.image]);
    await run('mke2fs', ['-q', '-F', '-t', 'ext4', '-m', '0', '-L', 'treeline-demo', paths.image]);
  }
  const mounted = await tryRun('mount', ['-o', 'loop,noatime', paths.image, paths.sysroot]);
  if (mounted.code === 0) return 'image';
  await run('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', paths.sysroot]);
  return 'tmpfs';
}

/** Undo `mountSysroot`. A file system that a killed writer left frozen is thawed first: it couldn't be unmounted. */
export async function unmountSysroot(paths: DemoPaths): Promise<void> {
  if (!isMounted(paths)) return;
  await tryRun('fsfreeze', ['--unfreeze', paths.sysroot]);
  const { code } = await tryRun('umount', [paths.sysroot]);
  if (code !== 0) await run('umount', ['--lazy', paths.sysroot]);
}

export async function removeImage(paths: DemoPaths): Promise<void> {
  await releaseLeftOver(paths);
  rmSync(paths.image, { force: true });
}

/** A frozen file system outlives its last mount and holds its loop device: mounting the device again reaches it, so that it can be thawed. */
async function releaseLeftOver(paths: DemoPaths): Promise<void> {
  if (!existsSync(paths.image)) return;
  const { stdout } = await tryRun('losetup', ['--noheadings', '--output', 'NAME', '--associated', paths.image]);
  for (const device of stdout.split('\n').filter(Boolean)) {
    if ((await tryRun('mount', [device, paths.sysroot])).code === 0) await unmountSysroot(paths);
    await tryRun('losetup', ['--detach', device]);
  }
}

function isMounted(paths: DemoPaths): boolean {
  return statSync(paths.sysroot).dev !== statSync(paths.state).dev;
}
