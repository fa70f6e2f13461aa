// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RepoDefinition, ResolveRequest } from '../../main/engine/base/ports/resolver.ts';
import { resolve } from '../../main/native/dnf/index.ts';
import { writeRepoDirectory } from '../../main/native/dnf/repo-files.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';
import { advisoryXml, writeRepository, type ListedPackage } from '../fixtures/repository.ts';

let work: string;
beforeAll(() => {
  work = mkdtempSync(path.join(tmpdir(), 'treeline-odd-'));
});
afterAll(() => rmSync(work, { recursive: true }));

const repoOf = (id: string, directory: string, fields: Partial<RepoDefinition> = {}): RepoDefinition => ({
  ...{ id, name: id, baseurl: [`file://${directory}`], enabled: true, gpgcheck: false, gpgkey: [], excludes: [] },
  ...{ other: {}, file: 'test.repo', line: 1, ...fields },
});
let count = 0;
const request = (repos: readonly RepoDefinition[], packages: readonly string[]): ResolveRequest => ({
  ...{ cachedir: path.join(work, `cache-${++count}`), repos, releasever: '1', packages, excludes: [], recommends: false },
});

function refusal(
  packages: readonly ListedPackage[],
  wanted: readonly string[],
  more: Readonly<Record<string, string>> = {},
): ErrorReport | undefined {
  const directory = writeRepository(path.join(work, `repo-${++count}`), packages, more);
  try {
    resolve(request([repoOf('odd', directory)], wanted))[Symbol.dispose]();
    return undefined;
  } catch (error) {
    if (error instanceof TreelineError) return error.report;
    throw error;
  }
}

test('an advisory that is split over two repositories, and issued again with more packages, is one with all of them', () => {
  const id = 'RHSA-2026:1';
  const base = writeRepository(
    path.join(work, 'base'),
    [
      { name: 'a', version: '2' },
      { name: 'c', version: '2' },
    ],
    {
      updateinfo: `<updates>${advisoryXml({ id, issued: '2026-01-01 00:00:00', title: 'first', packages: [['a', '2']] })}${advisoryXml({
        ...{ id, issued: '2026-01-03 00:00:00', title: 'issued again', severity: 'Critical' },
        packages: [['c', '2']],
      })}</updates>`,
    },
  );
  const stream = writeRepository(path.join(work, 'stream'), [{ name: 'b', version: '2' }], {
    updateinfo: `<updates>${advisoryXml({ id, issued: '2026-01-02 00:00:00', packages: [['b', '2']] })}</updates>`,
  });
  using resolution = resolve(request([repoOf('base', base), repoOf('stream', stream)], ['a', 'b', 'c']));
  expect(resolution.advisories()).toEqual([
    expect.objectContaining({
      id,
      title: 'issued again',
      severity: 'critical',
      packages: ['a-2-1.noarch', 'b-2-1.noarch', 'c-2-1.noarch'],
    }),
  ]);
});

test('a package without a checksum in the metadata is refused by repository and name', () => {
  expect(refusal([{ name: 'bare', checksum: null }], ['bare'])).toMatchObject({
    code: 'rpmmd.corrupt',
    subject: 'odd',
    detail: expect.stringContaining('bare-1-1.noarch') as string,
  });
});

test('a package for other architectures only is named as that', () => {
  expect(refusal([{ name: 'far', arch: 'aarch64' }], ['far'])).toMatchObject({ code: 'package.other-architecture', subject: 'far' });
  expect(
    refusal(
      [
        { name: 'far', arch: 'aarch64' },
        { name: 'near', requires: ['far'] },
      ],
      ['near'],
    ),
  ).toMatchObject({
    code: 'package.dependency-missing',
    subject: 'near-1-1.noarch',
  });
});

test('a server’s package never leads to a file of this machine', async () => {
  const directory = path.join(work, 'web');
  writeRepository(path.join(directory, 'honest'), [{ name: 'p' }]);
  writeRepository(path.join(directory, 'href'), [{ name: 'p', href: 'file:///etc/shadow' }]);
  writeRepository(path.join(directory, 'base'), [{ name: 'p', href: 'shadow', base: 'file:///etc' }]);
  // libdnf works synchronously: the server needs a process of its own
  const server = spawn('python3', ['-u', '-m', 'http.server', '--bind', '127.0.0.1', '--directory', directory, '0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    const port = /port (\d+)/.exec(String((await once(server.stdout, 'data'))[0]))?.[1] ?? '';
    const attempt = (name: string): unknown => {
      try {
        using resolution = resolve(request([repoOf('web', '', { baseurl: [`http://127.0.0.1:${port}/${name}`] })], ['p']));
        return resolution.packages.map((pkg) => [pkg.nevra, pkg.remote]);
      } catch (error) {
        return TreelineError.report(error);
      }
    };
    expect(attempt('honest')).toEqual([['p-1-1.noarch', true]]);
    for (const name of ['href', 'base'])
      expect(attempt(name)).toMatchObject({
        code: 'rpmmd.corrupt',
        subject: 'web',
        detail: expect.stringContaining('p-1-1.noarch') as string,
      });
  } finally {
    server.kill();
  }
});

test('the passwords of a .repo file are for its owner alone, and go when the job is over', () => {
  const directory = path.join(work, 'repos.d');
  {
    using _ = writeRepoDirectory(
      directory,
      [repoOf('secret', '/x', { other: { password: 'pw', sslcacert: 'a\nb' } })],
      path.join(work, 'local'),
    );
    expect(readdirSync(directory)).toEqual(['treeline.repo']);
    expect(statSync(path.join(directory, 'treeline.repo')).mode & 0o777).toBe(0o600);
  }
  expect(() => statSync(directory)).toThrow('ENOENT');
});
test('continued lines, negative priorities and blanks in an address reach libdnf as they were meant', () => {
  const directory = writeRepository(path.join(work, 'with blank'), [{ name: 'plain' }]);
  const repo = repoOf('odd', '', {
    baseurl: [`file://${directory.replace(' ', '%20')}`],
    priority: -5,
    other: { includepkgs: 'plain\nother' },
  });
  using resolution = resolve(request([repo], ['plain']));
  expect(resolution.packages.map((pkg) => [pkg.nevra, path.join(realpathSync(path.dirname(pkg.path)), path.basename(pkg.path))])).toEqual([
    ['plain-1-1.noarch', path.join(directory, 'plain.rpm')],
  ]);
});
