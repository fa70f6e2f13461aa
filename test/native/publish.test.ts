// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changesOf, historyOf } from '../../main/engine/base/diff/index.ts';
import type { VerifyReport } from '../../main/engine/compose/publish/index.ts';
import { Repo } from '../../main/native/ostree/index.ts';
import { openPublishRepo } from '../../main/native/ostree/publish-repo.ts';
import { filesystemPackage } from '../fixtures/shell-package.ts';
import { ComposeFixture, treeline } from './compose-fixture.ts';
import { PublishFixture, sh, type Ed25519TestKey, type GpgTestKey } from './publish-fixture.ts';

let f: ComposeFixture;
let p: PublishFixture;
let keys: readonly [GpgTestKey, GpgTestKey];
let ed: readonly [Ed25519TestKey, Ed25519TestKey];
const ref = 'test/x86_64/base';
const commits: string[] = [];
const lines = (seed: string): string => Array.from({ length: 2000 }, (_, i) => `${seed} ${i}`).join('\n');

const compose = (...more: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> =>
  treeline(
    'compose',
    'tree',
    path.join(f.directory, 'tree.yaml'),
    `--repo=${f.repo}`,
    `--cachedir=${f.cachedir}`,
    ...keys.map((k) => `--gpg-sign=${k.id}`),
    `--gpg-homedir=${p.home}`,
    ...ed.map((k) => `--sign-ed25519=${k.secretFile}`),
    ...more,
  );

beforeAll(async () => {
  f = new ComposeFixture();
  p = new PublishFixture();
  keys = [p.gpgKey('one'), p.gpgKey('two')];
  ed = [p.ed25519Key('ed1'), p.ed25519Key('ed2')];
  f.treefile('packages: [app, filesystem]\nautomatic-version-prefix: "9"\n');
  for (const version of ['1', '2', '3']) {
    f.add(...(version === '1' ? [filesystemPackage] : []), {
      name: 'app',
      version,
      files: { '/usr/share/app': lines('app') + version, '/usr/share/other': version },
      changelog: `* Mon Mar 0${version} 2026 A <a@x> - ${version}-1\n- Release ${version}`,
    });
    const result = await compose('--static-deltas=2');
    expect(result.stderr).toBe('');
    commits.push(f.ostree('rev-parse', ref));
  }
});
afterAll(() => {
  f.dispose();
  p.dispose();
});

test('every key signs commit and summary; static deltas lead from the last commits to the newest', async () => {
  const shown = f.ostree('show', `--gpg-homedir=${p.home}`, ref);
  expect(shown).toContain('Found 2 signatures');
  expect(f.ostree('static-delta', 'list').split('\n').sort()).toEqual(
    [`${commits[0]}-${commits[1]}`, `${commits[0]}-${commits[2]}`, `${commits[1]}-${commits[2]}`].sort(),
  );
  const verify = async (...files: string[]): Promise<VerifyReport> =>
    JSON.parse((await treeline('repo', 'verify', '-r', f.repo, '--json', ...files.map((file) => `--key=${file}`))).stdout) as VerifyReport;
  for (const file of [keys[0].file, keys[1].file, ed[0].publicFile, ed[1].publicFile]) {
    const report = await verify(file);
    expect(report).toMatchObject({ ok: true });
    expect(report.commits).toHaveLength(3);
    expect(report.commits.every((c) => c.signatures.length === 4 && c.signatures.filter((s) => s.valid).length === 1)).toBe(true);
    expect(report.summary.signatures.filter((s) => s.valid)).toHaveLength(1);
  }
  const stranger = p.ed25519Key('stranger');
  expect(await verify(stranger.publicFile)).toMatchObject({ ok: false });
  // stock ostree with one key, by delta
  const client = p.init('client', 'bare-user');
  sh('ostree', [
    `--repo=${client}`,
    'remote',
    'add',
    '--set=gpg-verify-summary=true',
    `--gpg-import=${keys[1].file}`,
    'up',
    `file://${f.repo}`,
  ]);
  sh('ostree', [`--repo=${client}`, 'pull', 'up', ref]);
  expect(sh('ostree', [`--repo=${client}`, 'rev-parse', `up:${ref}`])).toBe(commits[2]);
});

test('a commit bound to its branch is promoted with the changes since what the other branch had', async () => {
  const publish = async (from: string, to: string): Promise<string> => {
    const result = await treeline('repo', 'promote', '-r', f.repo, from, to, `--gpg-sign=${keys[0].id}`, `--gpg-homedir=${p.home}`);
    expect(result.stderr).toBe('');
    return f.ostree('rev-parse', to);
  };
  expect(await publish(commits[0]!, 'stable')).toBe(commits[0]);
  using repo = openPublishRepo(f.repo);
  const bound = repo.rebind(commits[2]!, {
    parent: commits[1]!,
    ref: 'testing',
    signing: {},
    metadata: new Map([['ostree.ref-binding', repo.variant('as', ['testing'])]]),
  });
  const promoted = await publish('testing', 'stable');
  expect(promoted).not.toBe(bound);
  using plain = Repo.open(f.repo);
  const commit = plain.loadCommit(promoted);
  expect(commit.parent).toBe(commits[0]);
  expect(commit.rootDirtree).toBe(plain.loadCommit(bound).rootDirtree);
  expect(commit.timestamp).toBe(plain.loadCommit(bound).timestamp);
  const changes = changesOf(commit);
  expect(changes).toMatchObject({ parent: commits[0], parentVersion: '9', version: '9.2' });
  expect(changes?.packages).toHaveLength(1);
  expect(changes?.packages[0]).toMatchObject({ name: 'app', kind: 'upgraded', from: { version: '1' }, to: { version: '3' } });
  expect(changes?.packages[0]?.changelog?.map((e) => e.text)).toEqual(['- Release 3', '- Release 2']);
  expect(historyOf(commit).map((r) => r.checksum)).toEqual([commits[0]]);
  sh('ostree', [`--repo=${f.repo}`, 'fsck', '--quiet']);
});

test('a second compose of the repository waits for the first, or is refused; nothing is lost', async () => {
  f.add({ name: 'app', version: '4', files: { '/usr/share/app': lines('app') + '4' } });
  const [first, second] = await Promise.all([
    f.compose(path.join(f.directory, 'tree.yaml'), { forceNocache: true }),
    f.compose(path.join(f.directory, 'tree.yaml'), { forceNocache: true }),
  ]);
  const order = f.ostree('rev-parse', ref) === first.checksum ? [second, first] : [first, second];
  expect(f.ostree('rev-parse', ref)).toBe(order[1]?.checksum);
  expect(f.ostree('rev-parse', `${ref}^`)).toBe(order[0]?.checksum);
  expect(f.ostree('rev-parse', `${ref}^^`)).toBe(commits[2]);
  f.fsck();
  expect(readFileSync(path.join(f.repo, '.treeline.lock'), 'utf8')).toBe('');
});
