// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OstreeServer } from './ostree-server.ts';
import { branch, Fixture, sh } from './sysroot-fixture.ts';

const cli = path.resolve(import.meta.dirname, '../../dist/cli/treeline.mjs');

let fixture: Fixture;
let server: OstreeServer;
let home: string;
let fingerprint: string;

beforeEach(async () => {
  fixture = new Fixture();
  server = new OstreeServer(fixture.server);
  home = mkdtempSync('/dev/shm/treeline-gpg-');
  const gpg = (...args: string[]): string => sh('gpg', '--homedir', home, '--batch', '--yes', '--passphrase', '', ...args);
  gpg('--quick-generate-key', 'k <k@example.org>', 'ed25519', 'sign', 'never');
  fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--with-colons', '--list-keys'))?.[1] as string;
  gpg('--armor', '--output', path.join(home, 'k.asc'), '--export', fingerprint);
  const signed = [`--gpg-sign=${fingerprint}`, `--gpg-homedir=${home}`];
  // no key is trusted yet
  fixture.install(await server.start(), fixture.release({ version: '1', commitArgs: signed }), []);
  fixture.release({ version: '2', commitArgs: signed });
});

afterEach(async () => {
  await server.stop().catch(() => undefined);
  sh('gpgconf', '--homedir', home, '--kill', 'all');
  rmSync(home, { recursive: true, force: true });
  fixture[Symbol.dispose]();
});

/** Not synchronously: the server answers from this very process. */
function treeline(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) =>
    execFile(process.execPath, [cli, ...args, `--sysroot=${fixture.sysroot}`], (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    ),
  );
}

test('remotes: list, add, edit, remove, refs, versions; a key is shown first and trusted on demand', async () => {
  const key = path.join(home, 'k.asc');
  expect(await treeline('upgrade')).toMatchObject({ code: 1, err: expect.stringContaining(fingerprint.slice(-16)) });
  expect((await treeline('remote', 'import-key', 'origin', key)).out).toMatch(
    new RegExp(`${fingerprint}  k <k@example.org>.*[^]*Nothing is trusted yet`),
  );
  expect((await treeline('remote', 'list')).out).not.toContain('Key:');
  expect(await treeline('remote', 'import-key', '--yes', 'origin', key)).toMatchObject({ code: 0 });
  expect((await treeline('remote', 'list')).out).toMatch(new RegExp(`^origin  http.*[^]*Signatures: GPG[^]*Key: ${fingerprint}`));
  expect(await treeline('remote', 'add', 'a b', 'https://x.org/')).toMatchObject({
    code: 1,
    err: expect.stringContaining('it holds a blank'),
  });
  expect((await treeline('remote', 'add', 'more', 'https://x.org/a', '--no-gpg-verify')).out).toContain('not demanded');
  expect((await treeline('remote', 'edit', 'more', '--gpg-verify', '--url=https://x.org/b')).out).toMatch(
    /^more {2}https:\/\/x.org\/b\n {2}Signatures: GPG/,
  );
  expect(await treeline('remote', 'edit', 'more')).toMatchObject({ code: 1 });
  const listed = JSON.parse((await treeline('remote', 'list', '--json')).out) as { name: string }[];
  expect(listed.map((r) => r.name)).toEqual(['more', 'origin']);
  expect(await treeline('remote', 'remove', 'more')).toMatchObject({ code: 0, out: '', err: '' });
  expect(await treeline('remote', 'remove', 'origin')).toMatchObject({ code: 1, err: expect.stringContaining('testos-') });
  expect((await treeline('remote', 'refs')).out).toMatch(new RegExp(`^\\* ${branch}  2  `));
  expect((await treeline('remote', 'versions', '--limit=1')).out.trim().split('\n')).toEqual([
    expect.stringContaining(fixture.commits[1] as string),
  ]);
  expect(await treeline('upgrade')).toMatchObject({ code: 0 });
});

test('media: written by anybody who may read the repository, taken with --from and without a network', async () => {
  await treeline('remote', 'import-key', '--yes', 'origin', path.join(home, 'k.asc'));
  await server.stop();
  const stick = path.join(fixture.dir, 'stick');
  mkdirSync(stick);
  expect(await treeline('media', 'create', stick, branch, `--repo=${fixture.server}`)).toMatchObject({
    code: 0,
    out: expect.stringMatching(new RegExp(`^${stick}/treeline\n  ${branch}  2  .*${fixture.commits[1]}`)),
  });
  expect(await treeline('upgrade', `--from=${stick}`)).toMatchObject({ code: 0, err: '' });
  expect(sh('ostree', 'admin', 'status', `--sysroot=${fixture.sysroot}`)).toContain('Version: 2');
  // and what is deployed here now goes on to the next machine, as one file
  const made = await treeline('media', 'create', stick, '--delta', `--from=${fixture.commits[0]}`);
  expect(made).toMatchObject({ code: 0, err: '' });
  expect(readdirSync(stick).sort()).toEqual(['test-stable-2.tldelta', 'treeline']);
  expect(await treeline('upgrade', `--from=${stick}/test-stable-2.tldelta`)).toMatchObject({
    code: 0,
    out: expect.stringContaining('No upgrade available'),
  });
  expect(await treeline('media', 'create', stick, `--from=${fixture.commits[0]}`)).toMatchObject({
    code: 1,
    err: expect.stringContaining('--delta'),
  });
  expect(await treeline('upgrade', `--from=${home}`)).toMatchObject({
    code: 1,
    err: expect.stringContaining('neither a repository nor a delta file'),
  });
});
