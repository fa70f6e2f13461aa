// SPDX-License-Identifier: LGPL-2.1-or-later
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sh } from './sysroot-fixture.ts';

const kernel = '6.1.0-test';

/** A server repository and a sysroot on tmpfs (boot entries must never be written on the machine's root file system), with a tree whose /etc tests fill. */
export class EtcFixture implements Disposable {
  readonly dir: string;
  readonly server: string;
  readonly sysroot: string;
  readonly tree: string;
  readonly osname = 'etcos';
  #time = 1_700_000_000;

  constructor() {
    this.dir = sh('mktemp', '-d', '/dev/shm/treeline-etc-XXXXXX').trim();
    sh('chmod', '755', this.dir);
    this.server = path.join(this.dir, 'server');
    this.sysroot = path.join(this.dir, 'sysroot');
    this.tree = path.join(this.dir, 'tree');
    sh('ostree', `--repo=${this.server}`, 'init', '--mode=archive');
    for (const d of ['usr/etc', 'usr/bin', `usr/lib/modules/${kernel}`, 'var']) mkdirSync(path.join(this.tree, d), { recursive: true });
    this.write(`usr/lib/modules/${kernel}/vmlinuz`, 'kernel'.padEnd(50_000, 'k'));
    this.write(`usr/lib/modules/${kernel}/initramfs.img`, 'initramfs'.padEnd(70_000, 'i'));
    this.write('usr/lib/os-release', 'ID=etcos\nPRETTY_NAME="Etc OS"\n');
  }

  /** The next release's /usr/etc. */
  get vendor(): string {
    return path.join(this.tree, 'usr/etc');
  }

  get repo(): string {
    return path.join(this.sysroot, 'ostree/repo');
  }

  write(file: string, text: string | Buffer): void {
    const target = path.join(this.tree, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, text);
  }

  /** Owners and modes are those on disk: the merge looks at them. */
  commit(version: string, args: readonly string[] = []): string {
    const fixed = [
      '--no-xattrs',
      '--generate-sizes',
      `--tree=dir=${this.tree}`,
      '-b',
      'etc/stable',
      `--add-metadata-string=version=${version}`,
    ];
    const checksum = sh('ostree', `--repo=${this.server}`, 'commit', ...fixed, ...args, `--timestamp=@${(this.#time += 1000)}`).trim();
    sh('ostree', `--repo=${this.server}`, 'summary', '-u');
    return checksum;
  }

  install(checksum: string, url: string): void {
    mkdirSync(this.sysroot);
    sh('ostree', 'admin', 'init-fs', this.sysroot);
    sh('ostree', 'admin', 'os-init', `--sysroot=${this.sysroot}`, this.osname);
    sh('ostree', `--repo=${this.repo}`, 'remote', 'add', '--no-gpg-verify', 'origin', url);
    this.take(checksum);
    sh('ostree', `--repo=${this.repo}`, 'refs', '--create', 'origin:etc/stable', checksum);
    sh(
      'ostree',
      'admin',
      'deploy',
      `--sysroot=${this.sysroot}`,
      `--os=${this.osname}`,
      '--karg=quiet',
      '--karg=root=LABEL=a',
      'origin:etc/stable',
    );
  }

  take(checksum: string): void {
    sh('ostree', `--repo=${this.repo}`, 'pull-local', '--remote=origin', this.server, checksum);
  }

  /** Directory of a commit's deployment. */
  deployment(checksum: string): string {
    return path.join(this.sysroot, 'ostree/deploy', this.osname, 'deploy', `${checksum}.0`);
  }

  /** Deploy with the ostree program: its merge, not ours. Throws with its words. */
  deploy(checksum: string): string {
    sh('ostree', 'admin', 'deploy', `--sysroot=${this.sysroot}`, `--os=${this.osname}`, checksum);
    return this.deployment(checksum);
  }

  [Symbol.dispose](): void {
    sh('bash', '-c', `chattr -i '${this.sysroot}'/ostree/deploy/*/deploy/* 2>/dev/null || true; rm -rf '${this.dir}'`);
  }
}

/** relative path -> everything that a merge decides about: type, mode, owner, content. */
export function listTree(root: string): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (directory: string, prefix: string): void => {
    for (const name of readdirSync(directory)) {
      const file = path.join(directory, name);
      const stat = lstatSync(file);
      const owner = `${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid}`;
      if (stat.isSymbolicLink()) found.set(prefix + name, `link ${stat.uid}:${stat.gid} ${readlinkSync(file)}`);
      else if (stat.isDirectory()) {
        found.set(prefix + name, `directory ${owner}`);
        visit(file, `${prefix}${name}/`);
      } else if (stat.isFile()) found.set(prefix + name, `file ${owner} ${readFileSync(file).toString('base64')}`);
      else found.set(prefix + name, 'other');
    }
  };
  visit(root, '');
  return found;
}
