// SPDX-License-Identifier: LGPL-2.1-or-later
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPackage, verifyPackage } from '../../main/native/rpm/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { buildOne, demoRepositories, fixtures, newKey, sh, sign, stopAgent, type TestKey } from './rpm-build.ts';

let scratch: string;
let home: string;
const keys = new Map<string, TestKey>();
const signed = new Map<string, string>();
// rpm 4.18 can't sign with ECDSA; a fixture stands for it below
const algorithms = ['rsa3072', 'ed25519'];

beforeAll(() => {
  // short: gpg-agent's socket is in there
  scratch = mkdtempSync('/tmp/tlv-');
  home = path.join(scratch, 'g');
  const plain = buildOne(scratch, 'sealed');
  for (const algorithm of algorithms) {
    const key = newKey(home, algorithm);
    const file = path.join(scratch, `${algorithm}.rpm`);
    copyFileSync(plain, file);
    sign(file, home, key.id);
    keys.set(algorithm, key);
    signed.set(algorithm, file);
  }
});
afterAll(() => {
  stopAgent(home);
  rmSync(scratch, { recursive: true, force: true });
});

const idOf = (algorithm: string): string => keys.get(algorithm)!.id.slice(-16).toLowerCase();
/** rpm's own verdict with only these keys. */
function rpmSays(file: string, key?: TestKey): string {
  const db = mkdtempSync(path.join(scratch, 'db-'));
  const define = ['--dbpath', db];
  if (key) {
    const keyFile = path.join(db, 'key.asc');
    writeFileSync(keyFile, key.armoured);
    try {
      sh('rpmkeys', [...define, '--import', keyFile]);
    } catch {
      return 'key not understood';
    }
  }
  try {
    return sh('rpmkeys', [...define, '-K', file])
      .replace(/^.*: /, '')
      .trim();
  } catch (error) {
    return String((error as { stdout: string }).stdout)
      .replace(/^.*: /, '')
      .trim();
  }
}

test.each(['rsa3072', 'ed25519'])('%s: good with its key, armoured or binary, also among others', (algorithm) => {
  const file = signed.get(algorithm)!;
  const key = keys.get(algorithm)!;
  const all = [...keys.values()];
  for (const given of [[key.armoured], [key.binary], all.map((k) => k.armoured), [Buffer.concat(all.map((k) => k.binary))]])
    expect(verifyPackage(file, given)).toMatchObject({ outcome: 'ok', keyIds: [idOf(algorithm)] });
  expect(rpmSays(file, key)).toBe('digests signatures OK');
});

test.each(['rsa3072', 'ed25519'])('%s: without its key the missing id is named', (algorithm) => {
  const others = [...keys].filter(([name]) => name !== algorithm).map(([, key]) => key.armoured);
  for (const given of [[], others])
    expect(verifyPackage(signed.get(algorithm)!, given)).toMatchObject({ outcome: 'key-missing', keyIds: [idOf(algorithm)] });
  expect(rpmSays(signed.get(algorithm)!)).toMatch(/NOT OK/);
});

test('one changed byte of header or payload is invalid, key or no key', () => {
  const good = readFileSync(signed.get('rsa3072')!);
  const { payload } = readPackage(signed.get('rsa3072')!);
  const bad = path.join(scratch, 'bad.rpm');
  for (const at of [good.indexOf('/usr/share/'), payload.offsetBytes + 30, good.length - 1]) {
    const copy = Buffer.from(good);
    copy[at] = copy[at]! ^ 1;
    writeFileSync(bad, copy);
    expect(verifyPackage(bad, [keys.get('rsa3072')!.armoured]).outcome).toBe('invalid');
    expect(rpmSays(bad, keys.get('rsa3072'))).not.toBe('digests signatures OK');
  }
});

test('a changed payload isn’t good by another package’s signature', () => {
  // header and signature of one package, payload of another
  const one = readFileSync(signed.get('ed25519')!);
  const other = readFileSync(buildOne(scratch, 'other'));
  const cut = readPackage(signed.get('ed25519')!).payload.offsetBytes;
  const otherCut = readPackage(path.join(scratch, 'other-1-1.noarch.rpm')).payload.offsetBytes;
  const mixed = path.join(scratch, 'mixed.rpm');
  writeFileSync(mixed, Buffer.concat([one.subarray(0, cut), other.subarray(otherCut)]));
  expect(verifyPackage(mixed, [keys.get('ed25519')!.armoured]).outcome).toBe('invalid');
});

test('unsigned packages are said to be unsigned', () => {
  expect(verifyPackage(path.join(fixtures, 'Archer-3.4.5-6.x86_64.rpm'), [keys.get('rsa3072')!.armoured])).toEqual({
    outcome: 'unsigned',
    keyIds: [],
    detail: '',
  });
  expect(verifyPackage(buildOne(scratch, 'bare'), [])).toMatchObject({ outcome: 'unsigned' });
});

test('public fixtures: ids of their keys, or refused by name', () => {
  const seen = Object.fromEntries(
    readdirSync(fixtures)
      .filter((f) => f.includes('signed'))
      .map((name) => {
        try {
          const { outcome, keyIds } = verifyPackage(path.join(fixtures, name), []);
          return [name, `${outcome} ${keyIds.join()}`];
        } catch (error) {
          const { code, subject } = TreelineError.report(error);
          return [name, `${code} ${subject === name ? 'by name' : subject}`];
        }
      }),
  );
  expect(seen).toMatchObject({
    'empty-signed-eddsa-0-0.x86_64.rpm': 'key-missing 9b34bebb1f1d8f8a',
    'empty-signed-rsa-0-0.x86_64.rpm': 'key-missing 183f6899719ce7a5',
    'v4__signed__rpm-basic-with-ed25519-2.3.4-5.el9.noarch.rpm': 'key-missing 522e846427933839',
    'v4__signed__rpm-basic-with-rsa4096-2.3.4-5.el9.noarch.rpm': 'key-missing e964f9fb30d073b5',
  });
  // 4.18 knows none of these, a later librpm misses their keys
  const odd = Object.entries(seen).filter(([name]) => name.startsWith('v6__') || name.includes('ecdsa'));
  expect(odd.length).toBe(5);
  expect(seen['v4__signed__rpm-basic-with-ecdsa-2.3.4-5.el9.noarch.rpm']).toMatch(/by name|105c3db6d139a931/);
  for (const [name, what] of odd) expect(`${name}: ${what}`).toMatch(/: (package\.unsupported by name|key-missing [0-9a-f,]+)$/);
});

test('something that is no key is no key', () => {
  const file = signed.get('rsa3072')!;
  expect(verifyPackage(file, [Buffer.from('hello'), Buffer.alloc(0)]).outcome).toBe('key-missing');
  expect(() =>
    verifyPackage(file, [Buffer.from('-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n=AAAA\n-----END PGP PUBLIC KEY BLOCK-----\n')]),
  ).toThrow(/package\.key-missing/);
});

test('all packages of the demo are good, for us and for rpm', async () => {
  const demo = await demoRepositories();
  const key = readFileSync(path.join(demo, 'RPM-GPG-KEY-meadow'));
  const db = mkdtempSync(path.join(scratch, 'db-'));
  sh('rpmkeys', ['--dbpath', db, '--import', path.join(demo, 'RPM-GPG-KEY-meadow')]);
  for (const release of ['release-1', 'release-2', 'release-3']) {
    const dir = path.join(demo, release, 'packages');
    const files = readdirSync(dir).map((f) => path.join(dir, f));
    expect(files.filter((f) => verifyPackage(f, [key]).outcome !== 'ok')).toEqual([]);
    const lines = sh('rpmkeys', ['--dbpath', db, '-K', ...files])
      .trim()
      .split('\n');
    expect(lines.length).toBe(files.length);
    expect(lines.filter((l) => !l.endsWith(': digests signatures OK'))).toEqual([]);
  }
});
