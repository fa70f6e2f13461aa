// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { ImageSink } from '../../base/ports/container.ts';
import type { JobContext } from '../../base/ports/job.ts';
import { parseConfig } from '../oci.ts';
import { configLimitBytes, type RegistryImage, type RegistryPort } from '../registry-port.ts';
import { fetchLayers } from '../registry/fetch-layers.ts';
import { importImage, missingLayers, storedImageCommit, type ImportedImage, type WantedImage } from '../store/import-image.ts';

export interface PulledImage extends ImportedImage {
  readonly name: string;
  readonly manifestDigest: string;
  /** False: this very image was here. */
  readonly changed: boolean;
  /** Over the network, now. */
  readonly fetchedBytes: number;
}

/**
 * Fetch what isn't here of an image, layer by layer, and take it into the repository. What came before an interruption stays in `directory`, and is gone on with; it is
 * removed in the end. Throws registry.*, and what importImage throws.
 */
export async function pullImage(
  registry: RegistryPort,
  image: RegistryImage,
  name: string,
  sink: ImageSink,
  directory: string,
  context: JobContext,
): Promise<PulledImage> {
  const found = await registry.manifest(image);
  const here = storedImageCommit(sink.repo, { name, found });
  if (here !== undefined) {
    const none = { baseCommit: here, newLayers: 0, objects: 0, removedLayers: 0, fetchedBytes: 0 };
    return { ...none, name, manifestDigest: found.digest, changed: false, commit: here };
  }
  const bytes = await registry.blob(image, found.manifest.config, configLimitBytes);
  const wanted: WantedImage = { name, found, config: parseConfig(bytes, name), configText: bytes.toString('utf8') };
  const missing = missingLayers(sink.repo, wanted);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const fileOf = (digest: string): string => path.join(directory, digest.replace('sha256:', ''));
  const fetchedBytes = await fetchLayers(registry, image, missing, fileOf, (bytesDone, bytesTotal) =>
    context.progress({
      ...{ step: 'fetch', stepIndex: 0, stepCount: 2, fraction: bytesTotal === 0 ? 1 : bytesDone / bytesTotal },
      ...{ bytesDone, bytesTotal },
    }),
  );
  const imported = await importImage(wanted, sink, fileOf, context);
  rmSync(directory, { recursive: true, force: true });
  return { ...imported, name, manifestDigest: found.digest, changed: true, fetchedBytes };
}
