// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Descriptor } from './oci.ts';
import type { RegistryImage, RegistryPort } from './registry-port.ts';

/** Where what is looked at comes from. */
export type LookPort = Pick<RegistryPort, 'manifest' | 'config' | 'blob' | 'referrers'>;

/** Registries, asked by a process without privileges. Throws registry.*, disk.full, job.cancelled. */
export interface ImageFetchPort {
  /** Its answers are checked against their digests here. */
  registry(image: RegistryImage): LookPort;
  /** Layers into files of that process' own below `directory`, called by the digests' digits: nothing of them is believed. */
  fetchLayers(
    image: RegistryImage,
    layers: readonly Descriptor[],
    directory: string,
    onProgress: (bytesDone: number, bytesTotal: number) => void,
  ): Promise<void>;
}
