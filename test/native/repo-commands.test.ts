// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VerifyReport } from '../../main/engine/compose/publish/index.ts';
import { bundles, treeline } from './compose-fixture.ts';
import { OstreeServer } from './ostree-server.ts';
import { PublishFixture, sh, shAside, type Ed25519TestKey, type GpgTestKey } from './publish-fixture.ts';

let f: PublishFixture;
let first: GpgTestKey;
let second: GpgTestKey;
let ed: Ed25519TestKey;
const day = (n: number): string => `--timestamp=2026-01-${String(n).padStart(2, '0')}T00:00:00Z`;
const big = (seed: string): string => Array.from({ length: 4000 }, (_, i) => `${seed} ${i * 7919}`).join('\n');

beforeAll(() => {
  f = new PublishFixture();
  first = f.gpgKey('first');
  second = f.gpgKey('second');
  ed = f.ed25519Key('ed');
});
afterAll(() => f.dispose());

const ok = async (...args: string[]): Promise<string> => {
  const result = await treeline(...args);
  expect(result.stderr.match(/^error.*/m)?.[0] ?? '').toBe('');
  expect(result.status).toBe(0);
  return result.stdout;
};
const fails = async (...args: string[]): Promise<string> => {
  const result = await treeline(...args);
  expect(result.status).toBe(1);
  return result.stderr;
};
const gpgFlags = (...keys: GpgTestKey[]): string[] => [...keys.map((k) => `--gpg-sign=${k.id}`), `--gpg-homedir=${f.home}`];

test('summary and deltas: signed by several keys, what stock ostree makes of them', async () => {
  const repo = f.init('s');
  const one = f.commit(repo, 'os/test', { a: big('a'), b: '1' });
  const two = f.commit(repo, 'os/test', { a: `${big('a')}x`, b: '2' });
  const three = f.commit(repo, 'os/test', { a: `${big('a')}xy`, b: '3' }, ...gpgFlags(first));
  await ok('repo', 'summary', '-r', repo, ...gpgFlags(first, second), `--sign-ed25519=${ed.secretFile}`);
  const text = await ok('repo', 'delta', '-r', repo, '-n', '5', ...gpgFlags(first, second), `--sign-ed25519=${ed.secretFile}`);
  expect(text).toContain('Deltas: 2 written, 0 there already');
  expect(
    sh('ostree', [`--repo=${repo}`, 'static-delta', 'list'])
      .split('\n')
      .sort(),
  ).toEqual([`${one}-${three}`, `${two}-${three}`].sort());
  const seen = sh('ostree', [`--repo=${repo}`, 'summary', '-v']);
  expect(seen).toContain(three);
  expect(seen).toMatch(/Static Deltas|static-deltas/);
  // stock ostree pulls over HTTP, demanding signatures of commit and summary, from a delta
  const server = new OstreeServer(repo);
  const url = await server.start();
  try {
    const client = f.init('s-client', 'bare-user');
    sh('ostree', [
      `--repo=${client}`,
      'remote',
      'add',
      '--set=gpg-verify=true',
      '--set=gpg-verify-summary=true',
      `--gpg-import=${second.file}`,
      'up',
      url,
    ]);
    await expect(shAside('ostree', [`--repo=${client}`, 'pull', 'up', 'os/test'])).rejects.toThrow(/signature/i);
    sh('ostree', [`--repo=${client}`, 'remote', 'delete', 'up']);
    rmSync(path.join(client, 'up.trustedkeys.gpg'), { force: true });
    sh('ostree', [
      `--repo=${client}`,
      'remote',
      'add',
      '--set=gpg-verify=true',
      '--set=gpg-verify-summary=true',
      `--gpg-import=${first.file}`,
      'up',
      url,
    ]);
    sh('ostree', [`--repo=${client}`, 'pull-local', repo, one]);
    server.resetCounts();
    await shAside('ostree', [`--repo=${client}`, 'pull', '--require-static-deltas', 'up', 'os/test']);
    expect(server.requests.some((r) => r.startsWith('/deltas/') && r.endsWith('/superblock'))).toBe(true);
    expect(sh('ostree', [`--repo=${client}`, 'rev-parse', 'up:os/test'])).toBe(three);
  } finally {
    await server.stop();
  }
  // once more: nothing to do; a signed summary isn't replaced by an unsigned one unasked
  expect(await ok('repo', 'delta', '-r', repo, '-n', '5', ...gpgFlags(first))).toContain('0 written, 2 there already');
  expect(await fails('repo', 'summary', '-r', repo)).toContain('is signed');
  expect(existsSync(path.join(repo, 'summary.sig'))).toBe(true);
  await ok('repo', 'summary', '-r', repo, '--unsigned');
  expect(existsSync(path.join(repo, 'summary.sig'))).toBe(false);
  const four = f.commit(repo, 'os/test', { a: 'new' });
  expect(await ok('repo', 'delta', '-r', repo, '--drop-old', '--from-empty')).toContain('2 written, 0 there already, 2 removed');
  expect(
    sh('ostree', [`--repo=${repo}`, 'static-delta', 'list'])
      .split('\n')
      .sort(),
  ).toEqual([four, `${three}-${four}`].sort());
});

test('prune: by depth, age and branch; the dry run tells what goes, to the byte', async () => {
  const repo = f.init('p');
  const a = [1, 2, 3, 4].map((n) => f.commit(repo, 'os/a', { [`a${n}`]: big(`a${n}`), same: 's' }, day(n)));
  const b = [1, 2].map((n) => f.commit(repo, 'os/b', { [`b${n}`]: big(`b${n}`) }, day(n)));
  await ok('repo', 'delta', '-r', repo, '-n', '1', 'os/a');
  const left = (): string[] =>
    [...a, ...b].filter((sum) => existsSync(path.join(repo, 'objects', sum.slice(0, 2), `${sum.slice(2)}.commit`)));
  const usage = (): number =>
    readdirSync(path.join(repo, 'objects'), { recursive: true, encoding: 'utf8' }).reduce(
      (sum, name) => sum + (name.includes('.') ? readFileSync(path.join(repo, 'objects', name)).length : 0),
      0,
    );
  expect(await fails('repo', 'prune', '-r', repo, '--keep-younger-than', 'soon')).toContain('neither an age');
  const dry = JSON.parse(await ok('repo', 'prune', '-r', repo, '--depth', '1', 'os/a', '-n', '--json')) as {
    bytes: number;
    commitsDropped: { checksum: string }[];
  };
  expect(dry.commitsDropped.map((c) => c.checksum)).toEqual([a[1], a[0]]);
  expect(left()).toHaveLength(6);
  const before = usage();
  expect(await ok('repo', 'prune', '-r', repo, '--depth', '1', 'os/a')).toContain(`(${dry.bytes} bytes)`);
  expect(before - usage()).toBe(dry.bytes);
  expect(left()).toEqual([a[2], a[3], ...b]);
  expect(readdirSync(path.join(repo, 'state'))).toEqual([]);
  sh('ostree', [`--repo=${repo}`, 'fsck', '--quiet']);
  // by age alone, all branches: the newest of b is old and stays
  await ok('repo', 'prune', '-r', repo, '--keep-younger-than', '2026-01-04');
  expect(left()).toEqual([a[3], b[1]]);
  // a commit on no branch, and a delta to it, go
  sh('ostree', [`--repo=${repo}`, 'refs', '--delete', 'os/a']);
  expect(await ok('repo', 'prune', '-r', repo)).toContain('(on no branch)');
  expect(left()).toEqual([b[1]]);
  expect(sh('ostree', [`--repo=${repo}`, 'static-delta', 'list'])).toBe('(No static deltas)');
  expect(sh('ostree', [`--repo=${repo}`, 'summary', '-v'])).not.toContain(a[3]);
});

test('verify: names what is damaged, in which commit; signatures, summary and deltas', async () => {
  const repo = f.init('v');
  const one = f.commit(repo, 'os', { a: big('v'), b: 'one' }, ...gpgFlags(first));
  const two = f.commit(repo, 'os', { a: `${big('v')}.`, b: 'two' });
  await ok('repo', 'delta', '-r', repo, ...gpgFlags(first));
  const verify = async (...more: string[]): Promise<VerifyReport & { status: number | null }> => {
    const { stdout, status } = await treeline('repo', 'verify', '-r', repo, '--json', ...more);
    return { ...(JSON.parse(stdout) as VerifyReport), status };
  };
  const plain = await verify();
  expect(plain).toMatchObject({ ok: true, status: 0, summary: { present: true, problems: [] }, deltas: [{ from: one, to: two }] });
  expect(plain.commits.map((c) => c.state)).toEqual(['good', 'good']);
  expect(plain.commits.find((c) => c.checksum === one)?.signatures[0]).toMatchObject({ type: 'gpg', valid: false, keyMissing: true });
  // with keys, everything must be signed
  const strict = await verify('--key', first.file, '--key', ed.publicFile);
  expect(strict).toMatchObject({ ok: false, status: 1, summary: { problems: [] } });
  expect(strict.commits.find((c) => c.checksum === one)).toMatchObject({ problems: [], signatures: [{ valid: true }] });
  expect(strict.commits.find((c) => c.checksum === two)?.problems).toEqual(['not signed']);
  expect((await verify('--key', second.file, one)).commits[0]?.problems[0]).toContain('unknown keys');
  // damage one object, one delta part, and the ref
  const b = /([0-9a-f]{64})/.exec(sh('ostree', [`--repo=${repo}`, 'ls', '-C', 'os', '/b']))?.[1] as string;
  const object = path.join(repo, 'objects', b.slice(0, 2), `${b.slice(2)}.filez`);
  const bytes = readFileSync(object);
  bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
  writeFileSync(object, bytes);
  const part = readdirSync(path.join(repo, 'deltas'), { recursive: true, encoding: 'utf8' }).find((n) => n.endsWith('/0')) as string;
  writeFileSync(path.join(repo, 'deltas', part), 'x');
  const three = f.commit(repo, 'os', { c: 'three' });
  const bad = await verify();
  expect(bad).toMatchObject({ ok: false, status: 1, deltas: [{ from: one, to: two, problem: 'part 0 is damaged' }] });
  expect(bad.commits.find((c) => c.checksum === two)).toMatchObject({ state: 'bad' });
  expect(bad.commits.find((c) => c.checksum === two)?.problems[0]).toContain(b.slice(0, 12));
  expect(bad.commits.find((c) => c.checksum === one)).toMatchObject({ state: 'good', problems: [] });
  expect(bad.summary.problems).toEqual(['it lists another commit for os']);
  expect(bad.commits.find((c) => c.checksum === three)?.refs).toEqual(['os']);
  expect((await treeline('repo', 'verify', '-r', repo)).stdout).toContain('Faults found');
});

test('promote: the same commit where it may, a sister bound to the new branch where it must', async () => {
  const repo = f.init('pr');
  // ostree commit binds to the branch unless told not to
  const loose = f.commit(repo, 'testing', { a: '1' }, '--no-bindings', ...gpgFlags(first));
  expect(await ok('repo', 'promote', '-r', repo, 'testing', 'stable', ...gpgFlags(second))).toContain(`stable => ${loose}`);
  expect(sh('ostree', [`--repo=${repo}`, 'rev-parse', 'stable'])).toBe(loose);
  expect(sh('ostree', [`--repo=${repo}`, 'show', `--gpg-homedir=${f.home}`, 'stable'])).toContain('Found 2 signatures');
  expect(await ok('repo', 'promote', '-r', repo, 'testing', 'stable', '--unsigned')).toContain('No change');
  const bound = f.commit(repo, 'testing', { a: '2' }, '--add-metadata-string=version=2', ...gpgFlags(first));
  expect(await fails('repo', 'promote', '-r', repo, 'testing', 'stable', '--no-wait')).toContain('is signed');
  sh('ostree', [`--repo=${repo}`, 'summary', '-u']);
  expect(await fails('repo', 'promote', '-r', repo, 'testing', 'stable')).toContain('bound to testing');
  expect(sh('ostree', [`--repo=${repo}`, 'rev-parse', 'stable'])).toBe(loose);
  expect(await ok('repo', 'promote', '-r', repo, 'testing', 'stable', ...gpgFlags(first))).toContain('another commit with the same files');
  const sister = sh('ostree', [`--repo=${repo}`, 'rev-parse', 'stable']);
  expect(sister).not.toBe(bound);
  expect(sh('ostree', [`--repo=${repo}`, 'rev-parse', 'stable^'])).toBe(loose);
  expect(sh('ostree', [`--repo=${repo}`, 'show', '--print-metadata-key=ostree.ref-binding', 'stable'])).toBe("['stable']");
  expect(sh('ostree', [`--repo=${repo}`, 'diff', bound, sister])).toBe('');
  sh('ostree', [`--repo=${repo}`, 'fsck', '--quiet', '--verify-bindings']);
  expect(await ok('repo', 'promote', '-r', repo, 'testing', 'stable', ...gpgFlags(first))).toContain('No change');
  // stock ostree checks binding and signature when it pulls
  const client = f.init('pr-client', 'bare-user');
  sh('ostree', [`--repo=${client}`, 'remote', 'add', `--gpg-import=${first.file}`, 'up', `file://${repo}`]);
  sh('ostree', [`--repo=${client}`, 'pull', 'up', 'stable']);
  expect(sh('ostree', [`--repo=${client}`, 'rev-parse', 'up:stable'])).toBe(sister);
});

test('mirror: signatures are demanded and kept, deltas copied; goes on where it was interrupted', async () => {
  const repo = f.init('m');
  f.commit(repo, 'x/one', { a: big('m'), n: '1' }, ...gpgFlags(first));
  f.commit(repo, 'x/one', { a: `${big('m')}+`, n: '2' }, ...gpgFlags(first));
  f.commit(repo, 'x/two', Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`f${i}`, big(`f${i}`)])), ...gpgFlags(first));
  await ok('repo', 'delta', '-r', repo, 'x/one', ...gpgFlags(first));
  const server = new OstreeServer(repo);
  const url = await server.start();
  const mirror = f.at('mirror');
  const { cli } = await bundles();
  const run = (...args: string[]): Promise<{ status: number; out: string; err: string }> =>
    new Promise((resolve) => {
      // our own server is answered for by this process, which may have to wait for the processor
      const env = { ...process.env, TREELINE_FETCH_TIMEOUT: '600' };
      const child = spawn(process.execPath, [cli, 'repo', 'mirror', '-r', mirror, ...args], { env });
      let out = '';
      let err = '';
      child.stdout.on('data', (d: Buffer) => (out += d.toString()));
      child.stderr.on('data', (d: Buffer) => (err += d.toString()));
      child.on('close', (status) => resolve({ status: status ?? -1, out, err }));
    });
  try {
    expect((await run(url)).err).toContain('public key');
    const wrong = await run(url, '--key', second.file);
    expect(wrong).toMatchObject({ status: 1 });
    expect(wrong.err).toContain('unknown keys');
    expect(sh('ostree', [`--repo=${mirror}`, 'refs'])).toBe('');
    // cut in the middle: no branch moves, and what came isn't asked for again
    server.fault = 'cut';
    server.cutAfter = 25;
    expect((await run(url, '--key', first.file)).status).toBe(1);
    expect(sh('ostree', [`--repo=${mirror}`, 'refs'])).toBe('');
    const had = new Set([...server.completed].filter((u) => u.endsWith('.filez')));
    expect(had.size).toBeGreaterThan(5);
    server.fault = 'none';
    server.resetCounts();
    const done = await run(url, '--key', first.file, '--depth=all');
    expect(done.err.match(/^error.*/m)?.[0] ?? '').toBe('');
    expect(done.out).toContain('the source’s own, with its signature');
    expect(done.out).toContain('1 delta copied');
    expect([...server.served.keys()].filter((u) => had.has(u)).length).toBeLessThan(had.size / 2);
    expect(readFileSync(path.join(mirror, 'summary')).equals(readFileSync(path.join(repo, 'summary')))).toBe(true);
    expect(readFileSync(path.join(mirror, 'summary.sig')).equals(readFileSync(path.join(repo, 'summary.sig')))).toBe(true);
    sh('ostree', [`--repo=${mirror}`, 'fsck', '--quiet']);
    expect((await treeline('repo', 'verify', '-r', mirror, '--key', first.file)).stdout).toContain('All good');
    expect(sh('ostree', [`--repo=${mirror}`, 'log', 'x/one']).match(/^commit /gm)).toHaveLength(2);
    // the mirror of one branch: a list of its own; and nothing to do twice
    const partly = f.at('mirror-one');
    expect(await ok('repo', 'mirror', '-r', partly, repo, 'x/one', '--key', first.file)).toContain('written here');
    expect(sh('ostree', [`--repo=${partly}`, 'refs'])).toBe('x/one');
    expect(await ok('repo', 'mirror', '-r', partly, repo, 'x/one', '--key', first.file)).toContain('Up to date');
    expect(await fails('repo', 'mirror', '-r', partly, repo, 'x/three', '--key', first.file)).toContain('x/three');
    // a branch that goes
    sh('ostree', [`--repo=${repo}`, 'refs', '--delete', 'x/two']);
    await ok('repo', 'summary', '-r', repo, ...gpgFlags(first));
    expect((await run(url, '--key', first.file, '--delete')).out).toContain('- x/two');
    expect(sh('ostree', [`--repo=${mirror}`, 'refs'])).toBe('x/one');
  } finally {
    await server.stop();
  }
});

test('serve: stock ostree pulls from it; files only, none that are hidden or outside', async () => {
  const repo = f.init('web');
  const sum = f.commit(repo, 'os', { a: 'served' });
  await ok('repo', 'summary', '-r', repo);
  writeFileSync(path.join(repo, '.secret'), 's');
  const { cli } = await bundles();
  const child = spawn(process.execPath, [cli, 'repo', 'serve', '-r', repo, '--port', '0']);
  try {
    const url = await new Promise<string>((resolve) => child.stdout.once('data', (d: Buffer) => resolve(d.toString().trim())));
    const client = f.init('web-client', 'bare-user');
    sh('ostree', [`--repo=${client}`, 'remote', 'add', '--no-gpg-verify', 'up', url]);
    await shAside('ostree', [`--repo=${client}`, 'pull', 'up', 'os']);
    expect(sh('ostree', [`--repo=${client}`, 'rev-parse', 'up:os'])).toBe(sum);
    expect((await fetch(`${url}.secret`)).status).toBe(404);
    expect((await fetch(`${url}..%2f..%2fetc%2fpasswd`)).status).toBe(404);
    expect((await fetch(`${url}objects/`)).status).toBe(404);
    expect((await fetch(`${url}%00`)).status).toBe(404);
    expect((await fetch(`${url}config`, { method: 'POST' })).status).toBe(405);
    expect(await fails('repo', 'serve', '-r', repo, '--port', new URL(url).port)).toContain('listened on');
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  } finally {
    child.kill('SIGKILL');
  }
  expect(await fails('repo', 'serve', '-r', f.directory)).toContain('no OSTree repository');
});

test('two writers: the second waits and says for whom, or is refused; a killed one leaves no lock', async () => {
  const repo = f.init('lock');
  f.commit(repo, 'os', { a: '1' });
  const { tryLockFile } = await import('../../main/native/linux/lock.ts');
  const lock = tryLockFile(path.join(repo, '.treeline.lock'), 'treeline compose tree (process 4711)');
  if ('holder' in lock) throw new Error('locked');
  const { cli } = await bundles();
  const child = spawn(process.execPath, [cli, 'repo', 'summary', '-r', repo]);
  let said = '';
  child.stderr.on('data', (d: Buffer) => (said += d.toString()));
  const ended = new Promise((resolve) => child.on('close', resolve));
  expect(await fails('repo', 'summary', '-r', repo, '--no-wait')).toContain('treeline compose tree (process 4711)');
  await expect.poll(() => said).toContain('Waiting for treeline compose tree (process 4711)');
  expect(existsSync(path.join(repo, 'summary'))).toBe(false);
  lock[Symbol.dispose]();
  expect(await ended).toBe(0);
  expect(existsSync(path.join(repo, 'summary'))).toBe(true);
  expect(await ok('repo', 'summary', '-r', repo, '--no-wait')).toContain('1 branch');
});
