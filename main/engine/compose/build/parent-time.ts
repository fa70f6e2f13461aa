// SPDX-License-Identifier: LGPL-2.1-or-later
import { timeText } from '../../../../shared/domain/index.ts';
import type { PreviousCommit } from '../../base/ports/compose-store.ts';

/**
 * A warning when a commit is dated before the one it follows, undefined otherwise: clients take it for going back, and refuse it (ostree-pull(1),
 * `--timestamp-check`). `timeSeconds`: Unix seconds.
 */
export function earlierThanParent(
  timeSeconds: number,
  parent: Pick<PreviousCommit, 'checksum' | 'version' | 'timestamp'> | undefined,
): string | undefined {
  if (!parent || timeSeconds >= parent.timestamp) return undefined;
  const name = parent.version || parent.checksum.slice(0, 12);
  const dates = `${timeText(timeSeconds)}, its parent ${name} is dated ${timeText(parent.timestamp)}`;
  return `warning: this commit is dated ${dates}: clients refuse an update that goes back. Check the clock and SOURCE_DATE_EPOCH.`;
}
