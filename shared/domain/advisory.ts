// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Severity } from './schemas/package.ts';

const rank: readonly Severity[] = ['none', 'low', 'moderate', 'important', 'critical'];

/** The worst severity of a list; 'none' for an empty one. */
export function worstSeverity(severities: Iterable<Severity>): Severity {
  let worst = 0;
  for (const severity of severities) worst = Math.max(worst, rank.indexOf(severity));
  return rank[worst] ?? 'none';
}

/** The id of rpm-ostree's severity enumeration used in D-Bus `advisories` a(suuasa{sv}): none 0 … critical 4. */
export function severityNumber(severity: Severity): number {
  return rank.indexOf(severity);
}
