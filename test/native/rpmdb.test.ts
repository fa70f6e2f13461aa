// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPackage, readRpmdb, writeRpmdb } from '../../main/native/rpm/index.ts';
import { formatNevra } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { allowInstall } from '../fixtures/rpm-install.mjs';
import { buildOne, demoRepositories, fixtures, sh } from './rpm-build.ts';

let scratch: string;
let demo: string;
beforeAll(async () => {
  scratch = mkdtempSync(path.join(os.tmpdir(), 'treeline-'));
  demo = await demoRepositories();
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const dbPath = '/usr/share/rpm';
const installTimeSeconds = 1_780_000_000;
const release = (n: number): string[] =>
  readdirSync(path.join(demo, `release-${n}/packages`)).map((f) => path.join(demo, `release-${n}/packages`, f));
const rpm = (root: string, ...args: string[]): string => sh('rpm', ['--dbpath', path.join(root, dbPath), ...args]);
const write = (name: string, packages: string[]): string => {
  const root = path.join(scratch, name);
  writeRpmdb({ root, dbPath, packages, installTimeSeconds });
  return root;
};

test('rpm finds in the database what the package files say', () => {
  const files = release(1);
  const root = write('one', files);
  const format = '%{nevra} %{epochnum} %{longsize} %{buildtime} %{sourcerpm} %{sha256header}\n';
  const installed = rpm(root, '-qa', '--qf', format).trim().split('\n').sort();
  expect(installed).toEqual(
    sh('rpm', ['-qp', '--nosignature', '--qf', format, ...files])
      .trim()
      .split('\n')
      .sort(),
  );
  for (const query of [['-l'], ['--changelog'], ['--scripts'], ['--requires'], ['-d'], ['-c'], ['--qf', '%{rsaheader}%{dsaheader}']])
    expect(rpm(root, '-q', 'hayloft', ...query)).toBe(
      sh('rpm', ['-qp', '--nosignature', ...query, files.find((f) => f.includes('hayloft'))!]),
    );
  expect(rpm(root, '-q', '--state', 'hayloft')).toMatch(/^(normal +\S+\n){6}$/);
  expect(
    rpm(root, '-qa', '--qf', '%{installtime} %{installtid}\n')
      .trim()
      .split('\n')
      .every((l) => l === `${installTimeSeconds} ${installTimeSeconds}`),
  ).toBe(true);
  expect(rpm(root, '-qf', '/usr/bin/willow').trim()).toBe('willow-editor-4.1-1.x86_64');
  expect(rpm(root, '-q', '--whatrequires', 'libthistle').trim().split('\n').length).toBeGreaterThan(3);
  expect(rpm(root, '-qi', 'kernel')).toContain('Install Date: Thu May 28');
});

test('the same packages in another order give the same bytes', () => {
  const [a, b] = [write('order-1', release(2)), write('order-2', release(2).reverse())];
  expect(readdirSync(path.join(a, dbPath))).toEqual(['rpmdb.sqlite']);
  expect(readFileSync(path.join(a, dbPath, 'rpmdb.sqlite')).equals(readFileSync(path.join(b, dbPath, 'rpmdb.sqlite')))).toBe(true);
});

test('it can be read where nothing can be written', () => {
  const root = write('read-only', release(1));
  const out = sh('bwrap', ['--dev-bind', '/', '/', '--ro-bind', root, root, 'rpm', '--dbpath', path.join(root, dbPath), '-qa']);
  expect(out.trim().split('\n').length).toBe(release(1).length);
});

test('rpm can go on with it', () => {
  const root = write('goes-on', release(1));
  const more = buildOne(scratch, 'layered');
  rpm(root, '--justdb', '--nodeps', ...allowInstall, '-i', more);
  rpm(root, '--justdb', '--nodeps', '-e', 'molehill');
  const names = readRpmdb({ root, dbPath }).map((p) => p.name);
  expect(names).toContain('layered');
  expect(names).not.toContain('molehill');
});

test('read again: details, changelogs, only some names, sorted', () => {
  const files = release(3);
  const root = write('again', files);
  const byNevra = new Map(files.map((f) => readPackage(f)).map((p) => [formatNevra(p), p]));
  const all = readRpmdb({ root, dbPath, changelogs: true });
  expect(all.length).toBe(files.length);
  for (const p of all) {
    const file = byNevra.get(formatNevra(p))!;
    const { summary, license, sourceRpm, installedSizeBytes, buildTimeSeconds, changelog } = file;
    expect(p).toMatchObject({ summary, license, sourceRpm, installedSizeBytes, buildTimeSeconds, changelog });
  }
  expect(all.map((p) => p.name)).toEqual(all.map((p) => p.name).sort());
  const some = readRpmdb({ root, dbPath, names: ['libclover', 'kernel', 'nothing-like-it'] });
  expect(some.map(formatNevra)).toEqual(['kernel-6.12.9-1.md1.x86_64', 'libclover-1.2.1-1.i686', 'libclover-1.2.1-1.x86_64']);
  expect(some[0]?.changelog).toBeUndefined();
});

test('a database written by rpm itself, with a key in it', () => {
  const root = path.join(scratch, 'by-rpm');
  sh('rpm', ['--dbpath', path.join(root, dbPath), '--initdb']);
  rpm(root, '--import', path.join(demo, 'RPM-GPG-KEY-meadow'));
  rpm(root, '--justdb', '--nodeps', ...allowInstall, '-i', path.join(fixtures, 'Archer-3.4.5-6.x86_64.rpm'));
  expect(rpm(root, '-qa').trim().split('\n').length).toBe(2);
  expect(readRpmdb({ root, dbPath }).map(formatNevra)).toEqual(['Archer-2:3.4.5-6.x86_64']);
});

test('what can’t be is refused with the place', () => {
  const report = (run: () => unknown): unknown => {
    try {
      run();
    } catch (error) {
      return TreelineError.report(error);
    }
    return undefined;
  };
  const root = write('taken', release(1).slice(0, 2));
  expect(report(() => write('taken', release(1).slice(0, 2)))).toMatchObject({
    code: 'rpmdb.not-written',
    subject: path.join(root, dbPath),
  });
  expect(report(() => readRpmdb({ root: path.join(scratch, 'nowhere'), dbPath }))).toMatchObject({ code: 'rpmdb.unreadable' });
  expect(report(() => write('corrupt', [path.join(fixtures, '../../unit/diff.test.ts')]))).toMatchObject({
    code: 'package.corrupt',
    subject: 'diff.test.ts',
  });
});

test('no package at all gives an empty database', () => {
  const root = write('empty', []);
  expect(readRpmdb({ root, dbPath })).toEqual([]);
  expect(rpm(root, '-qa')).toBe('');
});

test('a damaged database, seeded: packages or a typed error, never a crash or another error', () => {
  const root = write('damaged', release(1));
  const file = path.join(root, dbPath, 'rpmdb.sqlite');
  const good = readFileSync(file);
  let refused = 0;
  for (let seed = 0; seed < 120; seed++) {
    const bytes = Buffer.from(seed % 4 === 0 ? good.subarray(0, (seed * 7919) % good.length) : good);
    for (let i = 0; i < 40 && bytes.length > 0; i++) bytes[(seed * 104_729 + i * 1_299_709) % bytes.length] = (seed + i) & 255;
    writeFileSync(file, bytes);
    try {
      expect(Array.isArray(readRpmdb({ root, dbPath, changelogs: true, ...(seed % 2 === 0 ? {} : { names: ['meadow-shell'] }) }))).toBe(
        true,
      );
    } catch (error) {
      refused++;
      expect(error).toBeInstanceOf(TreelineError);
      expect(['rpmdb.unreadable', 'package.corrupt']).toContain((error as TreelineError).code);
    }
  }
  expect(refused).toBeGreaterThan(10);
});

test('one that is being written to is read through librpm, its write-ahead log included', () => {
  const root = write('busy', release(1).slice(0, 3));
  const file = path.join(root, dbPath, 'rpmdb.sqlite');
  const added = release(1).at(-1) as string;
  // sqlite's own program keeps the log: another connection is open while the package comes
  const script = [
    'import sqlite3, subprocess, sys',
    'db = sqlite3.connect(sys.argv[1]); db.execute("PRAGMA journal_mode=WAL"); db.execute("SELECT count(*) FROM Packages").fetchall()',
    'subprocess.run(["rpm", "--dbpath", sys.argv[2], "--justdb", "--nodeps", "--nosignature", "-i", sys.argv[3], *sys.argv[5:]], check=True)',
    'import shutil; shutil.copytree(sys.argv[2], sys.argv[4])',
  ].join('\n');
  const copy = path.join(scratch, 'busy-copy');
  sh('python3', ['-c', script, file, path.join(root, dbPath), added, path.join(copy, dbPath), ...allowInstall]);
  expect(readdirSync(path.join(copy, dbPath))).toContain('rpmdb.sqlite-wal');
  expect(readRpmdb({ root: copy, dbPath })).toHaveLength(4);
});

test('packages are added to a database, whose files may be hard links', () => {
  const files = release(1);
  const [first, rest] = [files.slice(0, 4), files.slice(4)];
  const base = path.join(scratch, 'base');
  const onto = path.join(scratch, 'onto');
  writeRpmdb({ root: base, dbPath, packages: first, installTimeSeconds });
  sh('cp', ['-al', base, onto]);
  const before = rpm(base, '-qa');
  writeRpmdb({ root: onto, dbPath, packages: rest, installTimeSeconds: installTimeSeconds + 1, onto: true });
  const query = (root: string, ...args: string[]): string[] =>
    rpm(root, ...args)
      .trim()
      .split('\n')
      .sort();
  expect(query(onto, '-qa')).toEqual(query(write('whole', files), '-qa'));
  expect(query(onto, '-qa', '--qf', '%{installtime}\n').filter((time) => time === String(installTimeSeconds + 1))).toHaveLength(
    rest.length,
  );
  expect(query(onto, '-qf', '/usr/bin/willow')).toEqual(['willow-editor-4.1-1.x86_64']);
  expect(rpm(base, '-qa')).toBe(before);
  expect(readdirSync(path.join(onto, dbPath)).filter((name) => /^\.|-wal|-shm/.test(name))).toEqual([]);
});

test('there must be one to add to', () => {
  expect(() => writeRpmdb({ root: path.join(scratch, 'none'), dbPath, packages: release(1), installTimeSeconds, onto: true })).toThrow(
    expect.objectContaining({ code: 'rpmdb.unreadable' }),
  );
});
