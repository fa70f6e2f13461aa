// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { RawDeployment, SysrootPort } from '../../base/ports/sysroot.ts';
import { parseOriginImage } from '../../images/image-names.ts';
import { referenceText } from '../../images/reference.ts';
import { blobPrefix, imagePrefix, imageRef } from '../../images/store/ref-names.ts';
import { unusedLayers } from '../../images/store/unused-layers.ts';
import { originOf } from './origin.ts';

/**
 * Refs of images that no deployment follows, and of layers that nothing needs then: rpm-ostree's rule. Its baseimage refs stay. None where an origin can't be read.
 */
export function strayImages(repo: SysrootPort['repo'], all: readonly RawDeployment[]): string[] {
  const images = [...repo.listRefs(imagePrefix).keys()];
  if (images.length + repo.listRefs(blobPrefix).size === 0) return [];
  const followed = new Set<string>();
  for (const deployment of all) {
    const { problem, containerImageReference } = originOf(deployment, () => true);
    if (problem === 'unreadable' || problem === 'missing') return [];
    if (containerImageReference === undefined) continue;
    try {
      followed.add(imageRef(referenceText(parseOriginImage(containerImageReference).image)));
    } catch (error) {
      if (error instanceof TreelineError) return [];
      throw error;
    }
  }
  const stray = images.filter((ref) => !followed.has(ref));
  return [...stray, ...unusedLayers(repo, { without: stray })];
}
