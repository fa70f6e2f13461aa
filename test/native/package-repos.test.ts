// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadKeys, verify } from '../../main/engine/compose/build/signatures.ts';
import { findInRepos, importPackageKeys, packageRepos, refreshPackageRepos } from '../../main/engine/host/package-repos/index.ts';
import { silent } from '../fixtures/job-context.ts';
import { findPackages, refreshRepo, resolve } from '../../main/native/dnf/index.ts';
import { rpm } from '../../main/native/rpm/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { createRepo, makeRpm } from '../fixtures/make-rpm.ts';
import { newKey, sign, stopAgent } from './rpm-build.ts';

/* What the .repo files of a system say, against real libdnf, librpm, gpg, and packages that rpmsign has signed. */

let work: string;
/** In a process of its own: libdnf's calls leave this one no turn. */
let server: ChildProcess;
let url: string;
const requests = (): string => readFileSync(at('log'), 'utf8');
let root: string;
let keys: { readonly right: Buffer; readonly other: Buffer };
const at = (...names: string[]): string => path.join(work, ...names);

beforeAll(async () => {
  work = mkdtempSync('/dev/shm/treeline-repos-');
  mkdirSync(at('site/signed'), { recursive: true });
  mkdirSync(at('site/damaged/repodata'), { recursive: true });
  const file = makeRpm(at('site/signed'), { name: 'signed', summary: 'Signed' });
  const [right, other] = [newKey(at('gnupg'), 'ed25519'), newKey(at('gnupg'), 'rsa2048')];
  sign(file, at('gnupg'), right.id);
  stopAgent(at('gnupg'));
  keys = { right: right.armoured, other: other.binary };
  createRepo(at('site/signed'));
  writeFileSync(at('site/damaged/repodata/repomd.xml'), 'not xml at all <<<');
  writeFileSync(at('log'), '');
  const script = path.join(import.meta.dirname, '../fixtures/odd-server.mjs');
  server = spawn(process.execPath, [script, at('site'), at('log'), '{}'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(server.stdout ?? process.stdin, 'data')) as [Buffer];
  url = `http://127.0.0.1:${port.toString().trim()}`;
});
afterAll(() => {
  server?.kill();
  rmSync(work, { recursive: true, force: true });
});
let count = 0;
beforeEach(() => {
  root = at(`root-${++count}`);
  mkdirSync(path.join(root, 'etc/yum.repos.d'), { recursive: true });
});

const put = (text: string): void => writeFileSync(path.join(root, 'etc/yum.repos.d/test.repo'), text);
const cachedir = (): string => path.join(root, 'cache');
const asFound = (packages: readonly string[]) => ({
  ...{ cachedir: cachedir(), ...packageRepos({ root }), packages, excludes: [], recommends: false },
});

async function checked(): Promise<string> {
  const request = asFound(['signed']);
  using resolution = resolve(request);
  resolution.fetch(resolution.packages, () => undefined);
  const [repo] = request.repos;
  const [pkg] = resolution.packages;
  if (!repo || !pkg) throw new Error('nothing was found');
  try {
    verify(pkg, await loadKeys(repo), rpm);
    return 'ok';
  } catch (error) {
    return TreelineError.report(error).code;
  }
}

test('a package is checked with the system’s key files and with keys that somebody imported; an address is no key', async () => {
  put(`[signed]\nbaseurl=${url}/signed\ngpgkey=${url}/KEY file:///etc/pki/KEY\n`);
  writeFileSync(at('site/KEY'), keys.right);
  writeFileSync(at('log'), '');
  expect(await checked()).toBe('package.key-missing');
  expect(requests()).not.toContain('KEY');
  importPackageKeys(root, 'signed', keys.other.toString('base64'), { user: undefined, now: 0 });
  expect(await checked()).toBe('package.key-missing');
  importPackageKeys(root, 'signed', keys.right.toString('base64'), { user: undefined, now: 0 });
  expect(await checked()).toBe('ok');
  rmSync(path.join(root, 'etc/treeline'), { recursive: true });
  mkdirSync(path.join(root, 'etc/pki'));
  writeFileSync(path.join(root, 'etc/pki/KEY'), keys.right);
  expect(await checked()).toBe('ok');
});

test.each([
  ['nothing', ''],
  ['text', 'no key'],
  ['a raw key of ostree', `${Buffer.alloc(32).toString('base64')}\n`],
])('%s isn’t imported as a key', (_what, text) => {
  const key = Buffer.from(text).toString('base64');
  expect(() => importPackageKeys(root, 'signed', key, { user: undefined, now: 0 })).toThrow(
    expect.objectContaining({ code: 'key.unreadable' }) as Error,
  );
});

test('resolving leaves out a dead repository that may be, and names it; any other dead one is an error', () => {
  const dead = `[dead]\nbaseurl=${url}/nowhere\n`;
  put(`[signed]\nbaseurl=${url}/signed\n${dead}`);
  expect(() => resolve(asFound(['signed']))).toThrow(expect.objectContaining({ code: 'rpmmd.unreachable' }) as Error);
  put(`[signed]\nbaseurl=${url}/signed\n${dead}skip_if_unavailable=True\n`);
  using resolution = resolve(asFound(['signed']));
  expect(resolution.packages.map(({ nevra }) => nevra)).toEqual(['signed-1-1.noarch']);
  expect(resolution.warnings).toMatchObject([{ code: 'rpmmd.unreachable', subject: 'dead' }]);
});

test('what one repository’s metadata breaks leaves the others to be asked, and is named', () => {
  put(`[damaged]\nbaseurl=${url}/damaged\n[signed]\nbaseurl=${url}/signed\n[wrong]\nbaseurl=http://x\ngpgcheck=perhaps\n`);
  const problems: TreelineError[] = [];
  const repos = packageRepos({ root, onProblem: (problem) => problems.push(problem) });
  const params = { cachedir: cachedir(), ...repos, problems: problems.map(({ report }) => report) };
  const ports = { refreshRepo, now: () => 1_700_000_000 };
  expect(() => refreshPackageRepos({ ...params, force: false, skipUnavailable: true }, ports, silent)).toThrow(
    expect.objectContaining({ report: expect.objectContaining({ code: 'rpmmd.corrupt', subject: 'damaged' }) as unknown }) as Error,
  );
  const query = { kind: 'names', words: ['signed'] } as const;
  mkdirSync(at('scratch'), { recursive: true });
  const found = findInRepos({ ...params, query }, findPackages, at('scratch'));
  expect(found.packages.map(({ name, repo }) => [name, repo])).toEqual([['signed', 'signed']]);
  expect(found.unknown.map(({ code, subject }) => [code, subject])).toEqual([
    ['repo-file.invalid-value', undefined],
    ['rpmmd.not-fetched', 'damaged'],
  ]);
  // metadata that was damaged since
  const files = execFileSync('find', [cachedir(), '-name', '*primary*', '-path', '*rpmmd*'], { encoding: 'utf8' }).trim().split('\n');
  for (const file of files) writeFileSync(file, 'gone');
  execFileSync('find', [cachedir(), '-name', '*.solv*', '-delete']);
  writeFileSync(at('log'), '');
  const only = { ...params, repos: params.repos.filter(({ id }) => id === 'signed'), problems: [], query };
  expect(() => findInRepos(only, findPackages, at('scratch'))).toThrow(
    expect.objectContaining({ report: expect.objectContaining({ code: 'rpmmd.unreachable', subject: 'signed' }) as unknown }) as Error,
  );
  expect(requests()).toBe('');
});

test('a repository that is known by a list of mirrors is looked up without it, too', () => {
  writeFileSync(at('site/mirrors'), `${url}/signed\n`);
  put(`[signed]\nmirrorlist=${url}/mirrors\n`);
  const params = { cachedir: cachedir(), ...packageRepos({ root }), problems: [] };
  refreshPackageRepos({ ...params, force: false, skipUnavailable: false }, { refreshRepo, now: () => 1_700_000_000 }, silent);
  mkdirSync(at('scratch'), { recursive: true });
  writeFileSync(at('log'), '');
  const versions = findInRepos({ ...params, query: { kind: 'versions', words: ['signed', 'sign'] } }, findPackages, at('scratch'));
  expect(versions.packages.map(({ name, repo }) => `${repo} ${name}`)).toEqual(['signed signed']);
  const query = { kind: 'search', words: ['SIGN'] } as const;
  expect(findInRepos({ ...params, query }, findPackages, at('scratch')).packages.map(({ name }) => name)).toEqual(['signed']);
  expect(requests()).toBe('');
});
