// SPDX-License-Identifier: LGPL-2.1-or-later
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const quietMs = 3000;

/**
 * Gives memory back some seconds after the last call. V8 collects when somebody allocates, and a service that was flooded and then left alone
 * would keep what the flood took.
 */
export class GiveBack {
  private doneFor = 0;
  private readonly collect: () => void;

  constructor() {
    // the space of new objects grows to 32 MB under load and never shrinks again; V8 reads this at each growth
    setFlagsFromString('--semi-space-growth-factor=1');
    setFlagsFromString('--expose-gc');
    const gc: unknown = runInNewContext('gc');
    this.collect = typeof gc === 'function' ? () => void gc() : () => undefined;
  }

  /** Call now and then, with the time of the last call (milliseconds, Date.now()); does something once after each burst. */
  tick(lastActivityMs: number): void {
    if (lastActivityMs === this.doneFor || Date.now() - lastActivityMs < quietMs) return;
    this.doneFor = lastActivityMs;
    // the second round frees what the first one's finalizers let go
    this.collect();
    this.collect();
  }
}
