// SPDX-License-Identifier: LGPL-2.1-or-later
import { serviceWideLimits, userLimits } from '../../shared/dbus/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { asking } from './asking.ts';
import type { Caller } from './callers.ts';
import { keepNewest } from './kept.ts';

type Asker = Pick<Caller, 'uid' | 'rank'>;

/** What the service looks up of its own accord holds everybody up. */
const itself: Asker = { uid: 0, rank: 2 };

interface Waiting {
  readonly key: string;
  asker: Asker;
  readonly answer: Promise<unknown>;
  readonly begin: () => Promise<void>;
}

/**
 * Whose look is next. Each is a process, so few run side by side, and one place is kept for root and who sits at the machine: they come first.
 * Within a rank users take turns, however many questions one of them asks. Equal questions that wait are one.
 */
export class ReadTurns {
  private readonly waiting: Waiting[] = [];
  private running = 0;
  private runningLow = 0;
  private readonly servedAt = new Map<number, number>();
  private turn = 0;

  /** The answer to an equal question that hasn't begun yet, which now matters as much as who asks it. */
  join(key: string): Promise<unknown> | undefined {
    const found = this.waiting.find((each) => each.key === key);
    const asker = asking.getStore() ?? itself;
    if (found && asker.rank > found.asker.rank) found.asker = asker;
    return found?.answer;
  }

  /** Rejects with service.too-many when the one who asks, or everybody together, waits for enough already. */
  add<T>(key: string, work: () => Promise<T>): Promise<T> {
    const asker = asking.getStore() ?? itself;
    const own = this.waiting.filter((each) => each.asker.uid === asker.uid).length;
    const full =
      asker.rank < 2 && (own >= userLimits.waitingReads || (asker.rank === 0 && this.waiting.length >= serviceWideLimits.waitingReads));
    if (full) return Promise.reject(new TreelineError('service.too-many', { subject: `${own} questions` }));
    let begin = (): Promise<void> => Promise.resolve();
    const answer = new Promise<T>((resolve, reject) => (begin = () => work().then(resolve, reject)));
    this.waiting.push({ key, asker, answer, begin });
    this.next();
    return answer;
  }

  private next(): void {
    for (;;) {
      const chosen = this.choose();
      if (!chosen) return;
      this.waiting.splice(this.waiting.indexOf(chosen), 1);
      const low = chosen.asker.rank === 0;
      this.servedAt.delete(chosen.asker.uid);
      this.servedAt.set(chosen.asker.uid, ++this.turn);
      keepNewest(this.servedAt, keptTurns);
      this.running += 1;
      if (low) this.runningLow += 1;
      void chosen.begin().finally(() => {
        this.running -= 1;
        if (low) this.runningLow -= 1;
        this.next();
      });
    }
  }

  private choose(): Waiting | undefined {
    if (this.running >= serviceWideLimits.readWorkers) return undefined;
    const lowMayRun = this.runningLow < serviceWideLimits.readWorkers - 1;
    let best: Waiting | undefined;
    for (const each of this.waiting) {
      if (each.asker.rank === 0 && !lowMayRun) continue;
      if (!best || this.before(each.asker, best.asker)) best = each;
    }
    return best;
  }

  private before(a: Asker, b: Asker): boolean {
    if (a.rank !== b.rank) return a.rank > b.rank;
    return (this.servedAt.get(a.uid) ?? 0) < (this.servedAt.get(b.uid) ?? 0);
  }
}

const keptTurns = 1000;
