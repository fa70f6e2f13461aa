// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmdirSync, rmSync, utimesSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobContext, JobName, JobParams, JobResult } from '../../main/engine/jobs/index.ts';
import { dbJobs } from '../../main/worker/db-jobs.ts';
import { formatEvr, formatNevra, type Advisory } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { branch, commitReleases } from './db-commits.ts';
import { demoRepositories, sh } from './rpm-build.ts';

const advisory = (id: string, ...packages: string[]): Advisory => ({
  id,
  kind: 'security',
  severity: 'critical',
  title: id,
  description: '',
  issuedSeconds: 1,
  references: [],
  packages,
});

let scratch: string;
let repo: string;
let commits: string[];
let trees: string[];
beforeAll(async () => {
  scratch = mkdtempSync(path.join(os.tmpdir(), 'treeline-'));
  const advisories = [[], [advisory('MSA-2', 'libthistle-3.0.13-1.x86_64')], [advisory('MSA-3', 'brook-8.5.1-1.x86_64')]];
  ({ repo, commits, trees } = commitReleases(scratch, await demoRepositories(), advisories));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const run = <N extends JobName>(job: N, params: JobParams<N>): JobResult<N> =>
  (dbJobs[job] as (p: JobParams<N>, c: JobContext) => JobResult<N>)(params, {} as JobContext);
const diff = (more: Partial<JobParams<'db.diff'>> = {}): JobResult<'db.diff'> =>
  run('db.diff', { repo, from: commits[0]!, to: commits[2]!, changelogs: false, advisories: false, ...more });
const codeOf = (action: () => unknown): unknown => {
  try {
    return action();
  } catch (error) {
    return TreelineError.report(error).code;
  }
};

/** NEVRA -> changelog lines, by rpm. */
const rpmAll = (tree: string): string[] =>
  sh('rpm', ['--dbpath', path.join(tree, 'usr/share/rpm'), '-qa', '--qf', '%{name}-%|epoch?{%{epoch}:}|%{version}-%{release}.%{arch}\n'])
    .trim()
    .split('\n')
    .sort();

test('a listing is what rpm lists, with and without details', () => {
  for (const details of [false, true]) {
    const [first, second] = run('db.list', { repo, revisions: [commits[0]!, branch], patterns: [], details });
    expect(first!.packages.map(formatNevra).sort()).toEqual(rpmAll(trees[0]!));
    expect(second).toMatchObject({ revision: branch, checksum: commits[2], version: '1.2' });
    expect(second!.packages.map(formatNevra).sort()).toEqual(rpmAll(trees[2]!));
    expect(first!.packages[0]?.summary === undefined).toBe(!details);
  }
});

test('patterns of names, as further arguments, too', () => {
  const names = (patterns: string[], more: string[] = []): string[] =>
    run('db.list', { repo, revisions: [branch, ...more], patterns })[0]!.packages.map((p) => `${p.name}.${p.arch}`);
  expect(names(['lib*'])).toEqual(['libclover.i686', 'libclover.x86_64', 'libfern.x86_64', 'libsedge.x86_64', 'libthistle.x86_64']);
  expect(names(['brook', 'w?en-*'])).toEqual(['brook.x86_64', 'wren-mail.x86_64']);
  expect(names([], ['kernel'])).toEqual(['kernel.x86_64']);
  expect(names(['[ab]*'])).toEqual(['acorn-data.x86_64', 'almanac.noarch', 'brook.x86_64', 'burrow.x86_64', 'busybox.x86_64']);
  expect(names(['(.+'])).toEqual([]);
  expect(codeOf(() => names([], ['no/such/ref']))).toBe('repo.revision-not-found');
});

test('the difference of two releases', () => {
  const shown = diff().packages.map(
    (c) => `${c.kind} ${c.name}.${c.arch} ${c.from ? formatEvr(c.from) : ''}>${c.to ? formatEvr(c.to) : ''}`,
  );
  expect(shown).toContain('upgraded acorn-data.x86_64 5-1>6-1');
  expect(shown).toContain('upgraded burrow.x86_64 86.0-7>86.0.1-1');
  expect(shown).toContain('upgraded dewpoint.x86_64 15-8>15.4-4');
  expect(shown).toContain('upgraded honeycomb.x86_64 3.0~rc1-1>3.0-1');
  expect(shown).toContain('upgraded libsedge.x86_64 1:0.9.8-2>1:0.9.10-1');
  expect(shown).toContain('upgraded libclover.i686 1.2.0-4>1.2.1-1');
  expect(shown).toContain('upgraded libclover.x86_64 1.2.0-4>1.2.1-1');
  expect(shown).toContain('added nightingale-player.x86_64 >1.0-2');
  expect(shown).toContain('removed lark-player.x86_64 2.2.2-5>');
  expect(shown).toContain('upgraded sundial.x86_64 2.0-3>2.0-4');
  const second = diff({ from: commits[1]! }).packages.find((c) => c.name === 'sundial');
  expect(second).toMatchObject({ kind: 'downgraded', from: { version: '2.1' }, to: { version: '2.0', release: '4' } });
  // nothing more and nothing less than what the two lists differ in
  const [a, b] = [rpmAll(trees[0]!), rpmAll(trees[2]!)];
  const changes = diff().packages;
  expect(changes.flatMap((c) => (c.from ? formatNevra(c.from) : [])).sort()).toEqual(a.filter((n) => !b.includes(n)));
  expect(changes.flatMap((c) => (c.to ? formatNevra(c.to) : [])).sort()).toEqual(b.filter((n) => !a.includes(n)));
  expect(diff({ to: commits[0]! }).packages).toEqual([]);
});

test('changelogs: exactly the entries that the old release doesn’t have', () => {
  const texts = (name: string, more = {}): string[] =>
    (diff({ changelogs: true, ...more }).packages.find((c) => c.name === name)?.changelog ?? []).map((e) => e.text.split('\n')[0] ?? '');
  expect(texts('libfern')).toEqual([
    '- Update to 2.4.2',
    '- Build with the right flags (bug 1130)',
    '- Update to 2.4.1',
    '- Add a test for very wide pictures',
  ]);
  expect(texts('libfern', { from: commits[1] })).toEqual(['- Update to 2.4.2']);
  expect(texts('kernel')).toEqual(['- Update to 6.12.9', '- Update to 6.12.6']);
  expect(texts('sundial', { from: commits[1] })).toEqual([]);
  expect(texts('nightingale-player')).toEqual([]);
  expect(diff().packages.every((c) => c.changelog === undefined)).toBe(true);
});

test('the changelogs that commits record are those of their databases', () => {
  // the same trees and lists, but nothing recorded
  const bare = [0, 2].map((n) => {
    const list = sh('ostree', [`--repo=${repo}`, 'show', '--print-metadata-key=rpmostree.rpmdb.pkglist', commits[n]!]);
    const metadata = `--add-metadata=rpmostree.rpmdb.pkglist=${list.trim()}`;
    return sh('ostree', [`--repo=${repo}`, 'commit', `--branch=bare/${n}`, `--tree=ref=${commits[n]}`, metadata]).trim();
  });
  const changelogs = (outcome: JobResult<'db.diff'>): unknown[] =>
    outcome.packages.map(({ name, arch, kind, changelog }) => ({ name, arch, kind, changelog }));
  const recorded = diff({ changelogs: true });
  expect(changelogs(recorded)).toEqual(changelogs(diff({ from: bare[0]!, to: bare[1]!, changelogs: true })));
  expect(recorded.packages.filter((c) => c.changelog).length).toBeGreaterThan(15);
});

test('advisories on the way from one release to the other', () => {
  const of = (more: Partial<JobParams<'db.diff'>>): string[] => diff({ advisories: true, ...more }).advisories.map((a) => a.id);
  expect(of({})).toEqual(['MSA-3', 'MSA-2']);
  expect(of({ from: commits[1]! })).toEqual(['MSA-3']);
  expect(of({ to: commits[1]! })).toEqual(['MSA-2']);
  expect(of({ from: commits[2]!, to: commits[0]! })).toEqual([]);
  const lib = diff({ advisories: true }).packages.find((c) => c.name === 'libthistle');
  expect(lib?.advisories).toEqual(['MSA-2']);
  expect(run('db.list', { repo, revisions: [commits[2]!], patterns: [], advisories: true })[0]?.advisories?.map((a) => a.id)).toEqual([
    'MSA-3',
  ]);
});

test('versions: equal package sets have equal checksums', () => {
  const rows = run('db.version', { repo, revisions: [...commits, branch] });
  expect(rows.map((r) => r.version)).toEqual(['1.0', '1.1', '1.2', '1.2']);
  expect(rows[3]?.rpmdbChecksum).toBe(rows[2]?.rpmdbChecksum);
  expect(new Set(rows.map((r) => r.rpmdbChecksum)).size).toBe(3);
  expect(rows[0]?.rpmdbChecksum).toMatch(/^40:[0-9a-f]{40}$/);
});

test('a commit without a list in its metadata is read from its database, also at the other place', () => {
  const tree = path.join(scratch, 'sysimage');
  cpSync(path.join(trees[1]!, 'usr/share/rpm'), path.join(tree, 'usr/lib/sysimage/rpm'), { recursive: true });
  sh('mkdir', ['-p', path.join(tree, 'usr/share')]);
  sh('ln', ['-s', '../lib/sysimage/rpm', path.join(tree, 'usr/share/rpm')]);
  const checksum = sh('ostree', [`--repo=${repo}`, 'commit', '--branch=other', `--tree=dir=${tree}`]).trim();
  expect(diff({ from: commits[1]!, to: checksum }).packages).toEqual([]);
  expect(diff({ to: checksum, changelogs: true }).packages.find((c) => c.name === 'brook')?.changelog?.length).toBe(1);
});

test('what can’t be read is said with its code', () => {
  const empty = path.join(scratch, 'empty');
  sh('mkdir', ['-p', path.join(empty, 'usr/share/rpm')]);
  sh('touch', [path.join(empty, 'usr/share/rpm/Packages')]);
  const checksum = sh('ostree', [`--repo=${repo}`, 'commit', '--branch=empty', `--tree=dir=${empty}`]).trim();
  expect(codeOf(() => diff({ to: checksum }))).toBe('rpmdb.missing');
  expect(codeOf(() => diff({ to: 'nothing/like/it' }))).toBe('repo.revision-not-found');
  expect(codeOf(() => diff({ repo: path.join(scratch, 'no-repo') }))).toBe('repo.open');
});

test('nothing is left behind, and what a killed process left goes after an hour', () => {
  const place = existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
  const left = (pid: number): string => mkdtempSync(path.join(place, `treeline-db-${pid}-`));
  const nobody = 2 ** 22 + process.pid;
  const [old, young, running] = [left(nobody), left(nobody), left(process.ppid)];
  for (const each of [old, running]) utimesSync(each, 1, 1);
  diff({ changelogs: true });
  expect([old, young, running].map((each) => existsSync(each))).toEqual([false, true, true]);
  for (const each of [young, running]) rmdirSync(each);
  expect(readdirSync(place).filter((name) => name.startsWith(`treeline-db-${process.pid}-`))).toEqual([]);
});

test('deployments of a sysroot: by id, by role, and the default pair', () => {
  // a deployed tree needs a kernel; only the database's names matter here. A user namespace: no boot loader is touched, nothing is frozen.
  const tree = path.join(scratch, 'bootable');
  for (const n of [0, 1]) {
    cpSync(trees[n]!, tree, { recursive: true });
    const modules = path.join(tree, 'usr/lib/modules/6');
    sh('mkdir', ['-p', modules, path.join(tree, 'usr/etc')]);
    for (const file of ['vmlinuz', 'initramfs.img']) sh('sh', ['-c', `echo ${n} > ${modules}/${file}`]);
    sh('sh', [
      '-c',
      `echo ID=meadow > ${tree}/usr/lib/os-release; mkdir -p ${tree}/sysroot ${tree}/boot; ln -sfn sysroot/ostree ${tree}/ostree`,
    ]);
    sh('ostree', [`--repo=${repo}`, 'commit', `--branch=bootable/${n}`, `--tree=dir=${tree}`, `--add-metadata-string=version=${n}`]);
  }
  const sysroot = path.join(scratch, 'sysroot');
  const script = `set -e; mkdir ${sysroot}; mount -t tmpfs tmpfs ${sysroot}; export OSTREE_SYSROOT_DEBUG=mutable-deployments
ostree admin init-fs ${sysroot}; ostree admin os-init --sysroot=${sysroot} meadow
for n in 0 1; do ostree --repo=${sysroot}/ostree/repo pull-local ${repo} bootable/$n >/dev/null; ostree admin deploy --sysroot=${sysroot} --os=meadow bootable/$n >/dev/null; done
tar -C ${sysroot} -cf ${scratch}/sysroot.tar .`;
  // root needs no user namespace, and in a chroot it gets none
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  execFileSync('unshare', [...user, '--mount', '--propagation', 'private', 'sh', '-c', script], { stdio: ['ignore', 'ignore', 'pipe'] });
  sh('tar', ['-C', sysroot, '-xf', path.join(scratch, 'sysroot.tar')]);
  const at = { sysroot, changelogs: false, advisories: false };
  const [newest] = readdirSync(path.join(sysroot, 'ostree/deploy/meadow/deploy')).filter((f) => f.endsWith('.0'));
  const byId = run('db.list', { sysroot, revisions: [`meadow-${newest}`], patterns: [] });
  expect(byId[0]?.checksum).toBe(newest?.slice(0, 64));
  expect(run('db.diff', { ...at, from: 'bootable/0', to: 'pending' })).toMatchObject({ toName: 'pending deployment', toVersion: '1' });
  expect(codeOf(() => run('db.diff', { ...at, from: '', to: '' }))).toBe('sysroot.not-booted');
});
