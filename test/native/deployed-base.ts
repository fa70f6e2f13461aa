// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DeployOutcome, JobParams, SysrootState } from '../../main/engine/jobs/index.ts';
import type { ErrorReport } from '../../shared/errors/index.ts';
import { createRepo, makeRpms, type RpmSource } from '../fixtures/make-rpm.ts';
import { job, osname, sh } from './sysroot-fixture.ts';

/** What an update is asked for, but for where. */
export type UpgradeParams = Omit<JobParams<'update.upgrade'>, 'sysroot' | 'osname'>;

/** A composed base that is deployed, and a package repository `more` for what comes on top of it. */
export class DeployedBase implements Disposable {
  // writing boot entries freezes the file system: never that of this machine
  readonly scratch = mkdtempSync('/dev/shm/treeline-base-');
  /** The repository's directory. */
  readonly more = path.join(this.scratch, 'more');
  readonly os = { sysroot: path.join(this.scratch, 'sysroot'), osname };
  readonly repo = path.join(this.os.sysroot, 'ostree/repo');

  readonly #isMounted: boolean;

  /** `server`: repository that `ref` is in. `options`: further lines of the .repo file. `size`: of a file system of its own, as tmpfs(5) takes it. */
  constructor(server: string, ref: string, packages: readonly RpmSource[], options = '', size = '') {
    const { sysroot } = this.os;
    this.#isMounted = size !== '';
    if (this.#isMounted) sh('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', this.scratch);
    makeRpms(this.more, [...packages]);
    createRepo(this.more);
    mkdirSync(sysroot);
    sh('ostree', 'admin', 'init-fs', `--sysroot=${sysroot}`, '--modern', sysroot);
    sh('ostree', 'admin', 'os-init', `--sysroot=${sysroot}`, osname);
    this.ostree('remote', 'add', '--set=gpg-verify=false', 'origin', `file://${server}`);
    this.ostree('pull', 'origin', ref);
    sh('ostree', 'admin', 'deploy', `--sysroot=${sysroot}`, `--os=${osname}`, '--karg=root=LABEL=test', `origin:${ref}`);
    const repos = path.join(this.#deployment(this.ostree('rev-parse', `origin:${ref}`).trim(), 0), 'etc/yum.repos.d');
    mkdirSync(repos, { recursive: true });
    writeFileSync(path.join(repos, 'more.repo'), `${this.repoText}${options}`);
  }

  /** The .repo file’s lines about `more`. */
  get repoText(): string {
    return `[more]\nname=More\nbaseurl=file://${this.more}\ngpgcheck=0\n`;
  }

  ostree(...args: string[]): string {
    return sh('ostree', `--repo=${this.repo}`, ...args);
  }

  async upgrade(params: UpgradeParams): Promise<DeployOutcome> {
    return (await job('update.upgrade', { ...this.os, ...params })).result;
  }

  /** Other packages on the base that is there. */
  change(what: NonNullable<UpgradeParams['change']>, params: UpgradeParams = {}): Promise<DeployOutcome> {
    return this.upgrade({ noPullBase: true, change: what, ...params });
  }

  async load(): Promise<SysrootState> {
    return (await job('sysroot.load', { sysroot: this.os.sysroot })).result;
  }

  #deployment(checksum: string, serial: number): string {
    return path.join(this.os.sysroot, 'ostree/deploy', osname, 'deploy', `${checksum}.${serial}`);
  }

  /** Directory of the first deployment. */
  async root(): Promise<string> {
    const [first] = (await this.load()).deployments;
    return this.#deployment(first?.checksum ?? '', first?.serial ?? 0);
  }

  /** Lines of the first deployment's package repositories, in place of those that there are. */
  async setRepos(text: string): Promise<void> {
    writeFileSync(path.join(await this.root(), 'etc/yum.repos.d/more.repo'), text);
  }

  /** What a change that was refused leaves as it was: deployments, origin, what refs name, and that nobody's work lies about. */
  async unchanged(): Promise<unknown> {
    const refs = this.ostree('refs').trim().split('\n').sort();
    // staging-BOOT: libostree goes on in it within one start of the machine
    const drafts = readdirSync(path.join(this.repo, 'tmp')).filter((name) => name !== 'cache' && !name.startsWith('staging-'));
    return {
      ...(await this.load()),
      origin: await this.originText(),
      refs: refs.map((ref) => [ref, this.ostree('rev-parse', ref)]),
      drafts,
    };
  }

  /** `NAME-VERSION` of all that rpm lists there, sorted. */
  async names(): Promise<string[]> {
    const query = ['-qa', '--qf', '%{name}-%{version}\n'];
    return execFileSync('rpm', ['--root', await this.root(), '--dbpath', '/usr/share/rpm', ...query], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .sort();
  }

  async originText(): Promise<string> {
    return readFileSync(`${await this.root()}.origin`, 'utf8');
  }

  /** Of the first deployment's commit, as ostree prints it. */
  async metadata(key: string): Promise<string> {
    const [first] = (await this.load()).deployments;
    return this.ostree('show', '--no-byteswap', `--print-metadata-key=rpmostree.${key}`, first?.checksum ?? '').trim();
  }

  [Symbol.dispose](): void {
    sh('bash', '-c', `chattr -i '${this.os.sysroot}'/ostree/deploy/*/deploy/* 2>/dev/null || true`);
    if (this.#isMounted) sh('umount', this.scratch);
    rmSync(this.scratch, { recursive: true, force: true });
  }
}

/** What a job is refused with. */
export const refused = (running: Promise<unknown>): Promise<ErrorReport> =>
  running.then(
    () => Promise.reject(new Error('it was done')),
    (error: { report: ErrorReport }) => error.report,
  );
