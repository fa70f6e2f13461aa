// SPDX-License-Identifier: LGPL-2.1-or-later
import { gunzipSync, gzipSync } from 'node:zlib';
import type { PackageChange, ReleaseChanges } from '../../../shared/domain/index.ts';
import { TreelineError, messageOf } from '../../../shared/errors/index.ts';
import { hasShape, isObject, isStrings } from '../../files/index.ts';
import {
  changesOf,
  historyOf,
  linkedReleases,
  readReleaseChanges,
  type CommitMetadata,
  type EarlierRelease,
  type PkglistRow,
} from '../base/diff/index.ts';

/** The referrer by which our images tell what they change. Its one layer is gzip-compressed JSON of the type below. */
export const changesType = 'application/vnd.treeline.changes.v1+json';

/** What the referrer holds: enough to tell an update from any of the last releases, and from any other image whose packages are known. */
export interface ImageChanges {
  readonly format: 1;
  /** Label `ostree.commit` of the image. */
  readonly commit: string;
  readonly version: string;
  readonly timeSeconds: number;
  /** What the commit changes against its parent; missing where it doesn't tell. */
  readonly changes?: ReleaseChanges;
  /** Packages of `changes` whose changelogs would have made this too large. */
  readonly withoutChangelog?: readonly string[];
  /** The releases before, newest first; none where `changes` is missing, because nothing leads to them. */
  readonly history: readonly EarlierRelease[];
  /** Every package of the image. */
  readonly packages: readonly PkglistRow[];
}

/** With the manifest it is still less than the 64 kB that a preview may cost. */
const packedBytes = 48 << 10;
/** What is read at most. Nobody else's is that large; it is a bound for the memory. */
const readLimits = { packedBytes: 1 << 20, unpackedBytes: 16 << 20 } as const;

/** What a commit tells of itself and of the releases before it. `packages`: where it has no list of its own. Throws repo.corrupt. */
export function imageChangesOf(
  commit: CommitMetadata & { /** Unix seconds. */ readonly timestamp: number },
  packages: readonly PkglistRow[],
): ImageChanges {
  const changes = changesOf(commit);
  return {
    format: 1,
    commit: commit.checksum,
    version: commit.version,
    timeSeconds: commit.timestamp,
    ...(changes ? { changes } : {}),
    history: changes ? historyOf(commit) : [],
    packages: commit.value('rpmostree.rpmdb.pkglist', 'a(sssss)') ?? packages,
  };
}

/**
 * The referrer's layer. Beyond 48 KiB the oldest releases are left out, as a whole each; then the largest changelogs, which are named; then `changes`, and there is what the
 * packages take. Equal input gives equal bytes.
 */
export function packImageChanges(value: ImageChanges): Buffer {
  // gzipSync writes no time
  const pack = (part: ImageChanges): Buffer => gzipSync(JSON.stringify(part), { level: 9 });
  for (let count = value.history.length; count >= 0; count--) {
    const packed = pack({ ...value, history: value.history.slice(0, count) });
    if (packed.byteLength <= packedBytes) return packed;
  }
  const { changes, ...rest } = { ...value, history: [] };
  if (!changes) return pack(rest);
  // a kernel's changelog alone may be larger
  const bySize = changes.packages
    .map(({ name, changelog }) => ({ name, size: JSON.stringify(changelog ?? []).length }))
    .sort((a, b) => b.size - a.size)
    .map(({ name }) => name);
  // ever more at once: packing takes its time
  for (let count = 1; count < 2 * bySize.length; count *= 2) {
    const withoutChangelog = bySize.slice(0, count);
    const left = new Set(withoutChangelog);
    const packages = changes.packages.map((change) => (left.has(change.name) ? withoutIts(change) : change));
    const packed = pack({ ...rest, changes: { ...changes, packages }, withoutChangelog });
    if (packed.byteLength <= packedBytes) return packed;
  }
  return pack(rest);
}

function withoutIts({ changelog: _, ...change }: PackageChange): PackageChange {
  return change;
}

/** Read the referrer's layer; undefined for a format newer than this one. Throws repo.garbage, naming `subject`, for bytes that aren't it or unpack to more than 16 MiB. */
export function readImageChanges(bytes: Buffer, subject: string): ImageChanges | undefined {
  const garbage = (detail: string, cause?: unknown): TreelineError =>
    new TreelineError('repo.garbage', { subject, detail: `${changesType}: ${detail}` }, { cause });
  if (bytes.byteLength > readLimits.packedBytes) throw garbage(`${bytes.byteLength} bytes are too many`);
  let value: unknown;
  try {
    value = JSON.parse(gunzipSync(bytes, { maxOutputLength: readLimits.unpackedBytes }).toString('utf8'));
  } catch (error) {
    throw garbage(messageOf(error), error);
  }
  if (hasShape(value, { format: 'integer' }) && value.format > 1) return undefined;
  if (!hasShape(value, { format: 'integer', commit: 'string', version: 'string', timeSeconds: 'integer' }))
    throw garbage('format, commit, version or timeSeconds is missing, or of another type');
  const { commit, version, timeSeconds, history, packages } = value;
  if (value.format !== 1 || !/^[0-9a-f]{64}$/.test(commit)) throw garbage('format or commit has an impossible value');
  if (!Array.isArray(history)) throw garbage('history is no list');
  if (!Array.isArray(packages)) throw garbage('packages is no list');
  const changes = value['changes'] === undefined ? undefined : readReleaseChanges(value['changes'], garbage);
  const rows = history.map((item: unknown) =>
    isObject(item) ? ([item['checksum'], item['changes']] as const) : ([undefined, undefined] as const),
  );
  return {
    format: 1,
    commit,
    version,
    timeSeconds,
    ...(changes ? { changes } : {}),
    ...(isStrings(value['withoutChangelog']) ? { withoutChangelog: value['withoutChangelog'] } : {}),
    history: changes ? linkedReleases(rows, changes.parent ?? '', garbage) : [],
    packages: packages.map((row: unknown, i) => {
      if (!isStrings(row) || row.length !== 5) throw garbage(`packages[${i}] isn’t name, epoch, version, release, architecture`);
      const [name = '', epoch = '', of = '', release = '', arch = ''] = row;
      return [name, epoch, of, release, arch];
    }),
  };
}
