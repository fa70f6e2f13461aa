// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPackages } from '../../main/demo/packages.ts';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const fixtures = path.join(root, 'test/fixtures/rpms');

export const sh = (program: string, args: readonly string[], input?: string): string =>
  execFileSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
    input,
    stdio: ['pipe', 'pipe', 'pipe'],
  });

/** The demo distribution's three repositories, built once for all test files and kept as long as its sources don't change. */
export async function demoRepositories(): Promise<string> {
  const sources = path.join(root, 'assets/demo');
  const hash = createHash('sha256');
  const code = path.join(root, 'main/demo');
  const inputs = [
    ...readdirSync(sources).map((f) => path.join(sources, f)),
    ...readdirSync(code)
      .filter((f) => f.startsWith('packages'))
      .map((f) => path.join(code, f)),
  ];
  for (const file of inputs.sort()) hash.update(readFileSync(file));
  const out = path.join(root, '.cache/test/packages', `meadow-${hash.digest('hex').slice(0, 12)}`);
  const done = path.join(out, 'done');
  if (!existsSync(done)) {
    // this one's and those of older sources
    rmSync(path.dirname(out), { recursive: true, force: true });
    mkdirSync(out, { recursive: true });
    await buildPackages({ sources, out });
    writeFileSync(done, '');
  }
  return out;
}

/** Build one package from a spec's tags and sections; `prepare` is shell for %install. Returns the .rpm's path in `dir`. */
export function buildOne(
  dir: string,
  name: string,
  options: { tags?: string; install?: string; sections?: string; files?: string } = {},
): string {
  const work = path.join(dir, `build-${name}`);
  mkdirSync(work, { recursive: true });
  const spec = `Name: ${name}\nVersion: 1\nRelease: 1\nSummary: ${name}\nLicense: MIT\nBuildArch: noarch\nAutoReqProv: no\n${options.tags ?? ''}
%description\n${name}\n%install\nmkdir -p %{buildroot}/usr/share/${name}\necho ${name} > %{buildroot}/usr/share/${name}/file\n${options.install ?? ''}
${options.sections ?? ''}\n%files\n/usr/share/${name}\n${options.files ?? ''}\n`;
  writeFileSync(path.join(work, 'p.spec'), spec);
  const macros = {
    _topdir: work,
    _rpmdir: work,
    _tmppath: work,
    _rpmfilename: 'out.rpm',
    __os_install_post: '%{nil}',
    debug_package: '%{nil}',
    _invalid_encoding_terminates_build: '0',
  };
  sh('rpmbuild', [
    '-bb',
    '--quiet',
    '--buildroot',
    path.join(work, 'root'),
    ...Object.entries(macros).flatMap(([k, v]) => ['--define', `${k} ${v}`]),
    path.join(work, 'p.spec'),
  ]);
  const file = path.join(dir, `${name}-1-1.noarch.rpm`);
  renameSync(path.join(work, 'out.rpm'), file);
  return file;
}

export interface TestKey {
  readonly id: string;
  readonly armoured: Buffer;
  readonly binary: Buffer;
}

/** A new key without passphrase in the GnuPG home `home` (a short path: gpg-agent's socket lives there). */
export function newKey(home: string, algorithm: string): TestKey {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const gpg = (...args: string[]): Buffer =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const user = `${algorithm} <${algorithm}@meadow.example>`;
  gpg('--passphrase', '', '--quick-generate-key', user, algorithm, 'sign', 'never');
  const id = /^fpr:+([0-9A-F]+):/m.exec(gpg('--with-colons', '--list-keys', user).toString())?.[1] ?? '';
  return { id, armoured: gpg('--armor', '--export', id), binary: gpg('--export', id) };
}

export function sign(file: string, home: string, keyId: string): void {
  sh('rpmsign', ['--addsign', '--define', '__gpg /usr/bin/gpg', '--define', `_gpg_name ${keyId}`, '--define', `_gpg_path ${home}`, file]);
}

export function stopAgent(home: string): void {
  execFileSync('gpgconf', ['--homedir', home, '--kill', 'gpg-agent']);
}
