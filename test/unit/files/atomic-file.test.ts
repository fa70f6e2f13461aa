// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildSync } from 'esbuild';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { atomicFile, tryAtomicFile } from '../../../main/files/index.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'treeline-atomic-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));
const at = (name: string): string => path.join(directory, name);
const mode = (file: string): number => lstatSync(file).mode & 0o7777;

it('replaces the content and leaves nothing beside it', () => {
  atomicFile(at('a'), 'one');
  atomicFile(at('a'), Buffer.from('two'));
  expect(readFileSync(at('a'), 'utf8')).toBe('two');
  expect(readdirSync(directory)).toEqual(['a']);
});

it('gives the mode that was asked for whatever the umask, and keeps a mode where that is asked for', () => {
  const before = process.umask(0o077);
  try {
    atomicFile(at('a'), 'x');
    atomicFile(at('b'), 'x', { mode: 0o600 });
    chmodSync(at('b'), 0o640);
    atomicFile(at('b'), 'y', { keepAttributes: true });
  } finally {
    process.umask(before);
  }
  expect(mode(at('a'))).toBe(0o644);
  expect(mode(at('b'))).toBe(0o640);
});

it('replaces a link and doesn’t write through it', () => {
  writeFileSync(at('elsewhere'), 'mine');
  symlinkSync(at('elsewhere'), at('a'));
  atomicFile(at('a'), 'x');
  expect(lstatSync(at('a')).isFile()).toBe(true);
  expect(readFileSync(at('elsewhere'), 'utf8')).toBe('mine');
});

it('removes old drafts, of processes that were killed, and no others', () => {
  const longAgo = new Date(Date.now() - 3_600_000);
  for (const name of ['.a.2.1.new', '.a.0123456789ab.new', '.b.0123456789ab.new', '.a.conf.new']) {
    writeFileSync(at(name), 'part');
    utimesSync(at(name), longAgo, longAgo);
  }
  writeFileSync(at('.a.ba9876543210.new'), 'of a process that lives, in whatever namespace');
  atomicFile(at('a'), 'x');
  expect(readdirSync(directory).sort()).toEqual(['.a.ba9876543210.new', '.a.conf.new', '.b.0123456789ab.new', 'a']);
});

it('a draft that a power cut left isn’t in the way of a process with the same number', () => {
  for (let count = 1; count < 9; count++) writeFileSync(at(`.a.${process.pid}.${count}.new`), 'part');
  atomicFile(at('a'), 'x');
  expect(readFileSync(at('a'), 'utf8')).toBe('x');
});

it('names the file when it can’t be written, and leaves the old one and nothing else', () => {
  mkdirSync(at('d'));
  writeFileSync(at('d/inside'), '');
  expect(() => atomicFile(at('d'), 'x')).toThrow(expect.objectContaining({ report: expect.objectContaining({ subject: at('d') }) }));
  expect(() => atomicFile(at('no/such'), 'x')).toThrow(expect.objectContaining({ code: 'file.unwritable' }));
  const said: string[] = [];
  tryAtomicFile(at('no/such'), 'x', { say: (line) => said.push(line) });
  expect(said).toEqual([expect.stringContaining(at('no/such'))]);
  expect(readdirSync(directory)).toEqual(['d']);
});

it.runIf(process.geteuid?.() === 0)(
  'replaces, for an ordinary user, a file of somebody else by one of his own with the mode of before',
  () => {
    const [uid, gid] = [54321, 54321];
    const bundle = at('bundle.mjs');
    buildSync({
      entryPoints: [path.join(import.meta.dirname, '../../../main/files/index.ts')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: bundle,
    });
    const own = at('own');
    mkdirSync(own);
    chmodSync(directory, 0o755);
    chownSync(own, uid, gid);
    writeFileSync(path.join(own, 'root.txt'), 'before');
    chmodSync(path.join(own, 'root.txt'), 0o640);
    const program = `import { atomicFile } from ${JSON.stringify(bundle)}; atomicFile(process.argv[1], 'after', { keepAttributes: true });`;
    const args = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups', process.execPath, '--input-type=module', '-e', program];
    const ran = spawnSync('setpriv', [...args, path.join(own, 'root.txt')], { encoding: 'utf8' });
    expect([ran.status, ran.stderr]).toEqual([0, '']);
    const now = lstatSync(path.join(own, 'root.txt'));
    expect([now.uid, now.gid, now.mode & 0o777, readFileSync(path.join(own, 'root.txt'), 'utf8')]).toEqual([uid, gid, 0o640, 'after']);
    expect(readdirSync(own)).toEqual(['root.txt']);
    // root keeps the owner
    atomicFile(path.join(own, 'root.txt'), 'again', { keepAttributes: true });
    expect(lstatSync(path.join(own, 'root.txt')).uid).toBe(uid);
  },
);
