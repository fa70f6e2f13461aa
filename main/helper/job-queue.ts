// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { JobState } from '../../shared/domain/index.ts';
import { serviceWideLimits, userLimits } from '../../shared/dbus/index.ts';
import { TreelineError, messageOf } from '../../shared/errors/index.ts';
import { readJsonFile, tryAtomicFile } from '../files/index.ts';
import type { Caller } from './callers.ts';
import { cutJob, isJobState } from './kept.ts';
import { Transaction, type TransactionEvents, type TransactionRequest } from './transaction.ts';

const keptJobs = 20;

/**
 * One job at a time. It takes the queue at its Start(); before that it holds nobody up, is kept for a while only, and each user may have a few.
 * What changes something isn't interrupted: a second job is refused with who, what and since when. What merely looks makes way for who comes first.
 */
export class JobQueue {
  private current: Transaction | undefined;
  /** Started, and waits for `current` to make way. */
  private next: { readonly transaction: Transaction; readonly begin: () => void } | undefined;
  private readonly waiting = new Set<Transaction>();
  private past: readonly JobState[];
  private readonly peerDir: string;
  private readonly pastFile: string;
  private readonly events: TransactionEvents;
  private stopping = false;

  constructor(peerDir: string, stateDir: string, events: Omit<TransactionEvents, 'acquire'>) {
    this.peerDir = peerDir;
    this.pastFile = path.join(stateDir, 'jobs.json');
    this.past = readPast(this.pastFile);
    this.events = {
      ...events,
      acquire: (transaction) => this.acquire(transaction),
      ended: async (transaction, result) => {
        const { job } = transaction;
        this.waiting.delete(transaction);
        if (transaction.wasStarted) this.keep(job);
        try {
          await events.ended(transaction, result);
          // a last word came to it
          if (transaction.wasStarted && transaction.job !== job) this.keep(transaction.job);
        } finally {
          // free before anybody hears of the end, and whatever went wrong: who hears of it may start the next one
          this.release(transaction);
        }
      },
    };
  }

  /** The job that has the queue. */
  get running(): Transaction | undefined {
    return this.current;
  }

  /**
   * The job that clients are told of: the one that runs, else the newest that waits for its Start(), as rpm-ostreed has it. What anybody may ask for
   * and only looks isn't told before it runs: clients wait for the end of what they are told of.
   */
  get active(): Transaction | undefined {
    if (this.current) return this.current;
    const told = [...this.waiting].filter((each) => each.rank > 0 || !each.request.looks);
    return told.reduce<Transaction | undefined>((best, each) => (!best || each.rank >= best.rank ? each : best), undefined);
  }

  /** True while there is a job, started or not. */
  get isBusy(): boolean {
    return this.current !== undefined || this.waiting.size > 0;
  }

  /** Newest first. */
  get pastJobs(): readonly JobState[] {
    return this.past;
  }

  /** Throws sysroot.busy when something runs that doesn't make way for this caller. */
  assertFree(caller: Pick<Caller, 'rank'>): void {
    const blocking = this.next?.transaction ?? this.current;
    if (!blocking || this.makesWay(blocking, caller.rank)) return;
    const { title, owner, startedAt } = blocking.job;
    throw new TreelineError('sysroot.busy', { subject: title, facts: { owner, startedAt: clock(startedAt), title } });
  }

  /**
   * A job that waits for its Start(), and its address for the caller: a new one, or the one that somebody asked for with the same words. Rejects
   * with sysroot.busy and service.too-many.
   */
  async create(request: TransactionRequest): Promise<{ transaction: Transaction; address: string }> {
    if (this.stopping) throw new TreelineError('service.unreachable', { detail: 'the service is stopping' });
    const { caller, detached } = request;
    const same = [this.current, this.next?.transaction, ...this.waiting].find(
      (each) => each?.request.identity === request.identity && !each.isOver,
    );
    if (same) return { transaction: same, address: await same.join(caller, detached) };
    this.assertFree(caller);
    const own = [...this.waiting].filter((each) => each.request.caller.uid === caller.uid).length;
    const most = caller.rank === 2 ? serviceWideLimits.waitingJobs : userLimits.waitingJobs;
    if (own >= most || (caller.rank === 0 && this.waiting.size >= serviceWideLimits.waitingJobs)) {
      throw new TreelineError('service.too-many', { subject: `${own} jobs that wait for their start` });
    }
    const transaction = new Transaction(randomUUID(), request, this.events);
    this.waiting.add(transaction);
    try {
      await transaction.listen(this.peerDir);
    } catch (error) {
      this.waiting.delete(transaction);
      throw new TreelineError('internal.unexpected', { detail: `${this.peerDir}: ${messageOf(error)}` });
    }
    return { transaction, address: transaction.address };
  }

  clientLeft(sender: string): void {
    for (const transaction of [this.current, this.next?.transaction, ...this.waiting]) transaction?.clientLeft(sender);
  }

  /** No more jobs; the running one is cancelled, or waited for while it can't be. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const transaction of this.waiting) transaction.cancel();
    const after = this.next?.transaction;
    after?.cancel();
    const transaction = this.current;
    if (!transaction) return;
    for (;;) {
      try {
        transaction.cancel();
        break;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    await transaction.over;
    await after?.over;
  }

  private acquire(transaction: Transaction): Promise<void> | undefined {
    this.assertFree(transaction);
    const before = this.current;
    this.waiting.delete(transaction);
    if (!before) {
      this.current = transaction;
      return undefined;
    }
    try {
      before.makeWay(`“${transaction.job.title}” of ${transaction.job.owner}`);
    } catch (error) {
      this.waiting.add(transaction);
      throw error;
    }
    return new Promise((begin) => (this.next = { transaction, begin }));
  }

  private release(transaction: Transaction): void {
    if (this.current !== transaction) return;
    this.current = this.next?.transaction;
    const begin = this.next?.begin;
    this.next = undefined;
    begin?.();
  }

  private makesWay(transaction: Transaction, rank: number): boolean {
    return transaction === this.current && this.next === undefined && transaction.request.looks && rank > transaction.rank;
  }

  private keep(job: JobState): void {
    this.past = [cutJob(job), ...this.past.filter((each) => each.id !== job.id)].slice(0, keptJobs);
    tryAtomicFile(this.pastFile, JSON.stringify(this.past), { makeDirectories: true, say: (line) => process.stderr.write(`${line}\n`) });
  }
}

/** A time of day for a sentence; in UTC, since the reader's zone isn't the service's. */
function clock(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function readPast(file: string): readonly JobState[] {
  try {
    const value = readJsonFile(file);
    return Array.isArray(value) ? value.filter(isJobState) : [];
  } catch {
    return [];
  }
}
