// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JobParams, JobResult } from '../../main/engine/jobs/index.ts';
import { branch, Fixture, job, osname, sh } from './sysroot-fixture.ts';

/** A port that nothing listens on: whatever asks the network fails. */
const nowhere = 'http://127.0.0.1:9/';

const cli = path.resolve(import.meta.dirname, '../../dist/cli/treeline.mjs');

let fixture: Fixture;
let home: string;
let stick: string;
let key: { fingerprint: string; file: string };

beforeEach(() => {
  fixture = new Fixture();
  home = mkdtempSync('/dev/shm/treeline-gpg-');
  stick = path.join(fixture.dir, 'stick');
  mkdirSync(stick);
  key = newKey('right');
});

afterEach(() => {
  sh('gpgconf', '--homedir', home, '--kill', 'all');
  rmSync(home, { recursive: true, force: true });
  fixture[Symbol.dispose]();
});

function newKey(name: string): { fingerprint: string; file: string } {
  const gpg = (...args: string[]): string => sh('gpg', '--homedir', home, '--batch', '--yes', '--passphrase', '', ...args);
  gpg('--quick-generate-key', `${name} <${name}@example.org>`, 'ed25519', 'sign', 'never');
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--with-colons', '--list-keys', `${name}@example.org`))?.[1] as string;
  const file = path.join(home, `${name}.gpg`);
  gpg('--output', file, '--export', fingerprint);
  return { fingerprint, file };
}

const os = (): { sysroot: string; osname: string } => ({ sysroot: fixture.sysroot, osname });
const signed = (by = key): string[] => [`--gpg-sign=${by.fingerprint}`, `--gpg-homedir=${home}`];
const release = (version: string, by = key): string => fixture.release({ version, files: 5, commitArgs: signed(by) });
const install = (checksum: string): void => fixture.install(nowhere, checksum, [`--gpg-import=${key.file}`]);
const create = async (more: Partial<JobParams<'media.create'>> = {}): Promise<JobResult<'media.create'>> =>
  (await job('media.create', { repo: fixture.server, target: stick, refs: [branch], kind: 'repo', ...more })).result;
const upgrade = async (medium: string): Promise<JobResult<'update.upgrade'>> => (await job('update.upgrade', { ...os(), medium })).result;
const fsck = (): string => sh('ostree', 'fsck', '--quiet', `--repo=${fixture.repo}`);
const status = (): string => sh('ostree', 'admin', 'status', `--sysroot=${fixture.sysroot}`);

/** What a scan finds, and why it left things out. */
async function scan(...paths: string[]): Promise<{ media: JobResult<'media.scan'>; skipped: string[] }> {
  const { result, events } = await job('media.scan', { ...os(), paths });
  return { media: result, skipped: events.flatMap((e) => (e.type === 'message' ? [e.text] : [])) };
}

describe('a repository on a stick', () => {
  test('written, found, taken without any network, verified as online; several releases with what each changed', async () => {
    install(release('1'));
    const entry = { format: 1, timeSeconds: 1, installedSizeBytes: 10, installedSizeDeltaBytes: 5, packages: [], advisories: [] };
    for (const version of ['2', '3']) fixture.release({ version, commitArgs: signed(), changes: { ...entry, version } });
    const made = await create();
    expect(made).toMatchObject({
      kind: 'repo',
      path: path.join(stick, 'treeline'),
      refs: [{ ref: branch, version: '3', checksum: fixture.commits[2] }],
    });
    // the judges: ostree reads it, its signature included, and it is whole
    sh('ostree', 'fsck', '--quiet', `--repo=${made.path}`);
    expect(sh('ostree', `--repo=${made.path}`, 'summary', '-v')).toContain(branch);
    expect(sh('ostree', `--repo=${made.path}`, 'show', `--gpg-homedir=${home}`, branch)).toContain('Found 1 signature');
    expect(await scan(stick)).toMatchObject({
      media: [{ path: made.path, kind: 'repo', label: 'stick', updates: true, refs: [{ version: '3' }] }],
      skipped: [],
    });
    // looked at first: every release on the way, nothing deployed
    const seen = (await job('update.preview', { ...os(), medium: stick })).result;
    expect(seen).toMatchObject({ fromVersion: '1', toVersion: '3', source: 'treeline.changes', signatures: [{ valid: true }] });
    expect(seen.releases.map((r) => r.version)).toEqual(['3', '2']);
    expect(status()).not.toContain('Version: 3');
    expect(await upgrade(stick)).toMatchObject({ changed: true, fromVersion: '1', toVersion: '3', checksum: fixture.commits[2] });
    expect(status()).toContain('Version: 3');
    fsck();
    const kept = path.join(fixture.sysroot, 'ostree/deploy', osname, 'var/lib/treeline/update-details.json');
    const { details } = JSON.parse(readFileSync(kept, 'utf8')) as { details: JobResult<'update.details'> };
    expect(details.releases.map((r) => r.version)).toEqual(['3', '2']);
    expect(details.source).toBe('treeline.changes');
    expect(details.signatures).toMatchObject([{ valid: true, fingerprint: key.fingerprint }]);
    // the same again is nothing new, and no update any more once it is deployed
    expect(await upgrade(path.join(stick, 'treeline'))).toMatchObject({ changed: false });
    // written again, only what is new is added
    release('4');
    expect((await create()).refs).toMatchObject([{ version: '4' }]);
    expect(await upgrade(stick)).toMatchObject({ changed: true, toVersion: '4' });
    fsck();
  });

  test('from the system’s own repository, at the places where others put theirs; read through a mount point nobody else may enter', async () => {
    install(release('1'));
    release('2');
    sh('ostree', 'pull-local', `--repo=${fixture.repo}`, '--remote=origin', fixture.server, fixture.commits[1] as string);
    sh('ostree', 'refs', `--repo=${fixture.repo}`, '--force', `--create=origin:${branch}`, fixture.commits[1] as string);
    // which branch that is, the command looks up
    const words = ['media', 'create', stick, `--repo=${fixture.repo}`, '--json'];
    const [made] = JSON.parse(sh(process.execPath, cli, ...words)) as JobResult<'media.scan'>;
    if (!made) throw new Error('nothing was written');
    expect(made.refs).toMatchObject([{ ref: branch, version: '2' }]);
    sh('ostree', 'refs', `--repo=${fixture.repo}`, '--force', `--create=origin:${branch}`, fixture.commits[0] as string);
    for (const place of ['.ostree/repo', 'ostree/repo']) {
      const other = mkdtempSync(path.join(fixture.dir, 'other-'));
      mkdirSync(path.join(other, path.dirname(place)), { recursive: true });
      cpSync(made.path, path.join(other, place), { recursive: true });
      expect((await scan(other)).media).toMatchObject([{ path: path.join(other, place), updates: true }]);
    }
    const mine = path.join(fixture.dir, 'run-media-me');
    mkdirSync(mine, { mode: 0o700 });
    cpSync(stick, path.join(mine, 'STICK'), { recursive: true });
    expect(await upgrade(path.join(mine, 'STICK'))).toMatchObject({ changed: true, toVersion: '2' });
    fsck();
  });

  test('a version on it that isn’t the newest; a branch that isn’t on it', async () => {
    install(release('1'));
    release('2');
    release('3');
    await create();
    await expect(job('update.upgrade', { ...os(), medium: stick, refspec: 'origin:other' })).rejects.toMatchObject({
      code: 'medium.nothing',
      report: { detail: `it holds ${branch}, but not other` },
    });
    // of the past only the commits are here: said, not half deployed
    await expect(job('update.upgrade', { ...os(), medium: stick, revision: 'version=2' })).rejects.toMatchObject({
      code: expect.stringMatching(/^repo\./),
    });
    await expect(job('update.upgrade', { ...os(), medium: stick, revision: 'version=9' })).rejects.toMatchObject({
      code: 'repo.revision-not-found',
    });
    expect(status()).not.toContain('Version: 2');
    expect((await job('update.upgrade', { ...os(), medium: stick, revision: 'version=3' })).result).toMatchObject({ toVersion: '3' });
  });
});

describe('a delta file', () => {
  test.each(['from what is installed', 'from nothing'])('%s: one file that has everything', async (kind) => {
    const first = release('1');
    install(first);
    const second = release('2');
    const made = await create({ kind: 'delta', ...(kind === 'from nothing' ? {} : { from: first }) });
    expect(readdirSync(stick)).toEqual([path.basename(made.path)]);
    expect(made).toMatchObject({
      kind: 'delta',
      path: path.join(stick, 'test-stable-2.tldelta'),
      refs: [{ ref: branch, version: '2', checksum: second }],
    });
    // the judge: ostree applies it
    const judge = path.join(fixture.dir, 'judge');
    sh('ostree', 'init', '--mode=bare-user', `--repo=${judge}`);
    sh('ostree', 'pull-local', `--repo=${judge}`, fixture.server, first);
    sh('ostree', 'static-delta', 'apply-offline', `--repo=${judge}`, made.path);
    sh('ostree', 'fsck', '--quiet', `--repo=${judge}`);
    expect((await scan(stick)).media).toMatchObject([
      { kind: 'delta', path: made.path, updates: true, refs: [{ ref: branch, version: '2', checksum: second }] },
    ]);
    expect(await upgrade(made.path)).toMatchObject({ changed: true, fromVersion: '1', toVersion: '2' });
    expect(status()).toContain('Version: 2');
    fsck();
    expect((await job('sysroot.load', { sysroot: fixture.sysroot })).result.deployments[0]).toMatchObject({ version: '2', verified: true });
  });

  test('one whose beginning isn’t here is no update, and refused', async () => {
    install(release('1'));
    release('2');
    release('3');
    const made = await create({ kind: 'delta', from: fixture.commits[1] as string });
    expect((await scan(stick)).media).toMatchObject([{ updates: false }]);
    await expect(upgrade(made.path)).rejects.toMatchObject({
      code: 'medium.nothing',
      report: { detail: expect.stringContaining('isn’t here') },
    });
    expect(status()).not.toContain('Version: 3');
  });
});

describe('what a stranger wrote', () => {
  test.each(['repo', 'delta'] as const)('%s: unsigned, signed by somebody else, signed right but of another content', async (kind) => {
    install(release('1'));
    const attempt = async (): Promise<unknown> => {
      rmSync(stick, { recursive: true });
      mkdirSync(stick);
      await create({ kind });
      return upgrade(stick).catch((error: unknown) => (error as { code: string }).code);
    };
    fixture.release({ version: '2' });
    expect(await attempt()).toBe('repo.signature-missing');
    release('3', newKey('other'));
    expect(await attempt()).toBe('repo.key-missing');
    release('4');
    const meta = (checksum: string): string =>
      path.join(fixture.server, 'objects', checksum.slice(0, 2), `${checksum.slice(2)}.commitmeta`);
    const good = fixture.commits[3] as string;
    const forged = fixture.release({ version: '5' });
    cpSync(meta(good), meta(forged));
    expect(await attempt()).toBe('repo.signature-invalid');
    expect(status()).not.toMatch(/Version: [2345]/);
    // and what is right is taken after all that
    release('6');
    expect(await attempt()).toMatchObject({ changed: true, toVersion: '6' });
    fsck();
  });

  test('a source that demands no signatures takes nothing from a medium', async () => {
    fixture.install(nowhere, release('1'));
    release('2');
    await create();
    await expect(upgrade(stick)).rejects.toMatchObject({ code: 'medium.unverifiable', report: { facts: { ref: `origin:${branch}` } } });
    expect(status()).not.toContain('Version: 2');
  });

  test('an older, rightly signed version isn’t taken', async () => {
    const old = release('1');
    install(release('2'));
    sh('ostree', 'refs', `--repo=${fixture.server}`, '--force', `--create=${branch}`, old);
    await create();
    expect((await scan(stick)).media).toMatchObject([{ updates: false }]);
    await expect(upgrade(stick)).rejects.toMatchObject({ code: 'update.older' });
  });

  test('changed content is found out, whatever was changed', async () => {
    install(release('1'));
    release('2');
    const { path: repo } = await create();
    const objects = sh('find', path.join(repo, 'objects'), '-name', '*.filez', '-size', '+3').trim().split('\n');
    const contents = objects.map((file) => readFileSync(file));
    objects.forEach((file, i) => writeFileSync(file, contents[(i + 1) % contents.length] as Buffer));
    await expect(upgrade(stick)).rejects.toMatchObject({ code: expect.stringMatching(/^repo\.(corrupt|garbage)/) });
    const commit = path.join(
      repo,
      'objects',
      (fixture.commits[1] as string).slice(0, 2),
      `${(fixture.commits[1] as string).slice(2)}.commit`,
    );
    writeFileSync(commit, readFileSync(path.join(fixture.server, path.relative(repo, commit))).fill(65, 10, 20));
    expect(await scan(stick)).toMatchObject({ media: [], skipped: [expect.stringContaining('is damaged')] });
    await expect(upgrade(stick)).rejects.toMatchObject({ code: 'medium.nothing', report: { detail: expect.stringContaining('damaged') } });
    expect(status()).not.toContain('Version: 2');
    fsck();
  });

  test('links lead nowhere, fifos and huge files are left alone, nonsense is skipped with a reason', async () => {
    install(release('1'));
    release('2');
    const { path: elsewhere } = await create({ target: path.join(fixture.dir, 'elsewhere') });
    // the repository itself, its objects, its refs, one commit behind a link
    symlinkSync(elsewhere, path.join(stick, 'treeline'));
    mkdirSync(path.join(stick, '.ostree'));
    cpSync(elsewhere, path.join(stick, '.ostree/repo'), { recursive: true });
    rmSync(path.join(stick, '.ostree/repo/refs/heads'), { recursive: true });
    symlinkSync(path.join(elsewhere, 'refs/heads'), path.join(stick, '.ostree/repo/refs/heads'));
    mkdirSync(path.join(stick, 'ostree'));
    cpSync(elsewhere, path.join(stick, 'ostree/repo'), { recursive: true });
    const sum = fixture.commits[1] as string;
    const commit = path.join(stick, 'ostree/repo/objects', sum.slice(0, 2), `${sum.slice(2)}.commit`);
    rmSync(commit);
    symlinkSync(path.join(elsewhere, 'objects', sum.slice(0, 2), `${sum.slice(2)}.commit`), commit);
    execFileSync('mkfifo', [path.join(stick, 'fifo.tldelta')]);
    symlinkSync('/etc/passwd', path.join(stick, 'passwd.delta'));
    writeFileSync(path.join(stick, 'empty.delta'), '');
    writeFileSync(path.join(stick, 'text.tldelta'), 'not a delta '.repeat(1000));
    writeFileSync(path.join(stick, 'huge.tldelta'), 'x');
    truncateSync(path.join(stick, 'huge.tldelta'), 5 * 2 ** 30);
    const found = await scan(stick, path.join(stick, 'not-there'));
    expect(found.media).toEqual([]);
    expect(found.skipped.map((line) => line.replace(`${stick}/`, '')).sort()).toEqual([
      '.ostree/repo: the repository has no branches',
      'empty.delta: it is too short for a delta file',
      'huge.tldelta: it isn’t a static delta file, or it is damaged',
      'not-there: there is no such directory or delta file',
      `ostree/repo: ${branch}: commit ${sum.slice(0, 12)} is missing`,
      'text.tldelta: it isn’t a static delta file, or it is damaged',
    ]);
    await expect(upgrade(stick)).rejects.toMatchObject({ code: 'medium.nothing' });
  });

  test('a delta file damaged anywhere is a typed error, never an update', async () => {
    install(release('1'));
    release('2');
    const { path: file } = await create({ kind: 'delta', from: fixture.commits[0] as string });
    const good = readFileSync(file);
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
    for (let i = 0; i < 12; i++) {
      const bytes = Buffer.from(good);
      if (i % 3 === 0) writeFileSync(file, bytes.subarray(0, random(bytes.length)));
      else {
        for (let n = 0; n < 1 + i * 3; n++) bytes[random(bytes.length)] = random(256);
        writeFileSync(file, bytes);
      }
      const outcome = await upgrade(file).catch((error: unknown) => (error as { code: string }).code);
      expect(outcome).toEqual(expect.stringMatching(/^(repo|medium)\.|^internal\.worker-crashed$|^library\.critical$/));
      expect(status()).not.toContain('Version: 2');
    }
    writeFileSync(file, good);
    expect(await upgrade(file)).toMatchObject({ toVersion: '2' });
    fsck();
  });
});

test('writing: a branch that isn’t there, a place that can’t be written, several branches in one delta', async () => {
  install(release('1'));
  await expect(create({ refs: ['no/such'] })).rejects.toMatchObject({ code: 'repo.revision-not-found' });
  const file = path.join(fixture.dir, 'a-file');
  writeFileSync(file, '');
  await expect(create({ target: file })).rejects.toMatchObject({ code: 'medium.not-written', report: { subject: file } });
  await expect(create({ kind: 'delta', target: path.join(file, 'below') })).rejects.toMatchObject({ code: 'medium.not-written' });
  await expect(create({ kind: 'delta', refs: [branch, branch] })).rejects.toMatchObject({ code: 'usage.invalid' });
  await expect(create({ repo: fixture.dir })).rejects.toMatchObject({ code: 'repo.open' });
  const small = path.join(fixture.dir, 'small');
  mkdirSync(small);
  sh('mount', '-t', 'tmpfs', '-o', 'size=40k', 'tmpfs', small);
  try {
    await expect(create({ target: small })).rejects.toMatchObject({ code: 'disk.full' });
    await expect(create({ target: small, kind: 'delta' })).rejects.toMatchObject({ code: 'disk.full' });
    expect(readdirSync(small).filter((name) => name.endsWith('delta'))).toEqual([]);
  } finally {
    sh('umount', small);
  }
});
