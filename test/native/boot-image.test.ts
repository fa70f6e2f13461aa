// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { filesKey, filesType, gapsKey, gapsType } from '../../main/engine/base/ports/commit-sizes.ts';
import { makePlainHost, publishPlain, type PlainHost } from '../../main/demo/plain-releases.ts';
import { error, result, simulatedSession, type Step } from './simulated-session.ts';
import type { JobEvent } from '../../main/engine/jobs/index.ts';

const osname = 'plain';
const os = { sysroot: '/', osname } as const;
const load = ['sysroot.load', { sysroot: '/' }] as const;
const upgrade = ['update.upgrade', os] as const;

let dir: string;
let boot: string;
let host: PlainHost;
const sh = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const session = (...steps: Step[]): Promise<JobEvent[]> => simulatedSession(dir, host, steps);

/** /boot is an ext4 file system of 60 MB of its own: writing boot entries freezes it, and only it. */
beforeEach(async () => {
  dir = mkdtempSync('/dev/shm/treeline-boot-');
  chmodSync(dir, 0o755);
  boot = path.join(dir, 'sysroot/boot');
  mkdirSync(boot, { recursive: true });
  const image = path.join(dir, 'boot.img');
  sh('truncate', '-s', '60M', image);
  sh('mke2fs', '-q', '-F', '-t', 'ext4', '-m', '0', image);
  sh('mount', '-o', 'loop', image, boot);
  host = await makePlainHost(dir);
});

afterEach(() => {
  sh('chattr', '-i', boot);
  sh('umount', boot);
  sh('bash', '-c', `chattr -i ${dir}/sysroot/ostree/deploy/*/deploy/* 2>/dev/null || true`);
  rmSync(dir, { recursive: true, force: true });
});

/** What a compose says of sizes instead of `ostree.sizes`, for a tree that was committed before. */
function told(revision: string): string[] {
  const hex = (checksum: string): string => `@ay [${[...Buffer.from(checksum, 'hex')].map((b) => `0x${b.toString(16)}`).join(',')}]`;
  const rows = sh('ostree', `--repo=${host.repo}`, 'ls', '-R', '-C', revision, '/usr/lib/modules')
    .split('\n')
    .flatMap((line) => {
      const [, size, checksum, name] = /^-\d+ \d+ \d+ +(\d+) ([0-9a-f]{64}) \/(.*)$/.exec(line) ?? [];
      return name ? [`('${name}',${hex(checksum ?? '')},uint64 ${size},uint64 ${size})`] : [];
    });
  const gap = `(${hex(host.commits[0] ?? '')},uint64 10,uint64 70000000,uint64 70000000)`;
  return [`--add-metadata=${gapsKey}=@${gapsType} [${gap}]`, `--add-metadata=${filesKey}=@${filesType} [${rows.join(',')}]`];
}

/** Publish release 4: release 3 with another kernel of so many megabytes, and other new content. */
function bigKernel(megabytes: number, sizes: 'ostree.sizes' | 'treeline.files' = 'ostree.sizes'): string {
  const overlay = path.join(dir, 'overlay');
  const modules = path.join(overlay, 'usr/lib/modules/6.2.0');
  mkdirSync(modules, { recursive: true });
  writeFileSync(path.join(modules, 'vmlinuz'), randomBytes(megabytes << 20));
  writeFileSync(path.join(overlay, 'usr/lib/new-content'), randomBytes(3 << 20));
  const args = ['--canonical-permissions', '--no-xattrs', `--bind-ref=${host.ref}`, `--branch=${host.ref}`];
  const trees = [`--tree=ref=${host.commits[2]}`, `--tree=dir=${overlay}`];
  const version = ['--add-metadata-string=version=4', '--subject=Release 4', `--parent=${host.commits[2]}`];
  const commit = (...more: string[]): string =>
    sh('ostree', `--repo=${host.repo}`, 'commit', ...args, ...trees, ...version, ...more).trim();
  const checksum = commit(...(sizes === 'ostree.sizes' ? ['--generate-sizes'] : told(commit())));
  sh('ostree', `--repo=${host.repo}`, 'summary', '--update');
  return checksum;
}

test.each(['ostree.sizes', 'treeline.files'] as const)(
  'an update that doesn’t fit into /boot is refused before its download, with the numbers (field report 10, %s)',
  async (sizes) => {
    const checksum = bigKernel(58, sizes);
    const events = await session(upgrade, load, 'find /var/cache/treeline/fetch/objects -name "*.filez" -size +4 | wc -l');
    const { bavail, bsize } = statfsSync(boot);
    expect(error(events[0])).toMatchObject({ code: 'disk.boot-full', subject: '/boot' });
    const { needBytes, freeBytes } = (error(events[0]) as { facts: { needBytes: number; freeBytes: number } }).facts;
    expect(needBytes).toBeGreaterThan(58 << 20);
    expect(needBytes).toBeLessThan(61 << 20);
    expect(Math.abs(freeBytes - bavail * bsize)).toBeLessThan(1 << 20);
    expect(result(events[1], 'sysroot.load').deployments).toHaveLength(1);
    // neither the kernel nor anything else of the content came over the line
    expect(events[2]).toMatchObject({ text: '0\n' });
    expect(() => sh('ostree', `--repo=${path.join(host.sysroot, 'ostree/repo')}`, 'show', checksum)).toThrow(
      /No such metadata object|not found|Couldn't find/,
    );
  },
);

test('one that fits is staged and started, the old kernel stays for going back', async () => {
  bigKernel(20);
  expect(result((await session(upgrade))[0], 'update.upgrade')).toMatchObject({ staged: true, toVersion: '4' });
  const [state] = await session(load);
  expect(result(state, 'sysroot.load')).toMatchObject({ deployments: [{ version: '4', booted: true }, { version: '1' }] });
  expect(result(state, 'sysroot.load').finalizeFailure).toBeUndefined();
  expect(readdirSync(path.join(boot, 'ostree')).filter((name) => name.startsWith(osname))).toHaveLength(2);
});

test('finalizing that fails at shutdown is explained at every start until it is solved (field report 9)', async () => {
  await publishPlain(host, 3);
  // nothing can be made at the top of /boot any more: no new boot entries
  await session(upgrade, 'chattr +i /boot');
  const [first, again, cached] = await session(load, load, ['update.cached', os]);
  const state = result(first, 'sysroot.load');
  expect(state.deployments.find((d) => d.booted)?.version).toBe('1');
  expect(state.finalizeFailure).toMatchObject({ version: '3', text: expect.stringMatching(/not permitted/), at: expect.any(Number) });
  expect(result(again, 'sysroot.load').finalizeFailure).toEqual(state.finalizeFailure);
  expect(cached?.type).toBe('result');
  // a later start that changes nothing says it still
  const [later] = await session(load);
  expect(result(later, 'sysroot.load').finalizeFailure).toEqual(state.finalizeFailure);
  await session('chattr -i /boot', upgrade);
  const [solved] = await session(load);
  expect(result(solved, 'sysroot.load')).toMatchObject({ deployments: [{ version: '3', booted: true }, { version: '1' }] });
  expect(result(solved, 'sysroot.load').finalizeFailure).toBeUndefined();
});

test('an old deployment that can’t be removed makes no change fail, at once or at shutdown, and is named', async () => {
  await publishPlain(host, 2);
  await session(upgrade);
  const [first] = await session(load);
  const old =
    result(first, 'sysroot.load')
      .deployments.find((d) => !d.booted)
      ?.id.replace(`${osname}-`, '') ?? '';
  const folder = path.join('/ostree/deploy', osname, 'deploy', old);
  await publishPlain(host, 3);
  // as somebody does who wants to keep a file from being changed
  const keep = path.join(host.sysroot, folder, 'etc/kept');
  writeFileSync(keep, '');
  sh('chattr', '+i', keep);
  try {
    expect(result((await session(upgrade))[0], 'update.upgrade')).toMatchObject({ staged: true, toVersion: '3' });
    const kargs = { append: ['x=1'], replace: [], remove: [], appendIfMissing: [], deleteIfPresent: [] };
    const [state, , dropped, between, rollback, back] = await session(
      load,
      ['sysroot.kargs', { ...os, ...kargs }],
      ['sysroot.rollback', os],
      load,
      ['sysroot.rollback', os],
      load,
    );
    expect(result(state, 'sysroot.load').deployments[0]).toMatchObject({ version: '3', booted: true });
    expect(result(state, 'sysroot.load').finalizeFailure).toBeUndefined();
    // libostree's note of it is still there, and what was staged meanwhile was dropped on purpose
    expect(result(dropped, 'sysroot.rollback')).toMatchObject({ changed: true, toVersion: '3' });
    expect(result(between, 'sysroot.load').finalizeFailure).toBeUndefined();
    expect(result(rollback, 'sysroot.rollback')).toMatchObject({
      changed: true,
      toVersion: '2',
      notRemoved: [{ path: expect.stringMatching(new RegExp(`${folder}$`)), detail: expect.stringMatching(/not permitted/) }],
    });
    expect(result(back, 'sysroot.load').deployments[0]).toMatchObject({ version: '2' });
    expect(result(back, 'sysroot.load').finalizeFailure).toBeUndefined();
  } finally {
    sh('chattr', '-i', keep);
  }
  const [cleanup] = await session(['sysroot.cleanup', { ...os, elements: ['base'] }]);
  expect(result(cleanup, 'sysroot.cleanup')).not.toHaveProperty('notRemoved');
  expect(readdirSync(path.join(host.sysroot, 'ostree/deploy', osname, 'deploy'))).not.toContain(old);
});

test('the new boot entries lie on the disk itself when going back is done, not only in a journal that boot loaders don’t read', async () => {
  await publishPlain(host, 2);
  await session(upgrade);
  // as a boot loader would see it if the power failed now: debugfs(8) doesn't replay the journal
  const onDisk = (name: string): string =>
    /Fast link dest: "(.*)"/.exec(sh('debugfs', '-R', `stat ${name}`, path.join(dir, 'boot.img')))?.[1] ?? '';
  const before = readlinkSync(path.join(boot, 'loader'));
  expect(result((await session(['sysroot.rollback', os]))[0], 'sysroot.rollback')).toMatchObject({ changed: true, toVersion: '1' });
  const after = readlinkSync(path.join(boot, 'loader'));
  expect(after).not.toBe(before);
  expect(onDisk('/loader')).toBe(after);
  const entries = (text: string): string[] => [...text.matchAll(/\bostree-\S+\.conf\b/g)].map(([name]) => name).sort();
  expect(entries(sh('debugfs', '-R', `ls -p /${after}/entries`, path.join(dir, 'boot.img')).replaceAll('/', ' '))).toEqual(
    readdirSync(path.join(boot, after, 'entries')).sort(),
  );
});
