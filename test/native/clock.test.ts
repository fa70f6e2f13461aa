// SPDX-License-Identifier: LGPL-2.1-or-later
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { errorLine } from '../../shared/errors/index.ts';
import { OstreeServer } from './ostree-server.ts';
import { Fixture, job, osname, sh } from './sysroot-fixture.ts';

let fixture: Fixture;
let server: OstreeServer;
let homes: string;
beforeEach(() => {
  fixture = new Fixture();
  server = new OstreeServer(fixture.server);
  homes = mkdtempSync('/dev/shm/treeline-clock-');
});
afterEach(async () => {
  await server.stop();
  fixture[Symbol.dispose]();
  for (const home of sh('ls', homes).split('\n').filter(Boolean)) sh('gpgconf', '--homedir', path.join(homes, home), '--kill', 'all');
  rmSync(homes, { recursive: true, force: true });
});

/** A key that lives at another time, and how to sign with it then. `at`: as gpg(1) takes times; `expires`: as --quick-generate-key does. */
function keyOf(at: string, expires: string): { file: string; sign: string[] } {
  const home = path.join(homes, at);
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(path.join(home, 'gpg.conf'), `faked-system-time ${at}\n`);
  const gpg = (...args: string[]): string => sh('gpg', '--homedir', home, '--batch', '--yes', '--passphrase', '', ...args);
  gpg('--quick-generate-key', 'k <k@example.org>', 'ed25519', 'sign', expires);
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--with-colons', '--list-keys'))?.[1] ?? '';
  const file = path.join(home, 'key.gpg');
  gpg('--output', file, '--export', fingerprint);
  return { file, sign: [`--gpg-sign=${fingerprint}`, `--gpg-homedir=${home}`] };
}

const time = (daysFromNow: number): string =>
  new Date(Date.now() + daysFromNow * 86_400_000).toISOString().replace(/[-:]/g, '').slice(0, 15);
const year = (text: string): string => text.slice(0, 4);
const os = (): { sysroot: string; osname: string } => ({ sysroot: fixture.sysroot, osname });

// this machine's clock can't be set here, so the publisher lives in another time
test.each([
  ['a clock that is far behind', time(40 * 365), '30y', 'repo.clock-wrong'],
  ['a clock that is far ahead', time(-20 * 365), '1y', 'repo.clock-wrong'],
  ['a key that expired the other day', time(-100), '60d', 'repo.key-expired'],
])('%s: the sentence names both times, and nothing is taken', async (_name, at, expires, code) => {
  const key = keyOf(at, expires);
  fixture.install(await server.start(), fixture.release({ version: '1' }), ['--set=gpg-verify=true']);
  // imported while the clock was right: importing a key of the future is refused
  cpSync(key.file, path.join(fixture.repo, 'origin.trustedkeys.gpg'));
  fixture.release({ version: '2', commitArgs: key.sign });
  const checked = (await job('update.check', os())).result;
  expect(checked).toMatchObject({ kind: 'failed', error: { code } });
  const line = checked.kind === 'failed' ? errorLine(checked.error) : '';
  expect(line).toContain(`clock says ${new Date().getUTCFullYear()}`);
  if (code === 'repo.clock-wrong') expect(line).toContain(`signed on ${year(at)}`);
  else expect(line).toMatch(/It ended on \d{4}-/);
  await expect(job('update.upgrade', os())).rejects.toMatchObject({ code });
});

test('a signature that doesn’t fit stays wrong, whatever the time', async () => {
  const key = keyOf(time(-10), 'never');
  fixture.install(await server.start(), fixture.release({ version: '1' }), [`--gpg-import=${key.file}`]);
  const two = fixture.release({ version: '2', commitArgs: key.sign });
  const three = fixture.release({ version: '3' });
  const meta = (checksum: string): string => path.join(fixture.server, 'objects', checksum.slice(0, 2), `${checksum.slice(2)}.commitmeta`);
  sh('cp', meta(two), meta(three));
  await expect(job('update.upgrade', os())).rejects.toMatchObject({ code: 'repo.signature-invalid' });
});
