// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { run } from '../packages/commands.ts';
import type { OsVersion } from '../packages/seed.ts';
import { branch, treeline, type TestOs } from './compose-os.ts';

export const stateroot = 'testos';
export const remote = 'test';

/** A disk with a version of the test system, made by `treeline compose disk`. */
export async function makeDisk(os: TestOs, version: OsVersion, directory: string, options: readonly string[] = []): Promise<string> {
  const disk = path.join(directory, `disk-${version}.raw`);
  await run(process.execPath, [
    ...[treeline, '--quiet', 'compose', 'disk', `--repo=${os.repo}`, os.commits[version], disk, `--ref=${branch}`],
    ...[`--stateroot=${stateroot}`, '--karg=console=ttyS0', `--remote=${remote}`, '--remote-url=http://10.0.2.100/repo'],
    ...[`--remote-key=${os.publicKey}`, ...options],
  ]);
  return disk;
}
