// SPDX-License-Identifier: LGPL-2.1-or-later
import { deflateSync, inflateSync } from 'node:zlib';
import type { ReleaseChanges } from '../../../../shared/domain/index.ts';
import { TreelineError, messageOf } from '../../../../shared/errors/index.ts';
import { changesKey, parseReleaseChanges } from './release.ts';
import { readReleaseChanges } from './release-format.ts';
import type { GVariantOf } from '../ports/gvariant-types.ts';
import { isObject } from '../../../files/index.ts';

/** Key of the commit metadata; its value is an `ay`. */
export const historyKey = 'treeline.history';

/** How much of the past a commit carries: enough for who looks once in some weeks, and a fraction of an RPM database. */
const limits = { releases: 20, packedBytes: 384 << 10 } as const;
const readLimits = { packedBytes: 16 << 20, unpackedBytes: 64 << 20 } as const;

/** A release before the commit that tells of it. `changes.parent` is the one before that. */
export interface EarlierRelease {
  readonly checksum: string;
  readonly changes: ReleaseChanges;
}

/** A commit as far as its metadata is asked for; native's Commit is one. */
export interface CommitMetadata {
  readonly checksum: string;
  /** '' for a first commit. */
  readonly parent: string;
  readonly version: string;
  value<const S extends string>(key: string, type: S): GVariantOf<S> | undefined;
}

/** What a commit says it changes against its parent; undefined when it says nothing, or means another commit than its parent. Throws repo.corrupt. */
export function changesOf(commit: CommitMetadata): ReleaseChanges | undefined {
  const packed = commit.value(changesKey, 'ay');
  if (!packed) return undefined;
  const changes = parseReleaseChanges(packed, commit.version || commit.checksum);
  return changes && (changes.parent ?? '') === commit.parent ? changes : undefined;
}

/**
 * The releases before `commit` that it tells of, newest first: each the parent of the one before. Empty when it tells of none. Throws
 * repo.corrupt for bytes that aren't a history.
 */
export function historyOf(commit: CommitMetadata): EarlierRelease[] {
  const packed = commit.value(historyKey, 'ay');
  if (!packed) return [];
  const subject = commit.version || commit.checksum;
  const corrupt = (detail: string, cause?: unknown): TreelineError =>
    new TreelineError('repo.corrupt', { subject, detail: `${historyKey}: ${detail}` }, { cause });
  if (packed.byteLength > readLimits.packedBytes) throw corrupt(`${packed.byteLength} bytes are too many`);
  let value: unknown;
  try {
    value = JSON.parse(inflateSync(packed, { maxOutputLength: readLimits.unpackedBytes }).toString('utf8'));
  } catch (error) {
    throw corrupt(messageOf(error), error);
  }
  if (!Array.isArray(value)) throw corrupt('it is no list');
  return linkedReleases(
    value.map((item: unknown) => [isObject(item) ? item['checksum'] : undefined, item]),
    commit.parent,
    corrupt,
  );
}

/** Releases that were read, as far as each is the parent of the one before; `fail` makes the error for one that is none. */
export function linkedReleases(
  rows: readonly (readonly [checksum: unknown, changes: unknown])[],
  parent: string,
  fail: (detail: string) => TreelineError,
): EarlierRelease[] {
  const releases: EarlierRelease[] = [];
  let expected = parent;
  for (const [checksum, changed] of rows) {
    // a release that isn't the one before leads nowhere; neither does what a later format says
    if (expected === '' || checksum !== expected) break;

    const changes = readReleaseChanges(changed, fail);
    if (!changes) break;
    releases.push({ checksum: expected, changes });
    expected = changes.parent ?? '';
  }
  return releases;
}

/** The history that a child of `commit` carries: what `commit` changes, and the past that it carries itself. */
export function extendHistory(commit: CommitMetadata): EarlierRelease[] {
  try {
    const changes = changesOf(commit);
    return changes ? [{ checksum: commit.checksum, changes }, ...historyOf(commit)].slice(0, limits.releases) : [];
  } catch {
    // what can't be read isn't passed on
    return [];
  }
}

/** Commits that a history leads back to: its releases, and the parent of the oldest. */
export function ancestorsOf(history: readonly EarlierRelease[]): string[] {
  const last = history.at(-1)?.changes.parent;
  return [...history.map((r) => r.checksum), ...(last === undefined ? [] : [last])];
}

/** The bytes of `treeline.history`: zlib-deflated UTF-8 JSON, as many of the newest releases as 384 KiB hold. */
export function packHistory(history: readonly EarlierRelease[]): Buffer {
  for (let count = history.length; ; count = Math.floor(count * 0.75)) {
    const list = history.slice(0, count).map(({ checksum, changes }) => ({ checksum, ...changes }));
    const packed = deflateSync(Buffer.from(JSON.stringify(list), 'utf8'), { level: 9 });
    if (packed.byteLength <= limits.packedBytes || count === 0) return packed;
  }
}
