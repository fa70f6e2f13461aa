// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import type { Medium } from '../../../../shared/domain/index.ts';
import { TreelineError, messageOf } from '../../../../shared/errors/index.ts';
import type { CommitPort, SysrootPort } from '../../base/ports/sysroot.ts';
import { baseChecksum } from '../sysroot/layer.ts';
import { readOrigin } from '../sysroot/origin.ts';
import { boundBranches } from '../../base/trust/binding.ts';
import { deltaHeader, mediumCommit, mediumRefs, Unusable, type ParseCommit } from './commits.ts';
import { MediumDirectory } from '../../base/tree/medium-directory.ts';

/** Where a repository may be below the root of a medium; '' is the root itself. The first two are those of `ostree create-usb`. */
const places = ['.ostree/repo', 'ostree/repo', 'treeline', 'treeline/repo', ''] as const;
/** Directories in which delta files are looked for. */
const deltaPlaces = ['', 'treeline'] as const;
const maxEntries = 2000;
const maxDeltas = 50;

export const isDeltaName = (name: string): boolean => /\.(?:delta|tldelta)$/i.test(name);

/** What updates are compared with. */
export interface Current {
  readonly ref: string;
  readonly checksum: string;
  readonly timestamp: number;
  has(checksum: string): boolean;
}

/** The branch and commit of the booted, else the default deployment. */
export function currentOf(sysroot: SysrootPort, osname: string): Current {
  const own = sysroot.deployments().filter((d) => d.osname === osname && !d.staged);
  const base = own.find((d) => d.booted) ?? own[0];
  const checksum = base ? baseChecksum(sysroot.repo, base.checksum) : '';
  const commit = base && sysroot.repo.tryLoadCommit(checksum);
  return {
    ref: readOrigin(base?.originText, () => true).ref,
    checksum,
    timestamp: commit?.timestamp ?? 0,
    has: (checksum) => sysroot.repo.tryLoadCommit(checksum)?.state === 'normal',
  };
}

/**
 * Look for repositories and delta files at the usual places below each root (a mount point, a directory, or one file), and nowhere else. What is
 * damaged is left out; `skipped` hears why. Signatures are not looked at here: that is done when something is taken.
 */
export function scanMedia(
  roots: readonly string[],
  current: Current,
  parse: ParseCommit,
  skipped: (path: string, why: string) => void,
): Medium[] {
  return roots.flatMap((root) => scanRoot(path.resolve(root), current, parse, skipped));
}

function scanRoot(root: string, current: Current, parse: ParseCommit, skipped: (path: string, why: string) => void): Medium[] {
  const media: Medium[] = [];
  const attempt = (where: string, run: () => Medium | undefined): void => {
    try {
      const medium = run();
      if (medium) media.push(medium);
    } catch (error) {
      skipped(where, error instanceof Error ? error.message : String(error));
    }
  };
  using directory = MediumDirectory.open(root);
  if (!directory) {
    using parent = isDeltaName(root) ? MediumDirectory.open(path.dirname(root)) : undefined;
    if (parent) attempt(root, () => readDelta(parent, path.basename(root), root, current, parse));
    else skipped(root, 'there is no such directory or delta file');
    return media;
  }
  for (const place of places) {
    using repo = place === '' ? MediumDirectory.open(root) : directory.descend(place);
    const where = path.join(root, place);
    if (repo && isRepo(repo)) attempt(where, () => readRepo(repo, where, root, current, parse));
  }
  for (const place of deltaPlaces) {
    using folder = place === '' ? MediumDirectory.open(root) : directory.descend(place);
    const files = folder?.list(maxEntries).filter((entry) => entry.file && isDeltaName(entry.name)) ?? [];
    for (const { name } of files.slice(0, maxDeltas)) {
      const where = path.join(root, place, name);
      if (folder) attempt(where, () => readDelta(folder, name, where, current, parse));
    }
  }
  return media;
}

function isRepo(directory: MediumDirectory): boolean {
  using objects = directory.child('objects');
  const config = directory.read('config', 64 << 10)?.toString('utf8') ?? '';
  return objects !== undefined && /^\s*\[core\]\s*$/m.test(config) && /^\s*mode\s*=/m.test(config);
}

const describe = (ref: string, commit: CommitPort): Medium['refs'][number] => ({
  ref,
  checksum: commit.checksum,
  version: commit.version,
  timestamp: commit.timestamp,
});

const isUpdate = (current: Current, row: Medium['refs'][number]): boolean =>
  row.ref === current.ref && row.checksum !== current.checksum && row.timestamp > current.timestamp;

function readRepo(repo: MediumDirectory, where: string, root: string, current: Current, parse: ParseCommit): Medium {
  const problems: string[] = [];
  let updates = false;
  const refs = [...mediumRefs(repo)].flatMap(([ref, checksum]) => {
    try {
      const commit = mediumCommit(repo, checksum, parse);
      const row = describe(ref, commit);
      // a commit of another branch is listed, and refused when it is to be taken
      updates ||= isUpdate(current, row) && (boundBranches(commit)?.includes(ref) ?? true);
      return [row];
    } catch (error) {
      problems.push(`${ref}: ${messageOf(error)}`);
      return [];
    }
  });
  if (refs.length === 0) throw new Unusable(problems[0] ?? 'the repository has no branches');
  return { path: where, kind: 'repo', label: path.basename(root), refs, updates };
}

function readDelta(folder: MediumDirectory, name: string, where: string, current: Current, parse: ParseCommit): Medium {
  using file = folder.open(name);
  if (!file) throw new Unusable('it isn’t a file that can be read');
  const { from, commit } = deltaHeader(file, parse);
  const refs = boundRefs(commit).map((ref) => describe(ref, commit));
  const fits = from === '' || current.has(from);
  return { path: where, kind: 'delta', label: name, refs, updates: fits && refs.some((row) => isUpdate(current, row)) };
}

/** The branches that a commit says it is of; '' when it doesn't say. */
export function boundRefs(commit: CommitPort): readonly string[] {
  const bound = boundBranches(commit) ?? [];
  return bound.length > 0 ? bound : [''];
}

/** The one repository or delta file at `place`, for a branch. Throws `medium.nothing` with what is wrong. */
export function findMedium(place: string, ref: string, current: Current, parse: ParseCommit): Medium {
  const reasons: string[] = [];
  const found = scanMedia([place], current, parse, (where, why) =>
    reasons.push(`${path.relative(place, where) || path.basename(where)}: ${why}`),
  );
  const fitting = found.filter((medium) => medium.refs.some((row) => row.ref === ref || row.ref === ''));
  const best = [...fitting].sort((a, b) => newest(b, ref) - newest(a, ref))[0];
  if (best) return best;
  const others = [...new Set(found.flatMap((medium) => medium.refs.map((row) => row.ref)))].filter((name) => name !== '');
  const detail =
    others.length > 0
      ? `it holds ${others.slice(0, 5).join(', ')}, but not ${ref}`
      : (reasons[0] ?? 'it holds neither a repository nor a delta file');
  throw new TreelineError('medium.nothing', { subject: place, detail });
}

const newest = (medium: Medium, ref: string): number =>
  Math.max(0, ...medium.refs.filter((row) => row.ref === ref || row.ref === '').map((row) => row.timestamp));
