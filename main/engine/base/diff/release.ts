// SPDX-License-Identifier: LGPL-2.1-or-later
import { deflateSync, inflateSync } from 'node:zlib';
import { sumIfKnown, type Advisory, type Package, type PackageDetails, type ReleaseChanges } from '../../../../shared/domain/index.ts';
import { TreelineError, messageOf } from '../../../../shared/errors/index.ts';
import { describeChanges, indexPackages, type DescribedPackage } from './describe.ts';
import { diffPackages } from './packages.ts';
import { readReleaseChanges } from './release-format.ts';

/** Key of the commit metadata; its value is an `ay`. */
export const changesKey = 'treeline.changes';

/** What a client takes at most: the deflated key, and what it may grow to (a real release is well below 1 MB). */
const packedLimitBytes = 16 << 20;
const unpackedLimitBytes = 64 << 20;

export interface ReleaseInput {
  /** Checksum and version of the parent commit; none for a first commit. */
  readonly parent?: string;
  readonly parentVersion?: string;
  readonly version: string;
  readonly timeSeconds: number;
  /** Packages of the parent; changelogs are needed only of those that change. */
  readonly from: readonly DescribedPackage[];
  readonly to: readonly DescribedPackage[];
  /** All advisories of the repositories; those that touch no change are left out. */
  readonly advisories?: readonly Advisory[];
}

/** What a commit changes against its parent. A first commit has no changes: everything would be one. */
export function buildReleaseChanges(input: ReleaseInput): ReleaseChanges {
  const { parent, parentVersion, version, timeSeconds } = input;
  const described = describeChanges(
    parent === undefined ? [] : diffPackages(input.from, input.to),
    indexPackages(input.from),
    indexPackages(input.to),
    input.advisories,
  );
  const size = installedSize(input.to) ?? 0;
  const before = parent === undefined ? size : installedSize(input.from);
  return {
    format: 1,
    ...(parent === undefined ? {} : { parent }),
    ...(parentVersion === undefined ? {} : { parentVersion }),
    version,
    timeSeconds,
    packages: described.changes,
    advisories: described.advisories,
    installedSizeBytes: size,
    ...(before === undefined ? {} : { installedSizeDeltaBytes: size - before }),
  };
}

function installedSize(packages: readonly (Package & Pick<PackageDetails, 'installedSizeBytes'>)[]): number | undefined {
  return sumIfKnown(packages.map((p) => p.installedSizeBytes));
}

/** The bytes of `treeline.changes`: zlib-deflated UTF-8 JSON. Equal input gives equal bytes. */
export function packReleaseChanges(changes: ReleaseChanges): Buffer {
  return deflateSync(Buffer.from(JSON.stringify(changes), 'utf8'), { level: 9 });
}

/**
 * Read `treeline.changes`. Undefined for a format newer than this one. Throws repo.corrupt, naming `subject` (the commit), for
 * bytes that aren't it, or that would unpack to more than 64 MiB.
 */
export function parseReleaseChanges(bytes: Uint8Array, subject = changesKey): ReleaseChanges | undefined {
  const corrupt = (detail: string, cause?: unknown): TreelineError =>
    new TreelineError('repo.corrupt', { subject, detail: `${changesKey}: ${detail}` }, { cause });
  if (bytes.byteLength > packedLimitBytes) throw corrupt(`${bytes.byteLength} bytes are too many`);
  let value: unknown;
  try {
    value = JSON.parse(inflateSync(bytes, { maxOutputLength: unpackedLimitBytes }).toString('utf8'));
  } catch (error) {
    throw corrupt(messageOf(error), error);
  }
  return readReleaseChanges(value, corrupt);
}
