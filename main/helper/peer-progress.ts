// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Progress } from '../../shared/domain/index.ts';
import type { JobEvent } from '../engine/jobs/index.ts';

type Emit = (member: string, signature: string, body: readonly unknown[]) => void;

const throttleMs = 100;
const maxUint32 = 0xffffffff;

/** A worker's events as the signals of rpm-ostree's Transaction interface, in the order its daemon sends them. */
export class PeerProgress {
  private readonly emit: Emit;
  private shown = false;
  private step = '';
  private lastAt = 0;
  private startedAt = 0;

  constructor(emit: Emit) {
    this.emit = emit;
  }

  onEvent(event: JobEvent): void {
    if (event.type === 'message') {
      this.emit('Message', 's', [event.text]);
      // rpm-ostreed ends a progress after the message that sums it up
      this.end();
    }
    if (event.type === 'task') this.emit(event.done ? 'TaskEnd' : 'TaskBegin', 's', [event.done ? 'done' : event.text]);
    if (event.type === 'progress') this.onProgress(event.progress);
  }

  /** ProgressEnd, if anything was shown. */
  end(): void {
    if (!this.shown) return;
    this.shown = false;
    this.emit('ProgressEnd', '', []);
  }

  private onProgress(progress: Progress): void {
    const now = Date.now();
    if (progress.step !== this.step) {
      this.end();
      this.step = progress.step;
      this.startedAt = now;
    } else if (now - this.lastAt < throttleMs && progress.fraction < 1) return;
    this.lastAt = now;
    this.shown = true;
    if (progress.bytesTotal !== undefined) this.emit('DownloadProgress', '(tt)(uu)(uuu)(uuut)(uu)(tt)', this.download(progress, now));
    else this.emit('PercentProgress', 'su', [progress.step, Math.min(100, Math.round(progress.fraction * 100))]);
  }

  /** time (start, elapsed), outstanding (fetches, writes), metadata (scanned, fetched, outstanding), delta, content (fetched, requested), transfer. */
  private download(progress: Progress, now: number): unknown[] {
    const count = (value: number | undefined): number => Math.min(maxUint32, Math.max(0, Math.floor(value ?? 0)));
    const big = (value: number | undefined): bigint => BigInt(Math.max(0, Math.floor(value ?? 0)));
    const left = count((progress.itemsTotal ?? 0) - (progress.itemsDone ?? 0));
    return [
      [big(this.startedAt / 1000), big((now - this.startedAt) / 1000)],
      [left, 0],
      [0, 0, 0],
      [0, 0, 0, 0n],
      [count(progress.itemsDone), count(progress.itemsTotal)],
      [big(progress.bytesDone), big(progress.bytesPerSecond)],
    ];
  }
}
