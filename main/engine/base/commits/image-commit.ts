// SPDX-License-Identifier: LGPL-2.1-or-later
import { hasShape, isObject, parseJson } from '../../../files/index.ts';

/** Keys of the metadata of an image's commit, as ostree-ext writes and reads them: texts. */
export const imageKeys = {
  digest: 'ostree.manifest-digest',
  manifest: 'ostree.manifest',
  config: 'ostree.container.image-config',
} as const;

/** The version that an image's configuration names, as ostree-ext reads it; undefined where it names none or can't be read. */
export function versionOfImageConfig(text: string): string | undefined {
  try {
    const config = parseJson(text, imageKeys.config);
    const labels = isObject(config) && isObject(config['config']) ? config['config']['Labels'] : undefined;
    if (hasShape(labels, { 'org.opencontainers.image.version': 'string' })) return labels['org.opencontainers.image.version'];
    return hasShape(labels, { version: 'string' }) ? labels.version : undefined;
  } catch {
    return undefined;
  }
}
