// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, verify } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReleaseChanges } from '../../shared/domain/index.ts';
import { Variant } from '../../main/native/core/index.ts';
import { historyOf } from '../../main/engine/base/diff/index.ts';
import { reachableObjects } from '../../main/native/ostree/reachable.ts';
import { Repo } from '../../main/native/ostree/index.ts';
import { ComposeFixture, treeline } from './compose-fixture.ts';
import { treePackages } from './compose-packages.ts';

let f: ComposeFixture;

beforeAll(() => {
  f = new ComposeFixture();
  f.add(...treePackages);
});
afterAll(() => f.dispose());

/** The newest of three commits says what they changed, and exactly what each of the two before it lacks of it. */
function expectSizes(second: string): void {
  using repo = Repo.open(f.repo);
  const newest = repo.loadCommit(repo.resolveRev('test/x86_64/changes'));
  expect(newest.parent).toBe(second);
  expect(newest.metadata.has('ostree.sizes')).toBe(false);
  const told = historyOf(newest);
  expect(told.map((r) => [r.checksum, r.changes.version])).toEqual([
    [second, '1.1'],
    [repo.loadCommit(second).parent, '1'],
  ]);
  const objects = (revision: string): Set<string> => reachableObjects(repo, revision);
  const size = (name: string): number => {
    const [checksum = '', type] = name.split('.');
    return statSync(path.join(f.repo, 'objects', checksum.slice(0, 2), `${checksum.slice(2)}.${type === 'file' ? 'filez' : type}`)).size;
  };
  const gaps = newest.value('treeline.gaps', 'a(ayttt)') as [Buffer, bigint, bigint, bigint][];
  expect(gaps.map(([commit]) => commit.toString('hex'))).toEqual(['', second, repo.loadCommit(second).parent]);
  for (const [commit, count, archived] of gaps) {
    const there = commit.length === 0 ? new Set<string>() : objects(commit.toString('hex'));
    const missing = [...objects(newest.checksum)].filter((name) => !there.has(name) && !name.endsWith('.commit'));
    expect([Number(count), Number(archived)]).toEqual([missing.length, missing.reduce((sum, name) => sum + size(name), 0)]);
  }
  const [file] = newest.value('treeline.files', 'a(saytt)') as [string, Buffer, bigint, bigint][];
  expect(file?.[0]).toBe('usr/share/rpm/rpmdb.sqlite');
  expect(size(`${file?.[1].toString('hex')}.file`)).toBe(Number(file?.[2]));
}

test('treeline.changes tells what a commit changes against its parent, with new changelog entries and advisories', async () => {
  const treefile = f.treefile('packages: [plain, filesystem]\nref: test/x86_64/changes\nautomatic-version-prefix: "1"\n', 'changes.yaml');
  await f.compose(treefile);
  const changes = (revision: string): ReleaseChanges => {
    using repo = Repo.open(f.repo);
    const value = repo.loadCommit(repo.resolveRev(revision)).value('treeline.changes', 'ay');
    return JSON.parse(inflateSync(value as Buffer).toString()) as ReleaseChanges;
  };
  expect(changes('test/x86_64/changes')).toMatchObject({ format: 1, version: '1', packages: [], advisories: [] });
  f.add({
    name: 'plain',
    version: '2',
    files: { '/usr/share/plain': 'two!' },
    changelog: '* Tue Mar 03 2026 A <a@x> - 2-1\n- Second: CVE-2026-1\n\n* Mon Mar 02 2026 A <a@x> - 1-1\n- First',
  });
  const updateinfo = path.join(f.directory, 'updateinfo.xml');
  writeFileSync(
    updateinfo,
    '<updates><update type="security" version="1" status="final" from="x"><id>ADV-1</id><title>plain fix</title><severity>Important</severity><issued date="2026-03-03 00:00:00"/><description>Fixed</description><references><reference href="https://x/CVE-2026-1" id="CVE-2026-1" type="cve" title="CVE-2026-1"/></references><pkglist><collection><package name="plain" version="2" release="1" epoch="0" arch="noarch"><filename>plain-2-1.noarch.rpm</filename></package></collection></pkglist></update></updates>',
  );
  execFileSync('modifyrepo_c', ['--mdtype=updateinfo', updateinfo, path.join(f.packages, 'repodata')], { stdio: 'ignore' });
  const outcome = await f.compose(treefile);
  expect(outcome).toMatchObject({ changed: true, version: '1.1', imported: 1, cached: 1 });
  const told = changes('test/x86_64/changes');
  expect(told).toMatchObject({ version: '1.1', parentVersion: '1', installedSizeDeltaBytes: 1 });
  expect(told.parent).toBe(f.ostree('rev-parse', 'test/x86_64/changes^'));
  expect(told.packages).toHaveLength(1);
  expect(told.packages[0]).toMatchObject({
    kind: 'upgraded',
    name: 'plain',
    from: { version: '1' },
    to: { version: '2' },
    advisories: ['ADV-1'],
  });
  expect(told.packages[0]?.changelog?.map((e) => e.text)).toEqual(['- Second: CVE-2026-1']);
  expect(told.advisories[0]).toMatchObject({
    id: 'ADV-1',
    kind: 'security',
    severity: 'important',
    references: [{ kind: 'cve', id: 'CVE-2026-1' }],
  });
  await f.compose(f.treefile(readFileSync(treefile, 'utf8').replace('packages: [plain, ', 'packages: ['), 'changes.yaml'));
  expectSizes(outcome.checksum);
  using repo = Repo.open(f.repo);
  const advisories = repo.loadCommit(outcome.checksum).value('rpmostree.advisories', 'a(suuasa{sv})') as unknown as [
    string,
    number,
    number,
    string[],
  ][];
  // in the commit the numbers are in network order, and both kinds of commits are read
  expect(advisories[0]?.slice(0, 4)).toEqual(['ADV-1', 1 << 24, 3 << 24, ['plain-2-1.noarch']]);
  expect(f.ostree('show', '--print-metadata-key=rpmostree.advisories', outcome.checksum)).toContain(
    "('ADV-1', uint32 1, uint32 3, ['plain-2-1.noarch']",
  );
});

test('GPG signatures that ostree itself verifies, ed25519 ones that OpenSSL does', async () => {
  const home = path.join(f.directory, 'gnupg');
  mkdirSync(home, { mode: 0o700 });
  const gpg = (...args: string[]): string =>
    execFileSync('gpg', ['--homedir', home, '--batch', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  gpg('--passphrase', '', '--quick-gen-key', 'Tester <t@example.org>', 'ed25519', 'sign', 'never');
  const keyId = /^pub:.*?:([0-9A-F]{16}):/m.exec(gpg('--with-colons', '--list-keys'))?.[1] ?? '';
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = (key: typeof privateKey, type: 'spki' | 'pkcs8'): Buffer =>
    (key.export({ type: type as 'pkcs8', format: 'der' }) as Buffer).subarray(-32);
  const publicRaw = raw(publicKey, 'spki');
  const keyFile = path.join(f.directory, 'ed25519.key');
  writeFileSync(keyFile, `${Buffer.concat([raw(privateKey, 'pkcs8'), publicRaw]).toString('base64')}\n`);
  const treefile = f.treefile('packages: [plain, filesystem]\nref: test/x86_64/signed\n', 'signed.yaml');
  const outcome = await f.compose(treefile, { gpgSign: [{ keyId, homedir: home }], ed25519KeyFiles: [keyFile] });
  const trusted = path.join(f.directory, 'trusted');
  mkdirSync(trusted);
  gpg('--export', '-o', path.join(trusted, 'pubring.gpg'));
  expect(
    execFileSync('ostree', [`--repo=${f.repo}`, 'show', `--gpg-homedir=${trusted}`, outcome.checksum], { encoding: 'utf8' }),
  ).toContain('Good signature from "Tester');
  using repo = Repo.open(f.repo);
  const [signature = Buffer.alloc(0)] =
    repo.detachedMetadata(outcome.checksum)?.get('ostree.sign.ed25519') instanceof Variant
      ? ((repo.detachedMetadata(outcome.checksum)?.get('ostree.sign.ed25519') as Variant).value as Buffer[])
      : [];
  expect(verify(null, repo.loadCommit(outcome.checksum).bytes, publicKey, signature)).toBe(true);
  expect(existsSync(path.join(f.repo, 'summary.sig'))).toBe(true);
  const client = path.join(f.directory, 'client');
  execFileSync('ostree', [`--repo=${client}`, 'init', '--mode=archive']);
  execFileSync(
    'ostree',
    [
      `--repo=${client}`,
      'remote',
      'add',
      `--gpg-import=${trusted}/pubring.gpg`,
      '--set=gpg-verify=true',
      '--set=gpg-verify-summary=true',
      'r',
      `file://${f.repo}`,
    ],
    { stdio: 'ignore' },
  );
  execFileSync('ostree', [`--repo=${client}`, 'pull', 'r', 'test/x86_64/signed'], { stdio: 'ignore' });
  execFileSync('gpgconf', ['--homedir', home, '--kill', 'gpg-agent']);
});

test('the command’s options: metadata, files about the result, no parent, quiet', async () => {
  const at = (name: string): string => path.join(f.directory, name);
  writeFileSync(at('meta.json'), '{"flag": true, "list": ["a", 1], "nested": {"x": 1.5}}');
  const treefile = f.treefile(
    'packages: [plain, filesystem]\nref: test/x86_64/options\nadd-commit-metadata: {note: treefile}\n',
    'options.yaml',
  );
  const refsBefore = f.refs();
  const result = await treeline(
    ...[
      '-q',
      'compose',
      'tree',
      `--repo=${f.repo}`,
      `--cachedir=${f.cachedir}`,
      '--add-metadata-string=version=9.9',
      '--add-metadata-string=note=command',
    ],
    ...[
      `--add-metadata-from-json=${at('meta.json')}`,
      `--write-commitid-to=${at('id')}`,
      `--write-composejson-to=${at('compose.json')}`,
      `--touch-if-changed=${at('touched')}`,
    ],
    ...['--no-parent', treefile],
  );
  expect(result).toMatchObject({ status: 0, stderr: '' });
  const checksum = readFileSync(at('id'), 'utf8');
  expect(result.stdout).toBe(`Wrote commit: ${checksum}\n`);
  // whoever asks for the checksum tests it before a branch gets it
  expect(f.refs()).toBe(refsBefore);
  expect(f.ostree('show', checksum)).toContain('9.9');
  expect(JSON.parse(readFileSync(at('compose.json'), 'utf8'))).toMatchObject({ 'ostree-commit': checksum, 'ostree-version': '9.9' });
  expect(existsSync(at('touched'))).toBe(true);
  const show = (key: string): string => f.ostree('show', `--print-metadata-key=${key}`, checksum);
  expect([show('version'), show('note'), show('flag')]).toEqual(["'9.9'", "'command'", 'true']);
  const usage = await treeline(
    'compose',
    'tree',
    `--repo=${f.repo}`,
    `--cachedir=${f.cachedir}`,
    '--add-metadata-string=nonsense',
    '--force-nocache',
    treefile,
  );
  expect(usage.status).toBe(1);
  expect(usage.stderr).toContain('nonsense');
});

test('dry run and print-only change nothing', async () => {
  const treefile = f.treefile('packages: [service]\nref: test/x86_64/dry\n', 'dry.yaml');
  const before = readdirSync(f.repo, { recursive: true }).length;
  expect((await f.compose(treefile, { dryRun: true })).text).toContain('service-1-1.noarch (test)');
  expect(JSON.parse((await f.compose(treefile, { printOnly: true })).text ?? '')).toMatchObject({
    ref: 'test/x86_64/dry',
    packages: ['service'],
  });
  expect(readdirSync(f.repo, { recursive: true }).length).toBe(before);
});

test('nothing is left of the work', () => {
  expect(readdirSync(f.cachedir).filter((name) => name.startsWith('work.'))).toEqual([]);
  expect(readdirSync(path.join(f.repo, 'tmp')).filter((name) => name !== 'cache')).toEqual([]);
});
