// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ImageFetchPort } from '../engine/images/fetch-port.ts';
import type { HandedSettings } from '../engine/images/registry/calls.ts';
import { CheckedRegistry } from '../engine/images/registry/checked-registry.ts';
import { settingsFor } from '../engine/images/registry/handed-settings.ts';
import type { RegistryImage } from '../engine/images/registry-port.ts';
import type { ProcessFetcher } from './fetcher.ts';

const handed = (image: RegistryImage): HandedSettings => {
  const seconds = Number(process.env['TREELINE_FETCH_TIMEOUT']);
  return { ...settingsFor(image), ...(seconds > 0 ? { stallMs: seconds * 1000 } : {}) };
};

/** Registries by way of the process that fetches. `scratch`: a directory that becomes that process' own. */
export function imageFetch(fetcher: ProcessFetcher, scratch: string): ImageFetchPort {
  return {
    registry: (image) => {
      const settings = handed(image);
      return new CheckedRegistry((call) => fetcher.askRegistry({ settings, call }, scratch));
    },
    async fetchLayers(image, layers, directory, onProgress) {
      const blobs = layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
      await fetcher.askRegistry(
        { settings: handed(image), call: { kind: 'layers', image, directory, layers: blobs } },
        directory,
        ({ bytesDone = 0, bytesTotal = 0 }) => onProgress(bytesDone, bytesTotal),
      );
    },
  };
}
