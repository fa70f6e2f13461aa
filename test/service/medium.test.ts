// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHostClient, type FullHostClient } from '../../main/client/index.ts';
import { openPlain } from '../../main/engine/base/tree/medium-directory.ts';
import { runJob } from '../../main/engine/jobs/index.ts';
import { startTestHost, workerFile, type TestHost } from './host.ts';

/** Nothing listens here: whatever asks the network fails. */
const nowhere = 'http://127.0.0.1:9/';

let host: TestHost;
let client: FullHostClient;
/** Where a desktop would mount the stick. */
let stick: string;
let mounted = false;

const sh = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

beforeAll(async () => {
  host = await startTestHost();
  client = createHostClient({ address: host.address, clientId: 'test', stay: false });
  const home = path.join(host.dir, 'gpg');
  mkdirSync(home, { mode: 0o700 });
  const gpg = (...args: string[]): string => sh('gpg', '--homedir', home, '--batch', '--yes', '--passphrase', '', ...args);
  gpg('--quick-generate-key', 'Release <r@example.org>', 'ed25519', 'sign', 'never');
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--with-colons', '--list-keys'))?.[1] as string;
  for (const checksum of host.checksums) sh('ostree', `--repo=${host.repo}`, 'gpg-sign', `--gpg-homedir=${home}`, checksum, fingerprint);
  // what is deployed was pulled before it was signed
  sh('ostree', `--repo=${host.sysroot}/ostree/repo`, 'pull-local', '--commit-metadata-only', host.repo, host.checksums[0] ?? '');
  gpg('--output', path.join(home, 'key.gpg'), '--export', fingerprint);
  await client.importKey('test', readFileSync(path.join(home, 'key.gpg')).toString('base64'));
  await client.editRemote('test', { gpgVerify: true, url: nowhere });
  sh('gpgconf', '--homedir', home, '--kill', 'all');
  mkdirSync('/media', { recursive: true });
  stick = mkdtempSync('/media/treeline-test-');
});
afterAll(async () => {
  client?.close();
  if (mounted) sh('umount', stick);
  if (stick) rmdirSync(stick);
  await host?.stop();
});

/** Files through a file system that has no owners, modes or links (FAT, by mtools), then as its driver would show them at a mount point. */
function plug(from: string, masks: { readonly directories: number; readonly files: number }): void {
  const image = path.join(host.dir, 'stick.img');
  rmSync(image, { force: true });
  sh('truncate', '--size=40M', image);
  sh('mkfs.vfat', '-n', 'STICK', image);
  for (const name of readdirSync(from)) sh('mcopy', '-s', '-Q', '-i', image, path.join(from, name), '::');
  if (mounted) sh('umount', stick);
  sh('mount', '-t', 'tmpfs', '-o', 'uid=1000,gid=1000,nosuid,nodev,noexec,size=60m', 'tmpfs', stick);
  mounted = true;
  sh('mcopy', '-s', '-n', '-i', image, '::*', stick);
  sh('chown', '-R', '1000:1000', stick);
  sh('find', stick, '-type', 'f', '-exec', 'chmod', masks.files.toString(8), '{}', '+');
  sh('find', stick, '-type', 'd', '-exec', 'chmod', masks.directories.toString(8), '{}', '+');
}
const readable = { directories: 0o755, files: 0o644 };

async function write(kind: 'repo' | 'delta', release: number, from?: string): Promise<string> {
  host.publish(release);
  const target = mkdtempSync(path.join(host.dir, 'written-'));
  const params = { repo: host.repo, target, refs: ['test/stable'], kind, ...(from ? { from } : {}) };
  await runJob('media.create', params, { worker: workerFile }).done;
  return target;
}

const versions = async (): Promise<string[]> => (await client.snapshot()).deployments.map((d) => d.version);

test('a repository on a FAT stick: found where it is mounted, reviewed, taken without any network', async () => {
  plug(await write('repo', 2), readable);
  const found = (await client.media()).filter((medium) => medium.path.startsWith(stick));
  expect(found).toMatchObject([{ path: `${stick}/treeline`, kind: 'repo', updates: true, refs: [{ ref: 'test/stable', version: '2' }] }]);
  expect(await client.preview({ medium: stick })).toMatchObject({ fromVersion: '1', toVersion: '2', signatures: [{ valid: true }] });
  expect(await versions()).toEqual(['1']);
  expect(await client.upgradeFromMedium(`${stick}/treeline`, {})).toMatchObject({ phase: 'succeeded', changed: true });
  expect(await versions()).toEqual(['2', '1']);
  // the judges
  expect(sh('ostree', 'admin', 'status', `--sysroot=${host.sysroot}`)).toContain('Version: 2');
  sh('ostree', 'fsck', '--quiet', `--repo=${host.sysroot}/ostree/repo`);
  expect((await client.history(1))[0]).toMatchObject({ action: 'deploy', result: 'ok', fromVersion: '1', toVersion: '2' });
});

test('a delta file on it, named itself; and what only its owner may read is refused with what to do', async () => {
  const written = await write('delta', 3, host.checksums[1]);
  const [name = ''] = readdirSync(written);
  plug(written, { directories: 0o700, files: 0o600 });
  expect(await client.upgradeFromMedium(path.join(stick, name), {})).toMatchObject({
    phase: 'failed',
    error: { code: 'medium.unreadable' },
  });
  plug(written, readable);
  const found = (await client.media()).filter((medium) => medium.path.startsWith(stick));
  expect(found).toMatchObject([{ path: path.join(stick, name), kind: 'delta', updates: true }]);
  expect(found[0]?.refs).toContainEqual(expect.objectContaining({ ref: 'test/stable', version: '3' }));
  expect(await client.upgradeFromMedium(path.join(stick, name), {})).toMatchObject({ phase: 'succeeded', changed: true });
  expect((await versions())[0]).toBe('3');
  sh('ostree', 'fsck', '--quiet', `--repo=${host.sysroot}/ostree/repo`);
  sh('umount', stick);
  mounted = false;
  expect((await client.media()).filter((medium) => medium.path.startsWith(stick))).toEqual([]);
});

test('a directory that is exchanged for a link after it was checked leads nowhere', async () => {
  const secret = path.join(host.dir, 'secret');
  mkdirSync(path.join(secret, 'sub'), { recursive: true });
  writeFileSync(path.join(secret, 'file'), 'x');
  chmodSync(secret, 0o700);
  const place = path.join(host.dir, 'swapped');
  symlinkSync(secret, place);
  for (const inside of ['', '/sub', '/file']) expect(() => openPlain(`${place}${inside}`)).toThrow(/ELOOP|ENOTDIR/);
  expect(openPlain(path.join(secret, 'file'))).toBeGreaterThan(2);
  // the worker, given what would have passed the check a moment ago
  symlinkSync(await write('repo', 3), path.join(host.dir, 'link'));
  const params = { sysroot: host.sysroot, osname: 'testos', medium: path.join(host.dir, 'link') };
  await expect(runJob('update.upgrade', params, { worker: workerFile }).done).rejects.toMatchObject({ code: 'medium.nothing' });
});
