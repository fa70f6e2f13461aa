// SPDX-License-Identifier: LGPL-2.1-or-later
import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync, chmodSync } from 'node:fs';
import path from 'node:path';
import { run } from './processes.ts';

export interface PlainHost {
  /** Archive repository with the ref `ref` at release 1. */
  readonly repo: string;
  readonly sysroot: string;
  readonly stateroot: string;
  readonly remote: string;
  readonly ref: string;
  /** Checksums of releases 1, 2 and 3. */
  readonly commits: readonly string[];
}

/** Where a booted plain host finds its repository: bind `repo` there. */
export const plainRepoInside = '/run/treeline-sim/repo';

/**
 * A small host made with the ostree program only, for tests of the engine that must not depend on our own composer: three releases without
 * programs or packages (the simulated boot lends the machine's), release 1 deployed, release 3 with another kernel. Seconds, about 10 MB.
 */
export async function makePlainHost(dir: string): Promise<PlainHost> {
  const repo = path.join(dir, 'repo');
  const sysroot = path.join(dir, 'sysroot');
  const host = { repo, sysroot, stateroot: 'plain', remote: 'plain', ref: 'plain/x86_64/stable' };
  mkdirSync(sysroot, { recursive: true });
  const commits = await makePlainCommits(dir, repo, host.ref);
  await publishPlain({ ...host, commits }, 1);
  await installPlainHost({ ...host, commits });
  return { ...host, commits };
}

/** Make the sysroot with what the repository offers deployed. */
export async function installPlainHost({ repo, sysroot, stateroot, remote, ref }: PlainHost): Promise<void> {
  await run('ostree', ['admin', 'init-fs', sysroot]);
  await run('ostree', ['admin', 'os-init', `--sysroot=${sysroot}`, stateroot]);
  const target = `--repo=${path.join(sysroot, 'ostree/repo')}`;
  await run('ostree', [target, 'remote', 'add', '--no-gpg-verify', remote, `file://${plainRepoInside}`]);
  await run('ostree', [target, 'pull-local', `--remote=${remote}`, repo, ref]);
  const kargs = ['--karg=root=LABEL=plain', '--karg=quiet'];
  await run('ostree', ['admin', 'deploy', `--sysroot=${sysroot}`, `--os=${stateroot}`, ...kargs, `${remote}:${ref}`]);
}

/** Three commits on branches release-1 to release-3 in a new archive repository; their trees are written in `dir` and removed again. */
export async function makePlainCommits(dir: string, repo: string, ref: string): Promise<string[]> {
  await run('ostree', [`--repo=${repo}`, 'init', '--mode=archive']);
  const commits: string[] = [];
  for (const release of [1, 2, 3]) {
    const tree = path.join(dir, 'tree');
    writeTree(tree, release);
    const parent = commits.at(-1);
    const args = ['commit', '--canonical-permissions', '--owner-uid=0', '--owner-gid=0', '--no-xattrs', `--tree=dir=${tree}`];
    args.push(`--branch=plain/x86_64/release-${release}`, `--bind-ref=${ref}`, `--subject=Release ${release}`);
    args.push(`--add-metadata-string=version=${release}`, ...(parent ? [`--parent=${parent}`] : []));
    commits.push(await run('ostree', [`--repo=${repo}`, ...args]));
    rmSync(tree, { recursive: true });
  }
  return commits;
}

/** Offer release 1, 2 or 3 of a plain host to its clients. */
export async function publishPlain(host: PlainHost, release: number): Promise<void> {
  const commit = host.commits[release - 1];
  await run('ostree', [`--repo=${host.repo}`, 'refs', '--force', `--create=${host.ref}`, String(commit)]);
  await run('ostree', [`--repo=${host.repo}`, 'summary', '--update']);
}

function writeTree(tree: string, release: number): void {
  const kernel = release > 2 ? '6.2.0' : '6.1.0';
  // every mount point must exist in the commit: a deployment's root is immutable, nobody can add one later
  const folders = [
    'boot',
    'dev',
    'proc',
    'run',
    'sys',
    'sysroot',
    'tmp',
    'var',
    'usr/bin',
    'usr/sbin',
    'usr/lib',
    'usr/lib64',
    'usr/etc/plain.d',
  ];
  for (const each of [...folders, 'usr/share/plain', `usr/lib/modules/${kernel}`]) mkdirSync(path.join(tree, each), { recursive: true });
  chmodSync(path.join(tree, 'tmp'), 0o1777);
  const links = {
    bin: 'usr/bin',
    sbin: 'usr/sbin',
    lib: 'usr/lib',
    lib64: 'usr/lib64',
    ostree: 'sysroot/ostree',
    root: 'var/roothome',
    home: 'var/home',
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, path.join(tree, name));
  symlinkSync('../usr/lib/os-release', path.join(tree, 'usr/etc/os-release'));
  const files: Record<string, string> = {
    'usr/lib/os-release': `ID=plain\nNAME="Plain OS"\nVERSION_ID=${release}\nVERSION="${release}"\nPRETTY_NAME="Plain OS ${release}"\n`,
    'usr/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
    'usr/etc/group': 'root:x:0:\n',
    'usr/etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
    'usr/etc/plain.d/vendor-changes.conf': `vendor default of release ${release}\n`,
    'usr/etc/plain.d/user-edits.conf': 'vendor default\n',
    'usr/share/plain/payload': `payload of release ${release}\n`,
    [`usr/lib/modules/${kernel}/vmlinuz`]: String(kernel).repeat(40_000),
    [`usr/lib/modules/${kernel}/initramfs.img`]: `initramfs ${kernel} `.repeat(20_000),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(tree, name), text);
  if (release > 1) appendFileSync(path.join(tree, 'usr/etc/plain.d/added.conf'), `new since release 2\n`);
}
