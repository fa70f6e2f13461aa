// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, statSync } from 'node:fs';
import type { Descriptor } from '../oci.ts';
import type { RegistryImage, RegistryPort } from '../registry-port.ts';

/** A registry is asked for this many layers at a time: more don't come faster over one line. */
const atOnce = 3;

/**
 * Fetch layers into files, several at a time; what is there of one is gone on with. `onProgress`: how much of the whole has come. Returns what came now over the network. Throws
 * registry.*.
 */
export async function fetchLayers(
  registry: Pick<RegistryPort, 'download'>,
  image: RegistryImage,
  layers: readonly Pick<Descriptor, 'mediaType' | 'digest' | 'size'>[],
  fileOf: (digest: string) => string,
  onProgress: (doneBytes: number, totalBytes: number) => void,
): Promise<number> {
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  const had = layers.reduce((sum, { digest }) => sum + (existsSync(fileOf(digest)) ? statSync(fileOf(digest)).size : 0), 0);
  let fetched = 0;
  const abort = new AbortController();
  const onBytes = (count: number): void => {
    fetched += count;
    onProgress(Math.min(total, had + fetched), total);
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
