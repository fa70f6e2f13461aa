// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';
import { loadSysroot, runJob, type JobName, type JobParams, type JobResult, type SysrootState } from '../engine/jobs/index.ts';
import { keepNewest } from './kept.ts';
import { ReadTurns } from './read-turns.ts';

const keptAnswers = 32;

/** Answers from workers that change nothing, kept as long as nothing in the sysroot moved. */
export class Reader {
  private readonly answers = new Map<string, Promise<unknown>>();
  private generation = 0;
  private readonly turns = new ReadTurns();
  private readonly sysroot: string;
  private readonly worker: string;

  constructor(sysroot: string, worker: string) {
    this.sysroot = sysroot;
    this.worker = worker;
  }

  state(): Promise<SysrootState> {
    return this.read('sysroot.load', { sysroot: this.sysroot });
  }

  private start<N extends JobName>(job: N, params: JobParams<N>): Promise<JobResult<N>> {
    const options = { worker: this.worker };
    return job === 'sysroot.load' ? loadSysroot(this.sysroot, options) : runJob(job, params, options).done;
  }

  read<N extends JobName>(job: N, params: JobParams<N>): Promise<JobResult<N>> {
    const key = `${job} ${JSON.stringify(params)} ${this.stamp()}`;
    const known = this.answers.get(key);
    if (known) {
      // somebody who comes first may have asked for what somebody else waits for
      void this.turns.join(key);
      return known as Promise<JobResult<N>>;
    }
    const answer = this.run(job, params, key);
    this.answers.set(key, answer);
    // an error is told once, not remembered
    answer.catch(() => this.answers.delete(key));
    keepNewest(this.answers, keptAnswers);
    return answer;
  }

  /** Not kept: for what can change without anything of ours noticing (files of /etc, mounted media). */
  fresh<N extends JobName>(job: N, params: JobParams<N>): Promise<JobResult<N>> {
    return this.run(job, params, `${job} ${JSON.stringify(params)}`);
  }

  /** Forget everything: after a job, on Reload(). */
  invalidate(): void {
    this.generation += 1;
    this.answers.clear();
  }

  /** Changes whenever libostree, or an administrator, changed something: libostree touches ostree/deploy after each write. */
  stamp(): string {
    const at = (...parts: string[]): string => {
      try {
        return String(statSync(path.join(...parts)).mtimeMs);
      } catch {
        return '-';
      }
    };
    const link = (file: string): string => {
      try {
        return readlinkSync(file);
      } catch {
        return '-';
      }
    };
    return [
      this.generation,
      at(this.sysroot, 'ostree/deploy'),
      at(this.sysroot, 'ostree/repo/config'),
      ...this.originFiles().map((file) => at(file)),
      at(this.sysroot, 'boot/ostree/finalize-failure.stamp'),
      at('/run/ostree/staged-deployment'),
      at(this.sysroot, 'etc/ostree/remotes.d'),
      link(path.join(this.sysroot, 'boot/loader')),
      at(this.sysroot, 'boot/loader/entries'),
    ].join(' ');
  }

  /** Corrected by hand they leave no other trace. */
  private originFiles(): string[] {
    const names = (folder: string): string[] => {
      try {
        return readdirSync(folder);
      } catch {
        return [];
      }
    };
    const stateroots = path.join(this.sysroot, 'ostree/deploy');
    return names(stateroots).flatMap((osname) => {
      const folder = path.join(stateroots, osname, 'deploy');
      return names(folder).flatMap((name) => (name.endsWith('.origin') ? [path.join(folder, name)] : []));
    });
  }

  private run<N extends JobName>(job: N, params: JobParams<N>, key: string): Promise<JobResult<N>> {
    const waiting = this.turns.join(key);
    if (waiting) return waiting as Promise<JobResult<N>>;
    return this.turns.add(key, () => this.start(job, params));
  }
}
