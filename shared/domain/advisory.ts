// SPDX-License-Identifier: LGPL-2.1-or-later
export type Severity = 'critical' | 'important' | 'moderate' | 'low' | 'none';
export type AdvisoryKind = 'security' | 'bugfix' | 'enhancement' | 'newpackage' | 'unknown';

/** An advisory from a repository's updateinfo. `description` and `title` are untrusted plain text. */
export interface Advisory {
  readonly id: string;
  readonly kind: AdvisoryKind;
  readonly severity: Severity;
  readonly title: string;
  readonly description: string;
  readonly issuedSeconds: number;
  readonly references: readonly {
    readonly kind: 'cve' | 'bugzilla' | 'other';
    readonly id: string;
    readonly title: string;
    readonly url: string;
  }[];
  /** `name-[epoch:]version-release.arch` of each package the advisory ships. */
  readonly packages: readonly string[];
}

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
