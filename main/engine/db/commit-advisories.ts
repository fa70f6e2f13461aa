import type { Advisory, AdvisoryKind, Severity } from '../../../shared/domain/index.ts';
import { changesKey, parseReleaseChanges } from '../diff/index.ts';
import type { CommitPort, RepoPort } from '../ports/sysroot.ts';

/** DnfAdvisoryKind and severity numbers of `rpmostree.advisories`, a(suuasa{sv}): id, kind, severity, packages, more. */
const kinds: readonly AdvisoryKind[] = ['unknown', 'security', 'bugfix', 'enhancement', 'newpackage'];
const severities: readonly Severity[] = ['none', 'low', 'moderate', 'important', 'critical'];
type Row = readonly [id: string, kind: number, severity: number, packages: readonly string[], more: ReadonlyMap<string, unknown>];

/** Commits looked at on the way from one to the other; a branch with more releases in between has other worries. */
const longestWalk = 500;

/** What a commit's own metadata says: `treeline.changes`, else `rpmostree.advisories`. */
export function advisoriesOfCommit(commit: CommitPort): Advisory[] {
  const packed = commit.value(changesKey, 'ay');
  const changes = packed instanceof Uint8Array ? parseReleaseChanges(packed, commit.checksum) : undefined;
  const own = [...(changes?.advisories ?? [])];
  const known = new Set(own.map((a) => a.id));
  const rows = (commit.value('rpmostree.advisories', 'a(suuasa{sv})') ?? []) as readonly Row[];
  for (const row of rows) if (!known.has(row[0])) own.push(fromRow(row, commit.timestamp));
  return own;
}

function fromRow([id, kind, severity, packages, more]: Row, timestamp: number): Advisory {
  // a(ss): address and title of each CVE
  const cves = (unwrap(more.get('cve_references')) ?? []) as readonly (readonly [string, string])[];
  return {
    id,
    kind: kinds[kind] ?? 'unknown',
    severity: severities[severity] ?? 'none',
    title: '',
    description: '',
    issuedSeconds: timestamp,
    references: cves.map(([url, title]) => ({ kind: 'cve' as const, id: /CVE-\d+-\d+/.exec(`${title} ${url}`)?.[0] ?? title, title, url })),
    packages,
  };
}

function unwrap(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'value' in value ? value.value : value;
}

/** Advisories of `to` and of its ancestors down to (not including) `from`, as far as they are in the repository; newest first. */
export function advisoriesBetween(repo: RepoPort, from: string, to: string): Advisory[] {
  const found = new Map<string, Advisory>();
  let commit: CommitPort | undefined = repo.loadCommit(to);
  for (let step = 0; commit && commit.checksum !== from && step < longestWalk; step++) {
    for (const a of advisoriesOfCommit(commit)) if (!found.has(a.id)) found.set(a.id, a);
    commit = commit.parent === '' ? undefined : repo.tryLoadCommit(commit.parent);
  }
  return [...found.values()];
}
