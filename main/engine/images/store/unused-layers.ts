// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import { imageKeys } from '../../base/commits/image-commit.ts';
import type { RepoPort } from '../../base/ports/sysroot.ts';
import { parseManifest } from '../oci.ts';
import { blobPrefix, blobRef, imagePrefix, keepingPrefixes } from './ref-names.ts';

/**
 * Refs of layers that nothing names: no image's ref (but those of `without`), no deployment, no base of one, and not `needed` (digests). A commit whose manifest can't be
 * read keeps all.
 */
export function unusedLayers(
  repo: RepoPort,
  { without = [], needed = [] }: { without?: readonly string[]; needed?: readonly string[] },
): string[] {
  const used = new Set(needed.map(blobRef));
  const images = [...repo.listRefs(imagePrefix)].filter(([ref]) => !without.includes(ref));
  const keeping = [...images, ...keepingPrefixes.flatMap((prefix) => [...repo.listRefs(prefix)])];
  for (const commit of new Set(keeping.map(([, checksum]) => checksum))) {
    const told = repo.tryLoadCommit(commit)?.value(imageKeys.manifest, 's');
    if (told === undefined) continue;
    try {
      for (const { digest } of parseManifest(Buffer.from(told), commit).layers) used.add(blobRef(digest));
    } catch (error) {
      if (error instanceof TreelineError) return [];
      throw error;
    }
  }
  return [...repo.listRefs(blobPrefix).keys()].filter((ref) => !used.has(ref));
}
