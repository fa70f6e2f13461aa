// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { Descriptor, ImageConfig, Manifest } from '../oci.ts';

export interface Layer extends Descriptor {
  readonly diffId: string;
}

/** What the layers of an image in ostree-container form are. */
export interface ImageLayout {
  /** Label `ostree.commit`. */
  readonly commit: string;
  /** Holds the commit, its directories, and files. */
  readonly commitLayer: Layer;
  /** Hold further files of the commit. */
  readonly chunks: readonly Layer[];
  /** Came on top of the commit, as ordinary layers of files. */
  readonly derived: readonly Layer[];
}

/** Layers with their digests of before compression. Throws repo.garbage when manifest and configuration don't fit together. */
export function layersOf(manifest: Manifest, config: ImageConfig, subject: string): Layer[] {
  const ids = config.rootfs.diff_ids;
  if (ids.length !== manifest.layers.length)
    throw new TreelineError('repo.garbage', {
      subject,
      detail: `${manifest.layers.length} layers, and ${ids.length} in its configuration`,
    });
  return manifest.layers.map((layer, i) => ({ ...layer, diffId: ids[i] ?? '' }));
}

/** Throws container.not-ostree for an image of another form, repo.garbage. */
export function layoutOfImage(manifest: Manifest, config: ImageConfig, subject: string): ImageLayout {
  const layers = layersOf(manifest, config, subject);
  const labels = config.config?.Labels ?? {};
  const commit = labels['ostree.commit'] ?? '';
  const [first, ...others] = layers;
  if (!/^[0-9a-f]{64}$/.test(commit) || !first) throw new TreelineError('container.not-ostree', { subject });
  const last = labels['ostree.final-diffid'];
  const end = last === undefined ? layers.length - 1 : layers.findIndex((layer) => layer.diffId === last);
  if (end < 0) throw new TreelineError('container.not-ostree', { subject });
  return { commit, commitLayer: first, chunks: others.slice(0, end), derived: others.slice(end) };
}
