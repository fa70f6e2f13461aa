// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  formatNevra,
  sumIfKnown,
  type Advisory,
  type ChangelogEntry,
  type Package,
  type PackageChange,
  type ReleaseChanges,
} from '../../../../shared/domain/index.ts';
import { joinChangelogs } from './changelog.ts';
import { changeKind, compareChanges } from './packages.ts';

export interface MergedChanges {
  /** Net changes, sorted by name. */
  readonly packages: PackageChange[];
  /** Advisories that touch a net change, newest release first. */
  readonly advisories: Advisory[];
  /** Missing when a release doesn't tell its own. */
  readonly installedSizeDeltaBytes?: number;
}

/** What became of one package on the way. */
interface Track {
  from?: Package;
  to?: Package;
  summary?: string;
  sizeDeltaBytes: number | undefined;
  changelogs: (readonly ChangelogEntry[])[];
  advisories: string[];
}

/**
 * The net of several releases in a row, oldest first: upgraded twice is one upgrade with both changelogs, added and removed
 * again is nothing. An empty list gives no changes.
 */
export function mergeReleases(releases: readonly ReleaseChanges[]): MergedChanges {
  const tracks = new Map<string, readonly Track[]>();
  for (const release of releases) {
    // a release's changes happen at once: they meet what was before, never each other
    const before = new Map(tracks);
    for (const change of release.packages) apply(change, before.get(change.name) ?? [], tracks);
  }
  const packages = [...tracks.values()].flat().flatMap(net).sort(compareChanges);
  const used = new Set(packages.flatMap((p) => p.advisories ?? []));
  const advisories = new Map<string, Advisory>();
  for (const release of [...releases].reverse())
    for (const a of release.advisories) if (used.has(a.id) && !advisories.has(a.id)) advisories.set(a.id, a);
  const delta = sumIfKnown(releases.map((r) => r.installedSizeDeltaBytes));
  return {
    packages,
    advisories: [...advisories.values()],
    ...(delta === undefined ? {} : { installedSizeDeltaBytes: delta }),
  };
}

function apply(change: PackageChange, before: readonly Track[], tracks: Map<string, readonly Track[]>): void {
  const track = find(change, before) ?? start(change, tracks);
  if (change.to) track.to = change.to;
  else delete track.to;
  if (change.summary !== undefined) track.summary = change.summary;
  track.sizeDeltaBytes =
    track.sizeDeltaBytes === undefined || change.sizeDeltaBytes === undefined ? undefined : track.sizeDeltaBytes + change.sizeDeltaBytes;
  if (change.kind === 'downgraded' || change.kind === 'removed') {
    // what the newer version had brought is gone with it
    track.changelogs = [];
    track.advisories = [];
  }
  track.changelogs.unshift(change.changelog ?? []);
  track.advisories.push(...(change.advisories ?? []));
}

function find(change: PackageChange, before: readonly Track[]): Track | undefined {
  if (change.from) {
    const nevra = formatNevra(change.from);
    return before.find((t) => t.to && formatNevra(t.to) === nevra);
  }
  return before.find((t) => !t.to && t.from?.name === change.name && t.from.arch === change.arch);
}

function start(change: PackageChange, tracks: Map<string, readonly Track[]>): Track {
  const track: Track = { sizeDeltaBytes: 0, changelogs: [], advisories: [], ...(change.from ? { from: change.from } : {}) };
  tracks.set(change.name, [...(tracks.get(change.name) ?? []), track]);
  return track;
}

function net(track: Track): PackageChange[] {
  const { from, to } = track;
  const some = to ?? from;
  if (!some || (from && to && formatNevra(from) === formatNevra(to))) return [];
  const kind = !from ? 'added' : !to ? 'removed' : changeKind(from, to);
  const changelog = kind === 'upgraded' ? joinChangelogs(track.changelogs) : [];
  const advisories = to ? [...new Set(track.advisories)] : [];
  return [
    {
      kind,
      name: some.name,
      arch: some.arch,
      ...(from ? { from } : {}),
      ...(to ? { to } : {}),
      ...(track.summary === undefined ? {} : { summary: track.summary }),
      ...(track.sizeDeltaBytes === undefined ? {} : { sizeDeltaBytes: track.sizeDeltaBytes }),
      ...(changelog.length > 0 ? { changelog } : {}),
      ...(advisories.length > 0 ? { advisories } : {}),
    },
  ];
}
