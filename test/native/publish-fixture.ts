// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFile, execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const sh = (program: string, args: readonly string[]): string =>
  execFileSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
  }).trim();

/** As sh, while this process serves what the program asks for. */
export const shAside = (program: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) =>
    execFile(program, args, { encoding: 'utf8', timeout: 60_000 }, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stderr}`)) : resolve(stdout.trim()),
    ),
  );

export interface GpgTestKey {
  readonly id: string;
  /** Armoured public key. */
  readonly file: string;
}

export interface Ed25519TestKey {
  readonly secretFile: string;
  readonly publicFile: string;
  readonly public: string;
}

/** Directories and keys for tests of publishing, on tmpfs. */
export class PublishFixture {
  readonly directory = mkdtempSync('/dev/shm/treeline-publish-');
  readonly home = path.join(this.directory, 'gnupg');

  constructor() {
    mkdirSync(this.home, { mode: 0o700 });
  }

  at(...names: string[]): string {
    return path.join(this.directory, ...names);
  }

  dispose(): void {
    execFileSync('gpgconf', ['--homedir', this.home, '--kill', 'all'], { stdio: 'ignore' });
    rmSync(this.directory, { recursive: true, force: true });
  }

  gpgKey(name: string): GpgTestKey {
    const gpg = (...args: string[]): string => sh('gpg', ['--homedir', this.home, '--batch', '--yes', '--passphrase', '', ...args]);
    gpg('--quick-generate-key', `${name} <${name}@example.org>`, 'ed25519', 'sign', 'never');
    const id = /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--with-colons', '--list-keys', `${name}@example.org`))?.[1] as string;
    const file = this.at(`${name}.asc`);
    gpg('--armor', '--output', file, '--export', id);
    return { id, file };
  }

  ed25519Key(name: string): Ed25519TestKey {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const secretFile = this.at(`${name}.secret`);
    const publicFile = this.at(`${name}.public`);
    writeFileSync(secretFile, `${Buffer.concat([seed, raw]).toString('base64')}\n`);
    writeFileSync(publicFile, `${raw.toString('base64')}\n`);
    return { secretFile, publicFile, public: raw.toString('base64') };
  }

  init(name = 'repo', mode = 'archive'): string {
    const repo = this.at(name);
    sh('ostree', [`--repo=${repo}`, 'init', `--mode=${mode}`]);
    return repo;
  }

  /** Commit files by the ostree command; returns the checksum. */
  commit(repo: string, ref: string, files: Readonly<Record<string, string>>, ...more: string[]): string {
    const tree = this.at('tree');
    rmSync(tree, { recursive: true, force: true });
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(tree, name)), { recursive: true });
      writeFileSync(path.join(tree, name), content);
    }
    return sh('ostree', [`--repo=${repo}`, 'commit', `--branch=${ref}`, `--tree=dir=${tree}`, '--owner-uid=0', '--owner-gid=0', ...more]);
  }
}
