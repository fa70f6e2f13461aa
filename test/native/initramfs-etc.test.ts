// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePlainHost, publishPlain, type PlainHost } from '../../main/demo/plain-releases.ts';
import { error, result, simulatedSession } from './simulated-session.ts';

const osname = 'plain';
const os = { sysroot: '/', osname } as const;
const load = ['sysroot.load', { sysroot: '/' }] as const;
const none = { track: [], untrack: [], untrackAll: false, forceSync: false };

let dir: string;
let host: PlainHost;
beforeAll(async () => {
  // tmpfs: never on the machine's root file system, which writing boot entries would freeze
  dir = mkdtempSync('/dev/shm/treeline-initramfs-etc-');
  chmodSync(dir, 0o755);
  host = await makePlainHost(dir);
  await publishPlain(host, 3);
});
afterAll(() => {
  execFileSync('bash', ['-c', `chattr -i ${dir}/sysroot/ostree/deploy/*/deploy/* 2>/dev/null || true`]);
  rmSync(dir, { recursive: true, force: true });
});

const boot = (...names: string[]): string => path.join(dir, 'sysroot/boot', ...names);

/** What the first boot entry loads over the tree's initramfs: `cpio -t`, and the text of a file in it. */
function overlay(file: string): { names: string[]; text: string; initrds: number } {
  const entries = readdirSync(boot('loader/entries')).map((name) => readFileSync(boot('loader/entries', name), 'utf8'));
  const version = (text: string): number => Number(/^version (\d+)$/m.exec(text)?.[1]);
  const [newest = ''] = entries.sort((a, b) => version(b) - version(a));
  const initrds = [...newest.matchAll(/^initrd (\S+)$/gm)].map(([, name]) => name ?? '');
  const image = initrds.find((name) => name.includes('initramfs-overlays'));
  if (image === undefined) return { names: [], text: '', initrds: initrds.length };
  const archive = gunzipSync(readFileSync(boot(image.replace(/^\/boot/, ''))));
  const cpio = (...args: string[]): string =>
    execFileSync('busybox', ['cpio', '--quiet', ...args], { input: archive, cwd: dir, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
  cpio('-idu');
  const text = readFileSync(path.join(dir, file), 'utf8');
  rmSync(path.join(dir, 'etc'), { recursive: true });
  return { names: cpio('-t').trim().split('\n'), text, initrds: initrds.length };
}

test('tracked files come with every deployment, as they are when it is made', async () => {
  const first = await simulatedSession(dir, host, [
    'mkdir /etc/tracked && echo one > /etc/tracked/file && ln -s file /etc/tracked/link && echo key > /etc/key',
    ['sysroot.initramfs-etc', { ...os, ...none, track: ['/etc/tracked', '/etc/missing'] }],
    ['sysroot.initramfs-etc', { ...os, ...none, track: ['/etc/tracked', '/etc/key'] }],
    ['sysroot.initramfs-etc', { ...os, ...none, track: ['/etc/key'], untrack: ['/etc/nothing'] }],
    load,
  ]);
  expect(error(first[1])).toMatchObject({ code: 'initramfs.file', subject: '/etc/missing' });
  expect(result(first[2], 'sysroot.initramfs-etc')).toMatchObject({ changed: true, staged: true, toVersion: '1' });
  expect(result(first[3], 'sysroot.initramfs-etc')).toMatchObject({ changed: false });
  expect(result(first[4], 'sysroot.load').deployments.map((d) => d.origin.layering.initramfsEtc)).toEqual([
    ['/etc/tracked', '/etc/key'],
    [],
  ]);
  expect(overlay('etc/tracked/file')).toEqual({
    names: ['etc/key', 'etc/tracked', 'etc/tracked/file', 'etc/tracked/link'],
    text: 'one\n',
    initrds: 2,
  });

  // an update and a change of arguments keep them, with what the file says now
  const kargs = { append: ['debug'], replace: [], remove: [], appendIfMissing: [], deleteIfPresent: [] };
  const second = await simulatedSession(dir, host, [
    'echo two > /etc/tracked/file',
    ['update.upgrade', os],
    ['sysroot.kargs', { ...os, ...kargs }],
    'grep -h "^initramfs-etc" /sysroot/ostree/deploy/plain/deploy/*.origin | sort -u',
    'ostree fsck --quiet --repo=/sysroot/ostree/repo > /dev/null && echo clean',
  ]);
  expect(result(second[1], 'update.upgrade')).toMatchObject({ changed: true, toVersion: '3' });
  expect(second[3]).toMatchObject({ text: 'initramfs-etc=/etc/tracked;/etc/key;\n' });
  expect(second[4]).toMatchObject({ text: 'clean\n' });
  expect(overlay('etc/tracked/file')).toMatchObject({ text: 'two\n', initrds: 2 });

  const third = await simulatedSession(dir, host, [
    ['sysroot.initramfs-etc', { ...os, ...none, forceSync: true }],
    'echo three > /etc/tracked/file',
    ['sysroot.initramfs-etc', { ...os, ...none, forceSync: true }],
    'rm /etc/key; echo four > /etc/tracked/file; grep -o debug /proc/cmdline',
    ['sysroot.initramfs-etc', { ...os, ...none, forceSync: true }],
    ['sysroot.initramfs-etc', { ...os, ...none, untrack: ['/etc/key'] }],
  ]);
  expect([third[0], third[2], third[5]].map((event) => result(event, 'sysroot.initramfs-etc').changed)).toEqual([false, true, true]);
  expect(third[3]).toMatchObject({ text: 'debug\n' });
  expect(error(third[4])).toMatchObject({ code: 'initramfs.file', subject: '/etc/key' });
  expect(overlay('etc/tracked/file')).toMatchObject({ text: 'four\n', names: expect.not.arrayContaining(['etc/key']) });

  const last = await simulatedSession(dir, host, [
    ['sysroot.initramfs-etc', { ...os, ...none, untrackAll: true }],
    'grep -c initramfs-etc /run/ostree/staged-deployment || true',
    ['sysroot.initramfs-etc', { ...os, ...none, track: ['/etc/tracked'] }],
    // what `reset` asks for
    ['update.upgrade', { ...os, noPullBase: true, noLayering: true, noOverrides: true, noInitramfs: true }],
    load,
  ]);
  expect(result(last[0], 'sysroot.initramfs-etc')).toMatchObject({ changed: true });
  expect(result(last[2], 'sysroot.initramfs-etc')).toMatchObject({ changed: true });
  expect(result(last[3], 'update.upgrade')).toMatchObject({ changed: true });
  expect(result(last[4], 'sysroot.load').deployments[0]?.origin.layering.initramfsEtc).toEqual([]);
  expect(overlay('')).toMatchObject({ names: [], initrds: 1 });
});
