// SPDX-License-Identifier: LGPL-2.1-or-later
import type { JobState, Progress } from '../../../shared/domain/index.ts';
import type { Output } from './terminal.ts';

const barWidth = 24;

/** One line that is rewritten on a terminal; in a pipe a line for each message and each new step, nothing else. */
export class ProgressPrinter {
  private readonly out: Output;
  private readonly quiet: boolean;
  private shownMessages: readonly string[] = [];
  private step = '';

  constructor(out: Output, quiet: boolean) {
    this.out = out;
    this.quiet = quiet;
  }

  show(job: JobState): void {
    if (this.quiet) return;
    this.messages(job.messages);
    if (job.endedAt !== undefined || !job.progress) return;
    if (this.out.isTTY) this.bar(job.progress, job.phase === 'uninterruptible');
    else if (job.progress.step !== this.step) {
      this.step = job.progress.step;
      this.out.print(`${this.step} ...`);
    }
  }

  end(job: JobState): void {
    if (!this.quiet) this.messages(job.messages);
  }

  clear(): void {
    this.out.clearBar();
  }

  private messages(messages: readonly string[]): void {
    const before = this.shownMessages;
    // the list is cut at its start: go on after the last line that was shown
    const known = before.length === 0 ? -1 : messages.lastIndexOf(before.at(-1) ?? '');
    const fresh = messages.slice(known + 1);
    if (fresh.length > 0) this.clear();
    // a message may be a script's output of several lines
    for (const text of fresh) this.out.printText(text);
    this.shownMessages = messages;
  }

  private bar(progress: Progress, uninterruptible: boolean): void {
    const done = Math.round(progress.fraction * barWidth);
    const percent = String(Math.floor(progress.fraction * 100)).padStart(3);
    const line = `${percent}% [${'#'.repeat(done)}${'-'.repeat(barWidth - done)}] ${progress.step}${transfer(progress)}${uninterruptible ? ' (can’t be cancelled now)' : ''}`;
    this.out.bar(line);
  }
}

function transfer(progress: Progress): string {
  const parts: string[] = [];
  if (progress.bytesTotal !== undefined) parts.push(`${sizeText(progress.bytesDone ?? 0)} of ${sizeText(progress.bytesTotal)}`);
  else if (progress.itemsTotal !== undefined) parts.push(`${progress.itemsDone ?? 0} of ${progress.itemsTotal}`);
  if (progress.bytesPerSecond) parts.push(`${sizeText(progress.bytesPerSecond)}/s`);
  if (progress.secondsLeft !== undefined) parts.push(`${progress.secondsLeft} s left`);
  return parts.length > 0 ? `: ${parts.join(', ')}` : '';
}

/** 1234567 -> `1.2 MB`; decimal units as storage is sold in. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
