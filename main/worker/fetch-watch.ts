// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync, statfsSync } from 'node:fs';
import path from 'node:path';
import type { Progress } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { FetchRequest } from '../engine/base/ports/fetch.ts';

/** How long a server may say nothing while it is asked what is new; libostree alone would wait for minutes. TREELINE_FETCH_TIMEOUT changes it. */
const silentSeconds = 30;
const lookEveryMs = 500;

/** What stays free for the rest of the system: an answer that doesn't end must not fill /var. */
const reserveBytes = 256 << 20;
const reserveShare = 0.03;

/** Of a request. */
export type Watched = Pick<FetchRequest, 'repo' | 'remote' | 'options' | 'commitOnly'>;

/**
 * Looks after one fetch from outside: a server that falls silent while it is looked at ends it, a slow one doesn't; an answer that fills the disk
 * ends it, too. `end` is called at most once.
 */
export class FetchWatch implements Disposable {
  readonly #request: Watched;
  readonly #pid: number | undefined;
  readonly #end: (error: TreelineError) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #silentMs = (Number(process.env['TREELINE_FETCH_TIMEOUT']) || silentSeconds) * 1000;
  #seen = '';
  #silentSince = performance.now();

  constructor(request: Watched, pid: number | undefined, end: (error: TreelineError) => void) {
    this.#request = request;
    this.#pid = pid;
    this.#end = end;
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
  }

  /** Only what grows is a sign of life of the server. */
  saw({ bytesDone = 0, itemsDone = 0 }: Progress): void {
    const now = `${bytesDone} ${itemsDone}`;
    if (now === this.#seen) return;
    this.#seen = now;
    this.heard();
  }

  /** Something came in from the server. */
  heard(): void {
    this.#silentSince = performance.now();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const error = this.#full() ?? this.#silent();
    if (!error) return;
    this[Symbol.dispose]();
    this.#end(error);
  }

  #silent(): TreelineError | undefined {
    if (!this.#request.commitOnly || performance.now() - this.#silentSince < this.#silentMs) return undefined;
    // one that computes, or waits for its turn or the disk, doesn't wait for the server
    if (this.#pid !== undefined && /^[RD]$/.test(stateOf(this.#pid))) return undefined;
    const { options, remote } = this.#request;
    const detail = `no answer within ${this.#silentMs / 1000} seconds`;
    return new TreelineError('repo.unreachable', { subject: options['url'] ?? remote, detail });
  }

  #full(): TreelineError | undefined {
    const { bavail, bsize, blocks } = statfsSync(path.dirname(this.#request.repo));
    const [freeBytes, sizeBytes] = [bavail * bsize, blocks * bsize];
    if (freeBytes >= Math.min(reserveBytes, sizeBytes * reserveShare)) return undefined;
    return new TreelineError('disk.full', {
      subject: this.#request.repo,
      detail: `what ${this.#request.remote} sends leaves ${Math.floor(freeBytes / 1e6)} MB free`,
      facts: { freeBytes },
    });
  }
}

/** The letter of proc_pid_stat(5), '' when there is no such process. */
function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.charAt(stat.lastIndexOf(')') + 2);
  } catch {
    return '';
  }
}
