// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { ImageSink } from '../../base/ports/container.ts';
import { openImage } from './image-places.ts';
import { layoutOfImage } from '../../images/store/layout.ts';
import { LayerReader } from '../../images/store/layer-reader.ts';
import type { SkopeoOptions } from './skopeo.ts';

export interface UnencapsulateParams extends SkopeoOptions {
  /** TRANSPORT:TARGET. */
  readonly image: string;
  readonly repo: string;
  /** Branch that gets the commit. */
  readonly ref?: string;
}

export interface UnencapsulateOutcome {
  readonly commit: string;
  readonly manifestDigest: string;
  readonly layers: number;
  /** Objects that weren't here yet. */
  readonly objects: number;
}

/** Take the commit out of an ostree-container image, into a repository: the same commit, with its signatures. Every digest and checksum is verified. */
export async function unencapsulate(
  params: UnencapsulateParams,
  open: (repo: string) => ImageSink,
  context: JobContext,
): Promise<UnencapsulateOutcome> {
  const scratch = mkdtempSync(path.join(tmpdir(), 'treeline-image-'));
  try {
    const { oci, digest, manifest } = await openImage(params.image, scratch, params);
    // layers on top of it aren't the commit's
    const { commit, commitLayer, chunks } = layoutOfImage(manifest, oci.config(manifest), params.image);
    const layers = [commitLayer, ...chunks];
    using sink = open(params.repo);
    const reader = new LayerReader(sink);
    for (const [i, layer] of layers.entries()) {
      context.progress({
        step: 'layers',
        stepIndex: 0,
        stepCount: 1,
        fraction: i / layers.length,
        itemsDone: i,
        itemsTotal: layers.length,
      });
      await reader.read(oci.blobPath(layer.digest), layer, layer.diffId);
    }
    if (!sink.has('commit', commit)) throw new TreelineError('repo.corrupt', { subject: params.image, detail: 'it lacks its commit' });
    sink.finish([commit], new Map(params.ref === undefined ? [] : [[params.ref, commit]]));
    return { commit, manifestDigest: digest, layers: layers.length, objects: reader.objects };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
