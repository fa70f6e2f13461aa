// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FetchPort } from '../../main/engine/base/ports/fetch.ts';
import { demandsOf } from '../../main/engine/base/trust/index.ts';
import { upgrade } from '../../main/engine/host/upgrade/index.ts';
import { fetchInto, Repo } from '../../main/native/ostree/index.ts';
import { update } from '../../main/worker/sysroot-jobs.ts';
import { bundles, treeline } from './compose-fixture.ts';
import { OstreeServer } from './ostree-server.ts';
import { branch, Fixture, job, osname, sh } from './sysroot-fixture.ts';

let home: string;
let right: { fingerprint: string; file: string };
let other: { fingerprint: string; file: string };

beforeAll(async () => {
  home = mkdtempSync('/dev/shm/treeline-gpg-');
  right = gpgKey('right');
  other = gpgKey('other');
  await bundles();
});

afterAll(() => {
  sh('gpgconf', '--homedir', home, '--kill', 'all');
  rmSync(home, { recursive: true, force: true });
});

function gpgKey(name: string): { fingerprint: string; file: string } {
  const gpg = (...args: string[]): string => sh('gpg', '--homedir', home, '--batch', '--yes', '--passphrase', '', ...args);
  gpg('--quick-generate-key', `${name} <${name}@example.org>`, 'ed25519', 'sign', 'never');
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--with-colons', '--list-keys', `${name}@example.org`))?.[1] as string;
  const file = path.join(home, `${name}.gpg`);
  gpg('--output', file, '--export', fingerprint);
  return { fingerprint, file };
}

const signedBy = (key: { fingerprint: string }): string[] => [`--gpg-sign=${key.fingerprint}`, `--gpg-homedir=${home}`];
/** Whether the program succeeds; the server of this process answers meanwhile. */
const succeeds = (program: string, ...args: string[]): Promise<boolean> =>
  new Promise((resolve) => execFile(program, args, { timeout: 60_000 }, (error) => resolve(error === null)));

interface Host extends AsyncDisposable {
  readonly fixture: Fixture;
  readonly server: OstreeServer;
  readonly url: string;
  readonly os: { sysroot: string; osname: string };
}

async function host(): Promise<Host> {
  const fixture = new Fixture();
  const server = new OstreeServer(fixture.server);
  const url = await server.start();
  return {
    fixture,
    server,
    url,
    os: { sysroot: fixture.sysroot, osname },
    async [Symbol.asyncDispose]() {
      await server.stop();
      fixture[Symbol.dispose]();
    },
  };
}

test('every spelling of the verification settings demands what `ostree pull` demands, or is refused as it is there', async () => {
  await using h = await host();
  h.fixture.release({ version: '1' });
  const words = ['true', 'true ', '1', 'false', 'false\t', '0', 'True', 'TRUE', 'yes', 'no', 'on', 'ture', '2', 'false x', '"false"'];
  const signWords = ['spki', 'dummy; ed25519', 'dummy, ed25519', 'ed25519,dummy;', 'yes', 'no', '1', '0', 'False', 'false ', 'none', ''];
  const settings = [
    ...words.map((word) => ({ key: 'gpg-verify', word, before: '' })),
    ...signWords.map((word) => ({ key: 'sign-verify', word, before: 'gpg-verify=false\n' })),
    ...['yes', 'True'].map((word) => ({ key: 'gpg-verify-summary', word, before: 'gpg-verify=false\n' })),
    ...['yes', 'ed25519 '].map((word) => ({ key: 'sign-verify-summary', word, before: 'gpg-verify=false\n' })),
  ];
  const rows = await Promise.all(
    settings.map(async ({ key, word, before }, i) => {
      const client = path.join(h.fixture.dir, `client${i}`);
      sh('ostree', 'init', `--repo=${client}`, '--mode=archive');
      writeFileSync(
        path.join(client, 'config'),
        `[core]\nrepo_version=1\nmode=archive-z2\n[remote "origin"]\nurl=${h.url}\n${before}${key}=${word}\n`,
      );
      using repo = Repo.open(client);
      const ours = (): string => {
        try {
          const { commit, summary } = demandsOf(repo, 'origin');
          return commit.gpg || commit.ed25519 || summary.gpg || summary.ed25519 ? 'demands' : 'takes';
        } catch (error) {
          const { report } = error as { report: object };
          expect(report).toMatchObject({ code: 'remote.bad-setting', subject: 'origin', key, file: path.join(client, 'config') });
          return 'refuses';
        }
      };
      // the commit isn't signed: what is taken was taken without verification
      const taken = await succeeds('ostree', 'pull', `--repo=${client}`, '--commit-metadata-only', 'origin', branch);
      return { word: `${key}=${word}`, ours: ours(), ostree: taken };
    }),
  );
  const without = (taken: (row: (typeof rows)[number]) => boolean): string[] => rows.filter(taken).map((row) => row.word);
  expect(without((row) => row.ours === 'takes')).toEqual(without((row) => row.ostree && row.word !== 'sign-verify='));
  // an empty list of types: libostree verifies nothing then, here it is refused
  expect(rows.find((row) => row.word === 'sign-verify=')).toMatchObject({ ours: 'refuses', ostree: true });
  const of = (kind: string): string[] => rows.filter((row) => row.ours === kind).map((row) => row.word);
  expect(of('takes')).toEqual(['gpg-verify=false', 'gpg-verify=false\t', 'gpg-verify=0', 'sign-verify=0']);
  expect(of('demands')).toEqual(['gpg-verify=true', 'gpg-verify=true ', 'gpg-verify=1', 'sign-verify=1']);
});

test('a setting that nobody understands stops check and upgrade, not status and the list of sources; ed25519 lists are read whole', async () => {
  await using h = await host();
  h.fixture.install(h.url, h.fixture.release({ version: '1' }));
  h.fixture.release({ version: '2' });
  sh('sed', '-i', 's/^gpg-verify=.*/gpg-verify=yes/', path.join(h.fixture.repo, 'config'));
  const error = {
    code: 'remote.bad-setting',
    subject: 'origin',
    detail: 'yes',
    key: 'gpg-verify',
    file: path.join(h.fixture.repo, 'config'),
  };
  expect((await job('update.check', h.os)).result).toMatchObject({ kind: 'failed', error });
  await expect(job('update.upgrade', h.os)).rejects.toMatchObject({ report: error });
  const { deployments } = (await job('sysroot.load', { sysroot: h.fixture.sysroot })).result;
  expect(deployments.map((d) => [d.version, d.verified, d.remoteProblem?.code])).toEqual([['1', false, 'remote.bad-setting']]);
  expect((await job('remote.list', { sysroot: h.fixture.sysroot })).result).toMatchObject([
    { name: 'origin', gpgVerify: false, problem: error },
  ]);
  sh('sed', '-i', 's/^gpg-verify=.*/gpg-verify=false\\nsign-verify=ed25519;/', path.join(h.fixture.repo, 'config'));
  await expect(job('update.upgrade', h.os)).rejects.toMatchObject({ code: 'repo.signature-missing' });
});

test('a signed list of branches is demanded, verified, and believed against what the server answers else', async () => {
  await using h = await host();
  const summary = (...more: string[]): string => sh('ostree', 'summary', '-u', `--repo=${h.fixture.server}`, ...more);
  const unsign = (): void => rmSync(path.join(h.fixture.server, 'summary.sig'), { force: true });
  h.fixture.install(h.url, h.fixture.release({ version: '1' }), ['--no-gpg-verify', '--set=gpg-verify-summary=true']);
  cpSync(right.file, path.join(h.fixture.repo, 'origin.trustedkeys.gpg'));
  const two = h.fixture.release({ version: '2' });
  unsign();
  expect((await job('update.check', h.os)).result).toMatchObject({ kind: 'failed', error: { code: 'repo.signature-missing' } });
  await expect(job('update.upgrade', h.os)).rejects.toMatchObject({ code: 'repo.signature-missing' });
  await expect(job('update.upgrade', { ...h.os, revision: '2' })).rejects.toMatchObject({ code: 'repo.signature-missing' });
  summary(...signedBy(other));
  await expect(job('update.upgrade', h.os)).rejects.toMatchObject({ code: 'repo.key-missing' });
  unsign();
  summary(...signedBy(right));
  expect((await job('update.check', h.os)).result).toMatchObject({ kind: 'available', update: { version: '2' } });
  // the branch moves, and the signed list doesn't: it counts, as for `ostree pull`
  const signed = ['summary', 'summary.sig'].map((name) => path.join(h.fixture.server, name));
  for (const file of signed) cpSync(file, `${file}.kept`);
  h.fixture.release({ version: '3' });
  for (const file of signed) cpSync(`${file}.kept`, file);
  // what the fetching process left behind isn't believed without the network either
  const fetched = path.join(h.fixture.sysroot, 'ostree/deploy', osname, 'var/cache/treeline/fetch');
  mkdirSync(path.join(fetched, 'refs/remotes/origin/test'), { recursive: true });
  writeFileSync(path.join(fetched, 'refs/remotes/origin', branch), `${h.fixture.commits[0] as string}\n`);
  await expect(job('update.upgrade', { ...h.os, downloadOnly: true })).resolves.toMatchObject({ result: { toVersion: '2' } });
  await expect(job('update.upgrade', { ...h.os, cacheOnly: true })).resolves.toMatchObject({ result: { toVersion: '2', checksum: two } });
  // but that it is older than the branch is said
  expect((await job('update.check', h.os)).result).toMatchObject({ kind: 'up-to-date', staleList: true });
  const again = await job('update.upgrade', h.os);
  expect(again.result.changed).toBe(false);
  expect(again.events).toContainEqual({ type: 'message', text: expect.stringContaining('is older than') as string });
  unsign();
  summary(...signedBy(right));
  expect((await job('update.check', h.os)).result).toMatchObject({ kind: 'available', update: { version: '3' } });
});

test('a commit of another branch is refused whatever brings it, though its signature is good', async () => {
  await using h = await host();
  h.fixture.install(h.url, h.fixture.release({ version: '1', commitArgs: signedBy(right) }), [`--gpg-import=${right.file}`]);
  const two = h.fixture.release({ version: '2', commitArgs: signedBy(right) });
  const bound = ['--bind-ref=test/devel', '--timestamp=@1800000000', '--add-metadata-string=version=666', ...signedBy(right)];
  const devel = sh('ostree', `--repo=${h.fixture.server}`, 'commit', `--tree=ref=${two}`, '--orphan', '-s', 'x', ...bound).trim();
  const refused = { code: 'update.other-branch', report: { detail: 'test/devel', facts: { ref: branch } } };
  const stick = path.join(h.fixture.dir, 'stick');
  mkdirSync(stick);
  cpSync(h.fixture.server, path.join(stick, 'treeline'), { recursive: true });
  writeFileSync(path.join(stick, 'treeline/refs/heads', branch), `${devel}\n`);
  const [medium] = (await job('media.scan', { ...h.os, paths: [stick] })).result;
  expect(medium?.updates).toBe(false);
  await expect(job('update.upgrade', { ...h.os, medium: stick })).rejects.toMatchObject(refused);
  await expect(job('update.preview', { ...h.os, medium: stick })).rejects.toMatchObject(refused);

  // the same in a file, made by ostree itself: what it says of its branch is the commit's own word
  const files = path.join(h.fixture.dir, 'files');
  mkdirSync(files);
  for (const [name, from] of [
    ['whole', '--empty'],
    ['from-two', `--from=${two}`],
  ] as const)
    sh(
      'ostree',
      `--repo=${h.fixture.server}`,
      'static-delta',
      'generate',
      from,
      `--to=${devel}`,
      '--inline',
      '--min-fallback-size=0',
      `--filename=${files}/${name}.tldelta`,
    );
  const scanned = (await job('media.scan', { ...h.os, paths: [files] })).result;
  expect(scanned.map((each) => [path.basename(each.path), each.updates])).toEqual([
    ['from-two.tldelta', false],
    ['whole.tldelta', false],
  ]);
  for (const medium of [path.join(files, 'whole.tldelta'), path.join(files, 'from-two.tldelta'), files])
    for (const revision of [{}, { revision: devel }])
      await expect(job('update.upgrade', { ...h.os, medium, ...revision }), medium).rejects.toMatchObject({
        code: 'medium.nothing',
        report: { detail: expect.stringContaining(`it holds test/devel, but not ${branch}`) as string },
      });
  expect(sh('ostree', 'refs', `--repo=${h.fixture.repo}`)).not.toContain('devel');

  // the fetching process answers with another commit than the branch's
  const context = {
    progress: () => undefined,
    message: () => undefined,
    task: <T>(_: string, run: () => T) => run(),
    uninterruptible: <T>(run: () => T) => run(),
  };
  const liar = (answer: (refs: readonly string[]) => object): FetchPort => ({
    fetch: (request) => {
      const { backTo: _, backToSeconds: __, version: ___, ...rest } = request;
      // made anew by this process: objects of another owner than the directory's aren't looked at
      rmSync(request.repo, { recursive: true, force: true });
      // a child would block this process's own server: file:// it is
      fetchInto(
        { ...rest, options: { url: `file://${h.fixture.server}` }, refs: [devel, two] },
        () => [],
        () => undefined,
      );
      return Promise.resolve({ commits: {}, ...answer(request.refs) });
    },
  });
  const upgradeWith = (fetcher: FetchPort, params: object = {}): Promise<unknown> =>
    update(h.os, context, { lock: true, fetcher }, (u) => upgrade(u, { ...h.os, ...params }));
  await expect(upgradeWith(liar(([ref = '']) => ({ commits: { [ref]: devel } })))).rejects.toMatchObject(refused);
  // a version that isn't in the branch's history, and a checksum that isn't the one asked for
  const version = liar(([ref = '']) => ({ commits: { [ref]: two }, found: devel }));
  await expect(upgradeWith(version, { revision: '666' })).rejects.toMatchObject({ code: 'repo.corrupt' });
  await expect(
    upgradeWith(
      liar(([ref = '']) => ({ commits: { [ref]: devel } })),
      { revision: two },
    ),
  ).rejects.toMatchObject({ code: 'repo.corrupt' });

  // and the network: the server points the branch at it
  writeFileSync(path.join(h.fixture.server, 'refs/heads', branch), `${devel}\n`);
  rmSync(path.join(h.fixture.server, 'summary'), { force: true });
  await expect(job('update.upgrade', h.os)).rejects.toMatchObject({ code: 'update.other-branch' });
  expect(await succeeds('ostree', 'pull', `--repo=${h.fixture.repo}`, '--commit-metadata-only', 'origin', branch)).toBe(false);
  expect(sh('ostree', 'admin', 'status', `--sysroot=${h.fixture.sysroot}`)).not.toContain('666');
  // a mirror doesn't spread it
  sh('ostree', 'summary', '-u', `--repo=${h.fixture.server}`);
  const mirrored = await treeline(
    'repo',
    'mirror',
    '-r',
    path.join(h.fixture.dir, 'mirror'),
    h.fixture.server,
    branch,
    '--key',
    right.file,
  );
  expect(mirrored.status).toBe(1);
  expect(mirrored.stderr).toContain('test/devel');
  // whoever names the commit and skips the check means it
  await expect(job('update.upgrade', { ...h.os, revision: devel })).rejects.toMatchObject(refused);
  await expect(job('update.upgrade', { ...h.os, revision: devel, skipBranchCheck: true })).resolves.toMatchObject({
    result: { toVersion: '666' },
  });
});

test('a collection is demanded where the remote names one', async () => {
  await using h = await host();
  const collection = (id: string): string[] => [`--add-metadata-string=ostree.collection-binding=${id}`];
  h.fixture.install(h.url, h.fixture.release({ version: '1' }), ['--no-gpg-verify', '--collection-id=org.example.Ours']);
  h.fixture.release({ version: '2', commitArgs: collection('org.example.Theirs') });
  await expect(job('update.upgrade', h.os)).rejects.toMatchObject({ code: 'update.other-branch' });
  h.fixture.release({ version: '3', commitArgs: collection('org.example.Ours') });
  await expect(job('update.upgrade', h.os)).resolves.toMatchObject({ result: { toVersion: '3' } });
});

test('verify and mirror believe the keys that they are told, not those that lie about in the repository', async () => {
  await using h = await host();
  h.fixture.release({ version: '1', commitArgs: signedBy(other) });
  const repo = h.fixture.server;
  // both know the other key: the published repository by a remote of its own, the mirror too
  const mirror = path.join(h.fixture.dir, 'mirror');
  sh('ostree', 'init', `--repo=${mirror}`, '--mode=archive');
  for (const place of [repo, mirror])
    sh('ostree', `--repo=${place}`, 'remote', 'add', `--gpg-import=${other.file}`, 'upstream', 'file:///nowhere');
  const verify = await treeline('repo', 'verify', '-r', repo, '--key', right.file);
  expect(verify.status).toBe(1);
  expect(verify.stdout).toContain(other.fingerprint.slice(-16));
  expect((await treeline('repo', 'verify', '-r', repo, '--key', other.file)).stdout).not.toContain('unknown keys');
  const mirrored = await treeline('repo', 'mirror', '-r', mirror, repo, '--key', right.file);
  expect([mirrored.status, sh('ostree', `--repo=${mirror}`, 'refs')]).toEqual([1, '']);
  expect((await treeline('repo', 'mirror', '-r', mirror, repo, '--key', other.file)).status).toBe(0);
  // no key named: none is believed
  const report = JSON.parse((await treeline('repo', 'verify', '-r', repo, '--json')).stdout) as {
    commits: { signatures: { valid: boolean }[] }[];
  };
  expect(report.commits.flatMap((c) => c.signatures.map((s) => s.valid))).toEqual([false]);
});
