// SPDX-License-Identifier: LGPL-2.1-or-later
import type { CommitPort } from '../ports/sysroot.ts';
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

/**
 * What an update is called by before and after its commit is known: of an image the 64 digits of its manifest's digest, of everything else the commit's checksum.
 */
export const updateId = (commit: Pick<CommitPort, 'checksum' | 'value'>): string =>
  commit.value(imageKeys.digest, 's')?.replace(/^sha256:/, '') ?? commit.checksum;
