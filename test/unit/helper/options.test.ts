// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { helperOptions, readDaemonConfig } from '../../../main/helper/options.ts';

let dir: string;
beforeEach(() => (dir = mkdtempSync(path.join(tmpdir(), 'treeline-options-'))));
afterEach(() => rmSync(dir, { recursive: true }));

test('options', () => {
  expect(helperOptions(['--simulated', '--reboot-command', 'kill -USR1 1', '--idle-exit-seconds=0'])).toMatchObject({
    sysroot: '/',
    simulated: true,
    rebootCommand: ['kill', '-USR1', '1'],
    peerDir: '/run/treeline',
    idleExitSeconds: 0,
  });
  expect(helperOptions([]).rebootCommand).toEqual(['systemctl', 'reboot']);
  expect(() => helperOptions(['--wat'])).toThrow(/usage\.invalid.*--wat/);
  expect(() => helperOptions(['--idle-exit-seconds=soon'])).toThrow(/usage\.invalid/);
});

test('the later file wins, old names of policies count, nonsense is said and left out', () => {
  const files = ['rpm-ostreed.conf', 'treelined.conf'].map((name) => path.join(dir, name));
  writeFileSync(files[0] ?? '', '# comment\n[Daemon]\nAutomaticUpdatePolicy=ex-stage\nIdleExitTimeout=5\n[Other]\nIdleExitTimeout=7\n');
  writeFileSync(files[1] ?? '', '[Daemon]\nAutomaticUpdatePolicy = toString\nIdleExitTimeout=0\n');
  const warnings: string[] = [];
  expect(readDaemonConfig(files, (text) => warnings.push(text))).toEqual({
    automaticUpdatePolicy: 'stage',
    idleExitSeconds: 0,
    mediaDirectories: [],
    recommends: true,
  });
  expect(warnings).toEqual([expect.stringContaining('AutomaticUpdatePolicy=toString is none of')]);
  expect(readDaemonConfig([path.join(dir, 'missing')], (text) => warnings.push(text))).toEqual({
    automaticUpdatePolicy: 'none',
    idleExitSeconds: 60,
    mediaDirectories: [],
    recommends: true,
  });
  expect(warnings).toHaveLength(1);
});

test('LockLayering names the file, Recommends is on until a file says otherwise', () => {
  const [first = '', second = ''] = ['lock.conf', 'unlock.conf'].map((name) => path.join(dir, name));
  writeFileSync(first, '[Daemon]\nLockLayering=true\nRecommends=false\n');
  writeFileSync(second, '[Daemon]\nLockLayering=perhaps\n');
  const warnings: string[] = [];
  const warn = (text: string): number => warnings.push(text);
  expect(readDaemonConfig([first], warn)).toMatchObject({ layeringLockedBy: first, recommends: false });
  // what isn't understood changes nothing
  expect(readDaemonConfig([first, second], warn)).toMatchObject({ layeringLockedBy: first, recommends: false });
  expect(warnings).toEqual([expect.stringContaining('LockLayering=perhaps')]);
  writeFileSync(second, '[Daemon]\nLockLayering=false\n');
  expect(readDaemonConfig([first, second], warn)).not.toHaveProperty('layeringLockedBy');
});

test('folders for media: absolute ones only, and what is left out is said', () => {
  const file = path.join(dir, 'media.conf');
  writeFileSync(file, '[Daemon]\nMediaDirectories=/srv/media:relative:/opt/updates\n');
  const warnings: string[] = [];
  expect(readDaemonConfig([file], (text) => warnings.push(text)).mediaDirectories).toEqual(['/srv/media', '/opt/updates']);
  expect(warnings).toEqual([expect.stringContaining('MediaDirectories=')]);
});
