// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countChanges, diffPackages } from '../../main/engine/base/diff/index.ts';
import { readPackage } from '../../main/native/rpm/index.ts';
import { compareEvr } from '../../shared/domain/index.ts';
import { demoRepositories, sh } from './rpm-build.ts';

let scratch: string;
let demo: string;
beforeAll(async () => {
  scratch = mkdtempSync(path.join(os.tmpdir(), 'treeline-'));
  demo = await demoRepositories();
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const packagesOf = (n: number): ReturnType<typeof readPackage>[] =>
  readdirSync(path.join(demo, `release-${n}/packages`)).map((f) => readPackage(path.join(demo, `release-${n}/packages`, f)));

/** dnf with only the repository of one release, as its own .repo file has it. */
function dnf(n: number, ...args: string[]): string {
  const conf = path.join(scratch, `conf-${n}`);
  mkdirSync(conf, { recursive: true });
  writeFileSync(path.join(conf, 'meadow.repo'), readFileSync(path.join(demo, `release-${n}/meadow.repo`)));
  const own = [
    '--quiet',
    '--releasever=1',
    '--forcearch=x86_64',
    `--installroot=${scratch}/root-${n}`,
    `--setopt=reposdir=${conf}`,
    `--setopt=cachedir=${scratch}/cache-${n}`,
  ];
  return execFileSync('dnf', [...own, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

test('dnf sees three repositories and finds all that the desktop needs in each', () => {
  for (const n of [1, 2, 3]) {
    const all = dnf(n, 'repoquery').trim().split('\n');
    expect(all.length).toBe(packagesOf(n).length);
    const needed = dnf(n, 'repoquery', '--requires', '--resolve', '--recursive', 'meadow-desktop').trim().split('\n');
    expect(needed.length).toBeGreaterThan(34);
    expect(dnf(n, 'repoquery', '--unsatisfied').trim()).toBe('');
  }
});

test('each release changes as much as a demo should show', () => {
  const [one, two, three] = [1, 2, 3].map(packagesOf) as [
    ReturnType<typeof packagesOf>,
    ReturnType<typeof packagesOf>,
    ReturnType<typeof packagesOf>,
  ];
  expect(countChanges(diffPackages(one, two))).toEqual({ upgraded: 14, downgraded: 0, added: 1, removed: 1 });
  expect(countChanges(diffPackages(two, three))).toEqual({ upgraded: 13, downgraded: 1, added: 1, removed: 1 });
  expect(
    one
      .filter((p) => p.name === 'libclover')
      .map((p) => p.arch)
      .sort(),
  ).toEqual(['i686', 'x86_64']);
  expect(new Set([...one, ...two, ...three].flatMap((p) => p.changelog.map((e) => e.author.replace(/ -.*/, '')))).size).toBeGreaterThan(3);
  for (const p of [...one, ...two, ...three]) {
    expect(p.changelog.length).toBeGreaterThan(0);
    expect(p.files.every((f) => f.user !== '' && f.group !== '')).toBe(true);
  }
});

test('an update is large enough to watch and small enough to wait for', () => {
  const bytes = (n: number): Map<string, number> =>
    new Map(
      readdirSync(path.join(demo, `release-${n}/packages`)).map((f) => [f, statSync(path.join(demo, `release-${n}/packages`, f)).size]),
    );
  for (const n of [2, 3]) {
    const before = bytes(n - 1);
    const fresh = [...bytes(n)].filter(([f]) => !before.has(f)).reduce((sum, [, size]) => sum + size, 0);
    expect(fresh).toBeGreaterThan(2 << 20);
    expect(fresh).toBeLessThan(12 << 20);
  }
});

test('each advisory ships packages that the repository has', () => {
  for (const [n, count] of [
    [1, 0],
    [2, 5],
    [3, 9],
  ] as const) {
    const repodata = path.join(demo, `release-${n}/repodata`);
    const [file] = readdirSync(repodata).filter((f) => f.includes('updateinfo'));
    const text = gunzipSync(readFileSync(path.join(repodata, file!))).toString();
    expect((text.match(/<update /g) ?? []).length).toBe(count);
    const shipped = [...text.matchAll(/<package name="([^"]+)" epoch="(\d+)" version="([^"]+)" release="([^"]+)" arch="([^"]+)"/g)];
    const packages = packagesOf(n);
    for (const [, name, epoch, version, release] of shipped) {
      const now = packages.find((p) => p.name === name)!;
      // an older one may have been followed by a newer, never the reverse
      expect(compareEvr(now, { epoch: Number(epoch), version: version!, release: release! })).toBeGreaterThanOrEqual(0);
    }
  }
});

test('scriptlets are understood by the shell that the distribution ships', () => {
  for (const p of packagesOf(3)) {
    for (const s of p.scriptlets.filter((each) => each.interpreter[0] === '/bin/sh')) sh('busybox', ['sh', '-n'], s.body);
    for (const f of p.files) expect(f.path.startsWith('/usr/') || f.path.startsWith('/etc/') || p.name === 'filesystem').toBe(true);
  }
});

test('the treefile points to its own repository', () => {
  const repo = readFileSync(path.join(demo, 'release-2/meadow.repo'), 'utf8');
  expect(repo).toContain(`baseurl=file://${demo}/release-2\n`);
  expect(repo).toContain('gpgcheck=1');
  expect(readFileSync(/^gpgkey=file:\/\/(.*)$/m.exec(repo)![1]!, 'utf8')).toContain('BEGIN PGP PUBLIC KEY');
});
