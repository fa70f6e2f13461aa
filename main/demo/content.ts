// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { run } from './processes.ts';
import type { DemoPaths } from './state.ts';

export const demoRemote = 'meadow';
export const demoStateroot = 'meadow';

/** What the demo's server offers: written to content.json when complete. */
const demoContent = z.object({
  ref: z.string(),
  /** Oldest first; the first is what the demo host starts with. */
  releases: z.array(z.object({ checksum: z.string(), version: z.string() })),
  /** Fingerprint of what it was made of; another one means: make it again. */
  madeFrom: z.string(),
});
export type DemoContent = Readonly<z.infer<typeof demoContent>>;

export function readContent(paths: DemoPaths): DemoContent | undefined {
  if (!existsSync(paths.content)) return undefined;
  return demoContent.parse(JSON.parse(readFileSync(paths.content, 'utf8')));
}

/** Let the server offer release `number` (1 = the first) as the newest of the demo's branch. */
export async function publishRelease(paths: DemoPaths, content: DemoContent, number: number): Promise<void> {
  const checksum = content.releases[number - 1]?.checksum;
  if (!checksum) throw new RangeError(`there is no release ${number}`);
  const repo = `--repo=${paths.repo}`;
  await run('ostree', [repo, 'refs', '--force', `--create=${content.ref}`, checksum]);
  await run('ostree', [repo, 'summary', '--update']);
}

/** Number of the release that is offered now. */
export async function publishedRelease(paths: DemoPaths, content: DemoContent): Promise<number> {
  const checksum = await run('ostree', [`--repo=${paths.repo}`, 'rev-parse', content.ref]);
  return content.releases.findIndex((release) => release.checksum === checksum) + 1;
}

/** Install release 1 into the (mounted, empty) sysroot, as an installer does. `url`: where the repository is served. */
export async function installFirstRelease(paths: DemoPaths, content: DemoContent, url: string): Promise<void> {
  const { sysroot } = paths;
  await publishRelease(paths, content, 1);
  await run('ostree', ['admin', 'init-fs', sysroot]);
  await run('ostree', ['admin', 'os-init', `--sysroot=${sysroot}`, demoStateroot]);
  const repo = `--repo=${path.join(sysroot, 'ostree/repo')}`;
  await run('ostree', [repo, 'remote', 'add', `--gpg-import=${paths.publicKey}`, demoRemote, url, content.ref]);
  await run('ostree', [repo, 'pull', demoRemote, content.ref]);
  const kargs = ['root=LABEL=treeline-demo', 'rw', 'quiet'].map((karg) => `--karg=${karg}`);
  await run('ostree', ['admin', 'deploy', `--sysroot=${sysroot}`, `--os=${demoStateroot}`, ...kargs, `${demoRemote}:${content.ref}`]);
}

/** The server takes another port at each start when the old one is in use. */
export async function pointRemoteTo(paths: DemoPaths, url: string): Promise<void> {
  const repo = `--repo=${path.join(paths.sysroot, 'ostree/repo')}`;
  await run('ostree', [repo, 'config', 'set', '--group', `remote "${demoRemote}"`, 'url', url]);
}

export function isInstalled(paths: DemoPaths): boolean {
  return existsSync(path.join(paths.sysroot, 'boot/loader/entries'));
}
