// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Package } from '../../../../shared/domain/index.ts';
import type { DescribedPackage } from '../../base/diff/index.ts';
import type { ImageConfig, Manifest } from '../oci.ts';

/** The image that runs, as it is stored here. */
export interface BootedImage {
  /** Of the manifest that the registry had: commit metadata `ostree.manifest-digest`. */
  readonly digest: string;
  /** As stored: its layers may be uncompressed ones. */
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  /** Every package of the image, without what is layered on top. `sourceRpm` helps where layers are named after source packages. */
  readonly packages: readonly DescribedPackage[];
}

/** Entries of the RPM database that are keys and no packages; lists have them or not. */
export const isKey = ({ name }: Package): boolean => name === 'gpg-pubkey';
