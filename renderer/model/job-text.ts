// SPDX-License-Identifier: LGPL-2.1-or-later
import type { TFunction } from 'i18next';
import type { JobState, Progress } from '../../shared/domain/index.ts';
import type { Formatter } from '../i18n/format.ts';

const dynamic = (t: TFunction, key: string, fallback: string): string =>
  (t as unknown as (key: string, options: { defaultValue: string }) => string)(key, { defaultValue: fallback });

/** The kind of job in the window's language; of one we have no words for, the service's own title. */
export function jobTitle(t: TFunction, job: JobState): string {
  return dynamic(t, `job.${job.method.toLowerCase().replace(/[^a-z]/g, '')}`, job.title || job.method);
}

/** What the running step does, in words; an unknown one by its id. */
export function stepText(t: TFunction, progress: Progress): string {
  return dynamic(t, `step.${progress.step.replace(/[^a-z]+/gi, '-')}`, progress.step);
}

/** "12 MB of 40 MB · 3 MB/s · 10 sec left": only what is known. */
export function amountText(t: TFunction, format: Formatter, progress: Progress): string {
  const { bytesDone, bytesTotal, itemsDone, itemsTotal, bytesPerSecond, secondsLeft } = progress;
  const parts: string[] = [];
  if (bytesDone !== undefined && bytesTotal !== undefined) {
    parts.push(t('progress.of', { done: format.bytes(bytesDone), total: format.bytes(bytesTotal) }));
  } else if (bytesDone !== undefined) {
    parts.push(format.bytes(bytesDone));
  } else if (itemsDone !== undefined && itemsTotal !== undefined) {
    parts.push(t('progress.of', { done: format.count(itemsDone), total: format.count(itemsTotal) }));
  }
  if (bytesPerSecond !== undefined && bytesPerSecond > 0) parts.push(format.rate(bytesPerSecond));
  if (secondsLeft !== undefined) parts.push(t('progress.left', { time: format.duration(secondsLeft) }));
  return parts.join(' · ');
}
