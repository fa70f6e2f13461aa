import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const quietMs = 3000;

/**
 * Gives memory back some seconds after the last call. V8 collects when somebody allocates, and a service that was flooded and then left alone
 * would keep what the flood took.
 */
export class GiveBack {
  private doneFor = 0;
  private collect: (() => void) | undefined;

  /** Call now and then, with the time of the last call (milliseconds, Date.now()); does something once after each burst. */
  tick(lastActivityMs: number): void {
    if (lastActivityMs === this.doneFor || Date.now() - lastActivityMs < quietMs) return;
    this.doneFor = lastActivityMs;
    if (!this.collect) {
      setFlagsFromString('--expose-gc');
      this.collect = runInNewContext('gc') as () => void;
    }
    // the second round frees what the first one's finalizers let go
    this.collect();
    this.collect();
  }
}
