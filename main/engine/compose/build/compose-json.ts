// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Package, PackageChange } from '../../../../shared/domain/index.ts';
import { branchOf, type CommitInput, type Committed } from './commit-tree.ts';

/** What `--write-composejson-to` tells about. */
export type ComposeFacts = Pick<CommitInput, 'params' | 'treefile' | 'version' | 'timeSeconds' | 'inputhash'>;

/** The facts about a new commit that rpm-ostree writes, under its names: coreos-assembler takes them over into its meta.json, whose schema knows no others. */
export function composeJson(compose: ComposeFacts, committed: Committed): Record<string, unknown> {
  const ref = branchOf(compose);
  return {
    ...(ref === '' ? {} : { ref }),
    'ostree-n-metadata-total': committed.metadataTotal,
    'ostree-n-metadata-written': committed.metadataWritten,
    'ostree-n-content-total': committed.contentTotal,
    'ostree-n-content-written': committed.contentWritten,
    'ostree-n-cache-hits': committed.cacheHits,
    'ostree-content-bytes-written': committed.contentBytesWritten,
    'ostree-commit': committed.checksum,
    'ostree-content-checksum': committed.contentChecksum,
    ...(compose.version === '' ? {} : { 'ostree-version': compose.version }),
    'ostree-timestamp': new Date(compose.timeSeconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
    'rpm-ostree-inputhash': compose.inputhash,
    ...(committed.changes === undefined ? {} : { pkgdiff: committed.changes.map(diffRow) }),
  };
}

/** rpm-ostree's numbers for how a package changed. */
const kindNumber = { added: 0, removed: 1, upgraded: 2, downgraded: 3 } as const;

/** One `(sua{sv})` of RpmOstree's package difference, as JSON. */
function diffRow({ name, kind, from, to }: PackageChange): unknown[] {
  return [name, kindNumber[kind], { ...(from ? { PreviousPackage: described(from) } : {}), ...(to ? { NewPackage: described(to) } : {}) }];
}

const described = ({ name, epoch, version, release, arch }: Package): string[] => [
  name,
  `${epoch > 0 ? `${epoch}:` : ''}${version}-${release}`,
  arch,
];
