// SPDX-License-Identifier: LGPL-2.1-or-later
import { smallNumber, type Advisory, type AdvisoryKind, type Severity } from '../../../../shared/domain/index.ts';
import { changesKey, parseReleaseChanges } from '../diff/index.ts';
import type { CommitPort, RepoPort } from '../ports/sysroot.ts';
import type { GVariantOf, VariantPort } from '../ports/gvariant-types.ts';
import { isStrings } from '../../../files/index.ts';

/** DnfAdvisoryKind and severity numbers of `rpmostree.advisories`, a(suuasa{sv}): id, kind, severity, packages, more; in network order, in older commits in the machine's. */
const kinds: readonly AdvisoryKind[] = ['unknown', 'security', 'bugfix', 'enhancement', 'newpackage'];
const severities: readonly Severity[] = ['none', 'low', 'moderate', 'important', 'critical'];
const advisoriesKey = 'rpmostree.advisories';
const advisoriesType = 'a(suuasa{sv})';
type Row = GVariantOf<typeof advisoriesType>[number];

/** Commits looked at on the way from one to the other; a branch with more releases in between has other worries. */
const longestWalk = 500;

/** `treeline.changes`: with texts, only those of what this commit changes. */
function changedAdvisories(commit: CommitPort): readonly Advisory[] {
  const packed = commit.value(changesKey, 'ay');
  return (packed instanceof Uint8Array && parseReleaseChanges(packed, commit.checksum)?.advisories) || [];
}

/** `rpmostree.advisories`: without texts, of all that the commit ships. */
function shippedAdvisories(commit: CommitPort): readonly Advisory[] {
  const rows = commit.value(advisoriesKey, advisoriesType) ?? [];
  return rows.map((row) => fromRow(row, commit.timestamp));
}

/** Whether a commit says which advisories it ships. One that doesn't may ship any: builders leave the key out when they know of none, or aren't asked to. */
export const tellsAdvisories = (commit: CommitPort): boolean => commit.value(advisoriesKey, advisoriesType) !== undefined;

/** Each id once, the first one found. */
function unique(lists: Iterable<readonly Advisory[]>): Advisory[] {
  const found = new Map<string, Advisory>();
  for (const list of lists) for (const a of list) if (!found.has(a.id)) found.set(a.id, a);
  return [...found.values()];
}

/** What a commit's own metadata says. */
export function advisoriesOfCommit(commit: CommitPort): Advisory[] {
  return unique([changedAdvisories(commit), shippedAdvisories(commit)]);
}

function fromRow([id, kind, severity, packages, more]: Row, timestamp: number): Advisory {
  // a(ss): address and title of each CVE
  const cves = pairsOf(more.get('cve_references'));
  return {
    id,
    kind: kinds[smallNumber(kind)] ?? 'unknown',
    severity: severities[smallNumber(severity)] ?? 'none',
    title: '',
    description: '',
    issuedSeconds: timestamp,
    references: cves.map(([url, title]) => ({ kind: 'cve' as const, id: /CVE-\d+-\d+/.exec(`${title} ${url}`)?.[0] ?? title, title, url })),
    packages,
  };
}

function pairsOf(variant: VariantPort | undefined): (readonly [string, string])[] {
  if (variant?.type !== 'a(ss)' || !Array.isArray(variant.value)) return [];
  return variant.value.flatMap((pair) => (isStrings(pair) && pair.length === 2 ? [[pair[0] ?? '', pair[1] ?? ''] as const] : []));
}

/** Advisories of `to` and of its ancestors down to (not including) `from`, as far as they are in the repository; newest first. */
export function advisoriesBetween(repo: RepoPort, from: string, to: string): Advisory[] {
  const commits: CommitPort[] = [];
  let commit: CommitPort | undefined = repo.loadCommit(to);
  for (let step = 0; commit && commit.checksum !== from && step < longestWalk; step++) {
    commits.push(commit);
    commit = commit.parent === '' ? undefined : repo.tryLoadCommit(commit.parent);
  }
  // an older commit's text is worth more than a newer one's mere number
  return unique([...commits.map(changedAdvisories), ...commits.map(shippedAdvisories)]);
}
