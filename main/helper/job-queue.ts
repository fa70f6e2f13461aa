import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { JobState } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { tryAtomicFile } from '../files/index.ts';
import { Transaction, type TransactionEvents, type TransactionRequest } from './transaction.ts';

const keptJobs = 20;

/** One job at a time; a second one is refused with who, what and since when. */
export class JobQueue {
  private current: Transaction | undefined;
  private past: readonly JobState[];
  private readonly peerDir: string;
  private readonly pastFile: string;
  private readonly events: TransactionEvents;
  private stopping = false;

  constructor(peerDir: string, stateDir: string, events: TransactionEvents) {
    this.peerDir = peerDir;
    this.pastFile = path.join(stateDir, 'jobs.json');
    this.past = readPast(this.pastFile);
    this.events = {
      ...events,
      ended: async (transaction, result) => {
        const { job } = transaction;
        if (transaction.wasStarted) this.keep(job);
        try {
          await events.ended(transaction, result);
          // a last word came to it
          if (transaction.wasStarted && transaction.job !== job) this.keep(transaction.job);
        } finally {
          // free before anybody hears of the end, and whatever went wrong: who hears of it may start the next one
          if (this.current === transaction) this.current = undefined;
        }
      },
    };
  }

  get active(): Transaction | undefined {
    return this.current;
  }

  /** Newest first. */
  get pastJobs(): readonly JobState[] {
    return this.past;
  }

  /** Throws sysroot.busy. */
  assertFree(): void {
    const busy = this.current?.job;
    if (!busy) return;
    throw new TreelineError('sysroot.busy', {
      subject: busy.title,
      facts: { owner: busy.owner, startedAt: clock(busy.startedAt), title: busy.title },
    });
  }

  /** Makes a job that waits for its Start(). Throws sysroot.busy. */
  async create(request: TransactionRequest): Promise<Transaction> {
    if (this.stopping) throw new TreelineError('service.unreachable', { detail: 'the service is stopping' });
    this.assertFree();
    const transaction = new Transaction(randomUUID(), request, this.events);
    this.current = transaction;
    try {
      await transaction.listen(this.peerDir);
    } catch (error) {
      this.current = undefined;
      throw new TreelineError('internal.unexpected', { detail: `${this.peerDir}: ${(error as Error).message}` });
    }
    return transaction;
  }

  clientLeft(sender: string): void {
    if (this.current?.request.caller.sender === sender) this.current.clientLeft();
  }

  /** No more jobs; the running one is cancelled, or waited for while it can't be. */
  async stop(): Promise<void> {
    this.stopping = true;
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
  }

  private keep(job: JobState): void {
    this.past = [job, ...this.past.filter((each) => each.id !== job.id)].slice(0, keptJobs);
    tryAtomicFile(this.pastFile, JSON.stringify(this.past), { makeDirectories: true, say: (line) => process.stderr.write(`${line}\n`) });
  }
}

/** A time of day for a sentence; in UTC, since the reader's zone isn't the service's. */
function clock(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function readPast(file: string): readonly JobState[] {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(value) ? (value as JobState[]) : [];
  } catch {
    return [];
  }
}
