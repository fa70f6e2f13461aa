// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { ImageSink } from '../../base/ports/container.ts';
import type { JobContext } from '../../base/ports/job.ts';
import { parseConfig, type Descriptor } from '../oci.ts';
import { configLimitBytes, type RegistryImage, type RegistryPort } from '../registry-port.ts';
import { importImage, missingLayers, storedImageCommit, type ImportedImage, type WantedImage } from '../store/import-image.ts';

export interface PulledImage extends ImportedImage {
  readonly name: string;
  readonly manifestDigest: string;
  /** False: this very image was here. */
  readonly changed: boolean;
  /** Over the network, now. */
  readonly fetchedBytes: number;
}

/** A registry is asked for this many layers at a time: more don't come faster over one line. */
const atOnce = 3;

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
  const fetchedBytes = await fetchAll(registry, image, missing, fileOf, context);
  const imported = await importImage(wanted, sink, fileOf, context);
  rmSync(directory, { recursive: true, force: true });
  return { ...imported, name, manifestDigest: found.digest, changed: true, fetchedBytes };
}

async function fetchAll(
  registry: RegistryPort,
  image: RegistryImage,
  layers: readonly Descriptor[],
  fileOf: (digest: string) => string,
  context: JobContext,
): Promise<number> {
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  const had = layers.reduce((sum, { digest }) => sum + (existsSync(fileOf(digest)) ? statSync(fileOf(digest)).size : 0), 0);
  let fetched = 0;
  const abort = new AbortController();
  const onBytes = (count: number): void => {
    fetched += count;
    const done = Math.min(total, had + fetched);
    context.progress({
      step: 'fetch',
      stepIndex: 0,
      stepCount: 2,
      fraction: total === 0 ? 1 : done / total,
      bytesDone: done,
      bytesTotal: total,
    });
  };
  // large ones first: the last to come isn't one that all wait for
  const queue = [...layers].sort((a, b) => b.size - a.size);
  const work = async (): Promise<void> => {
    for (let layer = queue.shift(); layer; layer = queue.shift())
      await registry.download(image, layer, fileOf(layer.digest), { signal: abort.signal, onBytes });
  };
  const workers = Array.from({ length: atOnce }, () =>
    work().catch((error: unknown) => {
      abort.abort();
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(workers)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return fetched;
}
