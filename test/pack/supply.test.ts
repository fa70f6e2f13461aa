// SPDX-License-Identifier: LGPL-2.1-or-later
import Ajv from 'ajv';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const text = (program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): string =>
  execFileSync(program, args, { encoding: 'utf8', env });
const schema = (name: string): object =>
  JSON.parse(
    readFileSync(path.join(root, `node_modules/@cyclonedx/cyclonedx-library/res/schema/${name}.SNAPSHOT.schema.json`), 'utf8'),
  ) as object;

interface Bom {
  readonly components: readonly { readonly name: string; readonly version: string; readonly hashes?: unknown[] }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

let work: string;
beforeAll(() => {
  // a blank in the path of the checkout and of the output; umask 077: as on somebody's careful machine
  work = mkdtempSync('/dev/shm/treeline pack ');
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

function pack(checkout: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): { status: number; output: string } {
  const { status, stdout, stderr } = spawnSync(
    'sh',
    ['-c', 'umask 077; exec "$0" "$@"', process.execPath, 'main/launch/pack/pack.mjs', ...args],
    {
      cwd: checkout,
      encoding: 'utf8',
      env: { ...process.env, SOURCE_DATE_EPOCH: '1790000000', ...env },
    },
  );
  return { status: status ?? 1, output: stdout + stderr };
}

describe('packages made in a path with a blank, with umask 077, and signed', () => {
  let out: string;
  let home: NodeJS.ProcessEnv;
  let fingerprint: string;
  const made = (end: string): string => path.join(out, readdirSync(out).find((name) => name.endsWith(end)) ?? '');

  beforeAll(() => {
    const checkout = path.join(work, 'check out');
    mkdirSync(checkout);
    for (const name of [
      'main',
      'shared',
      'assets',
      'package.json',
      'package-lock.json',
      'electron-builder.yml',
      'LICENSE',
      'vite.config.ts',
    ])
      cpSync(path.join(root, name), path.join(checkout, name), { recursive: true });
    symlinkSync(path.join(root, 'node_modules'), path.join(checkout, 'node_modules'));
    const keys = path.join(work, 'keys');
    mkdirSync(keys, { mode: 0o700 });
    home = { ...process.env, GNUPGHOME: keys };
    text(
      'gpg',
      ['--batch', '--quiet', '--pinentry-mode=loopback', '--passphrase=', '--quick-generate-key', 'Packager <p@example.org>', 'rsa2048'],
      home,
    );
    fingerprint = /^fpr:+([0-9A-F]+):/m.exec(text('gpg', ['--with-colons', '--list-keys'], home))?.[1] ?? '';
    out = path.join(work, 'pack ages');
    const result = pack(checkout, ['--headless', `--out=${out}`, `--sign-key=${fingerprint}`], { GNUPGHOME: keys });
    expect(result.status, result.output).toBe(0);
  });

  it('hold files that everybody may read and nobody but root may write', () => {
    const listed = text('dpkg-deb', ['--contents', made('.deb')])
      .trim()
      .split('\n');
    expect(listed.length).toBeGreaterThan(50);
    for (const line of listed) expect(line).toMatch(/^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx) root\/root /);
    expect(readdirSync(work).filter((name) => name.startsWith('.') || name.includes('rpm'))).toEqual([]);
  });

  it('are signed, and rpm and gpg agree', () => {
    const db = path.join(work, 'rpmdb');
    const key = path.join(work, 'key.asc');
    writeFileSync(key, text('gpg', ['--armor', '--export', fingerprint], home));
    text('rpmkeys', ['--dbpath', db, '--import', key]);
    expect(text('rpmkeys', ['--dbpath', db, '--checksig', made('.rpm')])).toMatch(/digests signatures OK/);
    expect(spawnSync('gpg', ['--verify', `${out}/SHA256SUMS.asc`, `${out}/SHA256SUMS`], { env: home }).status).toBe(0);
    expect(execFileSync('sha256sum', ['--check', 'SHA256SUMS'], { cwd: out, encoding: 'utf8' }).match(/: OK$/gm)).toHaveLength(2);
  });

  it('carry a bill of materials that CycloneDX’s schema takes, of what the licences are of', () => {
    const unpacked = path.join(work, 'unpacked');
    text('dpkg-deb', ['--extract', made('.deb'), unpacked]);
    const doc = path.join(unpacked, 'usr/share/doc/treeline-headless');
    const bom = JSON.parse(readFileSync(path.join(doc, 'sbom.cdx.json'), 'utf8')) as Bom;
    const ajv = new Ajv({ strict: false, logger: false, validateFormats: false });
    for (const name of ['jsf-0.82', 'spdx', 'cryptography-defs'])
      ajv.addSchema({ ...schema(name), $id: `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json` });
    const valid = ajv.compile(schema('bom-1.6'));
    valid(bom);
    expect(valid.errors).toBeNull();
    const listed = bom.components.map(({ name, version }) => `${name} ${version}`);
    const copyright = readFileSync(path.join(doc, 'copyright'), 'utf8');
    expect(listed).toEqual([...copyright.matchAll(/^={78}\n(\S+ \S+): .*\n={78}$/gm)].map(([, name]) => name));
    for (const wanted of ['koffi', 'zod', 'commander', '@koromix/koffi-linux-x64'])
      expect(listed.some((each) => each.startsWith(`${wanted} `))).toBe(true);
    // what no part of the product is made of isn't said to be in it
    for (const name of ['vitest', 'fast-xml-parser', 'electron']) expect(listed.some((each) => each.startsWith(`${name} `))).toBe(false);
    expect(bom.components.every(({ hashes }) => hashes?.length === 1)).toBe(true);
    expect(bom.dependencies.find(({ ref }) => ref.startsWith('treeline-headless@'))?.dependsOn).toHaveLength(bom.components.length);
  });
});

describe('an Electron that isn’t the declared one', () => {
  const refused = (env: NodeJS.ProcessEnv): string => {
    const out = path.join(work, 'refused');
    const { status, output } = pack(root, [`--out=${out}`], { ELECTRON_OVERRIDE_DIST_PATH: '', ...env });
    expect(status, output).not.toBe(0);
    expect(existsSync(out) ? readdirSync(out) : []).toEqual([]);
    return output;
  };

  it('is never packed in place of it', () => {
    // nobody listens there
    expect(refused({ ELECTRON_MIRROR: 'http://127.0.0.1:9/' })).toMatch(
      /Electron \S+ can't be downloaded, and packages are made with no other/,
    );
  });

  it('is refused by its version when somebody points at it', () => {
    const other = path.join(work, 'electron');
    mkdirSync(other);
    writeFileSync(path.join(other, 'electron'), '');
    writeFileSync(path.join(other, 'version'), '33.2.1');
    expect(refused({ ELECTRON_OVERRIDE_DIST_PATH: other })).toMatch(/is Electron 33\.2\.1, and \S+ is declared/);
  });
});
