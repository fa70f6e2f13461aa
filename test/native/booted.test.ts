// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makePlainHost, publishPlain, type PlainHost } from '../../main/demo/plain-releases.ts';
import type { JobEvent } from '../../main/engine/jobs/index.ts';
import { error, result, simulatedSession, type Step } from './simulated-session.ts';

const osname = 'plain';

let dir: string;
let host: PlainHost;
let mounted = false;

beforeEach(() => {
  // tmpfs: never on the machine's root file system, which writing boot entries would freeze
  dir = mkdtempSync('/dev/shm/treeline-booted-');
  chmodSync(dir, 0o755);
  mounted = false;
});

afterEach(() => {
  if (mounted) execFileSync('umount', [path.join(dir, 'sysroot/boot')]);
  execFileSync('bash', ['-c', `chattr -i ${dir}/sysroot/ostree/deploy/*/deploy/* 2>/dev/null || true`]);
  rmSync(dir, { recursive: true, force: true });
});

async function makeHost(bootKilobytes?: number): Promise<void> {
  if (bootKilobytes !== undefined) {
    mkdirSync(path.join(dir, 'sysroot/boot'), { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bootKilobytes}k`, 'tmpfs', path.join(dir, 'sysroot/boot')]);
    mounted = true;
  }
  host = await makePlainHost(dir);
  await publishPlain(host, 3);
}

/** Start the host, do the steps in it, shut down: see simulatedSession. */
const session = (steps: readonly Step[], more: { powerCut?: boolean; finalizeWrap?: string } = {}): Promise<JobEvent[]> =>
  simulatedSession(dir, host, steps, more);

const os = { sysroot: '/', osname } as const;
const load = ['sysroot.load', { sysroot: '/' }] as const;
const upgrade = ['update.upgrade', os] as const;

const text = (event: JobEvent | undefined): string => (event?.type === 'message' ? event.text : '');

test('stage, restart, roll back, restart: the whole circle', async () => {
  await makeHost();
  const first = await session(['echo mine > /etc/plain.d/user-edits.conf', ['update.check', os], upgrade, load, 'ostree admin status']);
  expect(result(first[1], 'update.check')).toMatchObject({ kind: 'available', update: { version: '3' } });
  expect(result(first[2], 'update.upgrade')).toMatchObject({ changed: true, staged: true, fromVersion: '1', toVersion: '3' });
  const staged = result(first[3], 'sysroot.load');
  expect(staged).toMatchObject({ bootedOsname: osname, prettyName: 'Plain OS 1' });
  expect(staged.deployments).toMatchObject([
    { staged: true, booted: false, version: '3', kernelArgs: ['root=LABEL=plain', 'quiet'], index: 0 },
    { staged: false, booted: true, version: '1', rollback: false },
  ]);
  expect(text(first[4])).toMatch(new RegExp(`plain ${host.commits[2]}\\.0 \\(staged\\)[^]*\\* plain ${host.commits[0]}`));

  const second = await session([load, ['update.cached', os], 'cat /etc/plain.d/user-edits.conf', ['sysroot.rollback', os], load]);
  const after = result(second[0], 'sysroot.load');
  expect(after.deployments).toMatchObject([
    { booted: true, version: '3' },
    { booted: false, rollback: true, version: '1' },
  ]);
  expect(after.finalizeFailure).toBeUndefined();
  expect(after.prettyName).toBe('Plain OS 3');
  expect(result(second[1], 'update.cached')).toMatchObject({ kind: 'up-to-date' });
  expect(text(second[2])).toBe('mine\n');
  expect(result(second[3], 'sysroot.rollback')).toMatchObject({ changed: true, fromVersion: '3', toVersion: '1' });

  const third = await session([load, ['update.check', os], upgrade, 'ostree fsck --quiet --repo=/sysroot/ostree/repo && echo clean']);
  expect(result(third[0], 'sysroot.load').deployments[0]).toMatchObject({ booted: true, version: '1' });
  expect(result(third[1], 'update.check')).toMatchObject({ kind: 'available', update: { version: '3', rolledBackFrom: true } });
  expect(result(third[2], 'update.upgrade')).toMatchObject({ changed: true, toVersion: '3' });
  expect(text(third[3])).toContain('clean');
});

test('details of what is staged stay, against the booted one (field report 6)', async () => {
  await makeHost();
  const events = await session([
    ['update.details', { ...os, checksum: host.commits[2] as string }],
    ['update.check', os],
    ['update.details', os],
    upgrade,
    'ostree admin cleanup',
    ['update.details', os],
    ['update.check', os],
  ]);
  expect(error(events[0])).toMatchObject({ code: 'repo.revision-not-found' });
  const versions = (event: JobEvent | undefined): string[] => result(event, 'update.details').releases.map((r) => r.version);
  expect(versions(events[2])).toEqual(['3', '2']);
  expect(result(events[5], 'update.details')).toMatchObject({ fromVersion: '1', toVersion: '3', sizes: { downloadBytes: 0 } });
  expect(versions(events[5])).toEqual(['3', '2']);
  expect(result(events[6], 'update.check')).toMatchObject({ kind: 'available', update: { version: '3' } });
});

test('rolling back before the restart discards what is staged', async () => {
  await makeHost();
  const events = await session([upgrade, ['sysroot.rollback', os], load]);
  expect(result(events[1], 'sysroot.rollback')).toMatchObject({ changed: true, toVersion: '1' });
  expect(result(events[2], 'sysroot.load').deployments.map((d) => [d.version, d.booted])).toEqual([['1', true]]);
  const [after] = await session([load]);
  const state = result(after, 'sysroot.load');
  expect(state.deployments[0]).toMatchObject({ booted: true, version: '1' });
  expect(state.finalizeFailure).toBeUndefined();
});

test('a locked staged deployment waits for its release', async () => {
  await makeHost();
  const lock = ['update.upgrade', { ...os, lockFinalization: true }] as const;
  const events = await session([lock, load], {});
  expect(result(events[1], 'sysroot.load').deployments[0]).toMatchObject({ staged: true, finalizationLocked: true });
  const [kept] = await session([load]);
  expect(result(kept, 'sysroot.load').deployments.find((d) => d.booted)?.version).toBe('1');
  const checksum = host.commits[2] as string;
  const released = await session([
    lock,
    ['sysroot.finalize', { ...os, checksum: 'f'.repeat(64) }],
    ['sysroot.finalize', { ...os, checksum }],
    load,
    ['sysroot.finalize', { ...os, checksum }],
  ]);
  expect(error(released[1])).toMatchObject({ code: 'deployment.checksum-mismatch' });
  expect(result(released[2], 'sysroot.finalize')).toMatchObject({ changed: true, staged: true, toVersion: '3' });
  expect(result(released[3], 'sysroot.load').deployments[0]).toMatchObject({ finalizationLocked: false });
  expect(error(released[4])).toMatchObject({ code: 'deployment.not-locked' });
  const [after] = await session([load]);
  expect(result(after, 'sysroot.load').deployments.find((d) => d.booted)?.version).toBe('3');
});

test('kernel arguments on a booted system are staged, on top of a staged update', async () => {
  await makeHost();
  const none = { append: [], replace: [], remove: [], appendIfMissing: [], deleteIfPresent: [] };
  const events = await session([upgrade, ['sysroot.kargs', { ...os, ...none, append: ['a="b c"'], remove: ['quiet'] }], load]);
  expect(result(events[1], 'sysroot.kargs')).toMatchObject({ staged: true, kargs: ['root=LABEL=plain', 'a="b c"'] });
  const [cmdline, after] = await session(['cat /proc/cmdline', load]);
  expect(text(cmdline)).toContain('a="b c"');
  expect(text(cmdline)).not.toContain('quiet');
  expect(result(after, 'sysroot.load').deployments.find((d) => d.booted)?.version).toBe('3');
});

test('a power cut loses what was staged: that is said until it is solved', async () => {
  await makeHost();
  await session([upgrade], { powerCut: true });
  const [first, again] = await session([load, load, upgrade]);
  expect(result(first, 'sysroot.load').finalizeFailure).toMatchObject({
    version: '3',
    text: expect.stringContaining('did not become bootable'),
  });
  expect(result(again, 'sysroot.load').finalizeFailure).toMatchObject({ version: '3' });
  const [solved] = await session([load]);
  expect(result(solved, 'sysroot.load').finalizeFailure).toBeUndefined();
});

test('/boot too small: refused before anything is staged, with numbers (field report 10)', async () => {
  await makeHost(1500);
  const events = await session([upgrade, load]);
  expect(error(events[0])).toMatchObject({
    code: 'disk.boot-full',
    facts: { needBytes: expect.any(Number), freeBytes: expect.any(Number) },
  });
  expect(result(events[1], 'sysroot.load').deployments).toHaveLength(1);
});

test.each([
  ['filled up', 3_400_000, /Installing kernel.*No space left/],
  // nothing fits in any more, libostree's own note about the failure included
  ['completely full', 4_000_000, /\/boot has only \d+ bytes free/],
])('/boot %s before the shutdown: the cause is shown at the next start (field report 9)', async (_, bytes, cause) => {
  await makeHost(4000);
  await session([upgrade, `mount -o remount,rw /boot; head -c ${bytes} /dev/zero > /boot/filler || true`]);
  const [first, again] = await session([load, load]);
  const { finalizeFailure, deployments } = result(first, 'sysroot.load');
  expect(deployments.find((d) => d.booted)?.version).toBe('1');
  expect(finalizeFailure).toMatchObject({ version: '3', text: expect.stringMatching(cause) });
  expect(result(again, 'sysroot.load').finalizeFailure).toEqual(finalizeFailure);
});

test('pin survives, the booted one can’t be undeployed', async () => {
  await makeHost();
  const before = await session([load]);
  const id = result(before[0], 'sysroot.load').deployments[0]?.id as string;
  const events = await session([
    ['sysroot.pin', { sysroot: '/', deploymentId: id, pinned: true }],
    ['sysroot.undeploy', { sysroot: '/', deploymentId: id }],
    upgrade,
  ]);
  expect(result(events[0], 'sysroot.pin').changed).toBe(true);
  expect(error(events[1])).toMatchObject({ code: 'deployment.booted' });
  const [after] = await session([load]);
  expect(result(after, 'sysroot.load').deployments.map((d) => [d.version, d.pinned])).toEqual([
    ['3', false],
    ['1', true],
  ]);
});

test('the review before a restart says what finalizing then does to /etc', async () => {
  await makeHost();
  const list = 'cd /etc && find . -type f -o -type l | sort';
  const first = await session([
    'cd /etc/plain.d && echo mine > vendor-changes.conf && echo mine > user-edits.conf && echo local > local.conf && rm ../group && ln -s x link',
    ['update.check', os],
    ['review.etc', os],
    ['review.fetch', os],
    ['review.etc', os],
    upgrade,
    ['sysroot.kargs', { ...os, append: ['fresh=1'], replace: [], remove: ['quiet'], appendIfMissing: [], deleteIfPresent: [] }],
    ['review.etc', os],
    ['review.summary', os],
  ]);
  expect(result(first[2], 'review.etc')).toMatchObject({ available: false });
  const before = result(first[4], 'review.etc');
  expect(before.entries.map((e) => [e.path, e.kind, e.outcome])).toEqual([
    ['group', 'yours-kept', 'yours'],
    ['plain.d/added.conf', 'vendor-applied', 'vendor'],
    ['plain.d/link', 'yours-kept', 'yours'],
    ['plain.d/local.conf', 'yours-kept', 'yours'],
    ['plain.d/user-edits.conf', 'yours-kept', 'yours'],
    ['plain.d/vendor-changes.conf', 'both-changed', 'yours'],
  ]);
  expect(result(first[7], 'review.etc')).toEqual(before);
  expect(result(first[8], 'review.summary')).toMatchObject({
    staged: true,
    fromVersion: '1',
    toVersion: '3',
    kernelArgs: { current: ['root=LABEL=plain', 'quiet'], next: ['root=LABEL=plain', 'fresh=1'], added: ['fresh=1'], removed: ['quiet'] },
    backTo: { id: `${osname}-${host.commits[0]}.0`, version: '1' },
  });
  const [after, shown] = await session([list, 'cat /etc/plain.d/vendor-changes.conf /etc/plain.d/user-edits.conf /etc/plain.d/added.conf']);
  const kept = ['added.conf', 'link', 'local.conf', 'user-edits.conf', 'vendor-changes.conf'].map((name) => `./plain.d/${name}`);
  expect(text(after).trim().split('\n')).toEqual(expect.arrayContaining(kept));
  expect(text(after)).not.toContain('./group\n');
  expect(text(shown)).toBe('mine\nmine\nnew since release 2\n');
});
