// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import { imageKeys } from '../../base/commits/image-commit.ts';
import type { ImageSink } from '../../base/ports/container.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { RepoPort } from '../../base/ports/sysroot.ts';
import type { ImageConfig } from '../oci.ts';
import type { FoundManifest } from '../registry-port.ts';
import { takeFileLayers } from './file-layers.ts';
import { LayerReader } from './layer-reader.ts';
import type { Layer } from './layout.ts';
import { blobRef, imageRef } from './ref-names.ts';
import { isHere, missingOf, storedLayout } from './stored-layers.ts';
import { unusedLayers } from './unused-layers.ts';

const filteredKey = 'ostree.tar-filtered';

export interface WantedImage {
  /** TRANSPORT:TARGET: what it will be found by. */
  readonly name: string;
  readonly found: FoundManifest;
  readonly config: ImageConfig;
  /** As the registry has it. */
  readonly configText: string;
}

export interface ImportedImage {
  /** Stands for the image: its tree, with manifest and configuration as metadata. */
  readonly commit: string;
  /** The commit in the image; of one that has none, what stands for it. */
  readonly baseCommit: string;
  /** Layers that weren't here yet. */
  readonly newLayers: number;
  /** Objects that weren't here yet; of ordinary layers, the files in those that weren't. */
  readonly objects: number;
  /** Refs of layers that no image needs any more, and which were removed. */
  readonly removedLayers: number;
}

/** The commit of an image that is here already with this very manifest and all its layers. */
export function storedImageCommit(repo: RepoPort, { name, found }: Pick<WantedImage, 'name' | 'found'>): string | undefined {
  const commit = repo.tryResolveRev(imageRef(name));
  if (commit === undefined || repo.tryLoadCommit(commit)?.value(imageKeys.digest, 's') !== found.digest) return undefined;
  return found.manifest.layers.every(({ digest }) => isHere(repo, digest)) ? commit : undefined;
}

/** Layers still to fetch. Throws repo.garbage. */
export const missingLayers = (repo: RepoPort, { name, found, config }: WantedImage): Layer[] =>
  missingOf(repo, storedLayout(found.manifest, config, name));

/**
 * Take an image into a repository as ostree-ext keeps it: a ref for each layer (the first of an image of a commit is that commit, the others of it hold its files by
 * checksum; ordinary layers are trees of their files), one for the image, whose commit tells manifest and configuration. `fileOf`: where a layer that is missing lies.
 * It is looked into only when its digest fits. Throws repo.garbage, repo.not-found, repo.corrupt, container.layer-refused, container.not-bootable, library.missing.
 */
export async function importImage(
  image: WantedImage,
  sink: ImageSink,
  fileOf: (digest: string) => string,
  context: JobContext,
): Promise<ImportedImage> {
  const { base, derived } = storedLayout(image.found.manifest, image.config, image.name);
  const missing = new Set(missingLayers(sink.repo, image).map(({ digest }) => digest));
  const count = missing.size;
  let done = 0;
  const progress = (): void =>
    context.progress({ step: 'layers', stepIndex: 1, stepCount: 2, fraction: done / count, itemsDone: done, itemsTotal: count });
  const refs = new Map<string, string | undefined>();
  const reader = new LayerReader(sink);
  // attributes that later layers link to are in the first one that has them
  for (const layer of base ? [base.commitLayer, ...base.chunks] : []) {
    if (!missing.has(layer.digest)) continue;
    progress();
    const files = await reader.read(fileOf(layer.digest), layer, layer.diffId);
    refs.set(blobRef(layer.digest), layer === base?.commitLayer ? base.commit : sink.writeObjectSet(files));
    done++;
  }
  if (base && !sink.has('commit', base.commit))
    throw new TreelineError('repo.corrupt', { subject: image.name, detail: 'it lacks its commit' });
  const taken = await takeFileLayers(sink, {
    subject: image.name,
    base: base?.commit,
    layers: derived,
    fileOf: ({ digest }) => (missing.has(digest) ? fileOf(digest) : undefined),
    onLayer: (layer) => {
      if (!missing.has(layer.digest)) return;
      done++;
      progress();
    },
  });
  for (const [ref, commit] of taken.refs) refs.set(ref, commit);
  const text = (value: string): unknown => sink.variant('s', value);
  const metadata = new Map<string, unknown>([
    [imageKeys.digest, text(image.found.digest)],
    [imageKeys.manifest, text(image.found.bytes.toString('utf8'))],
    [imageKeys.config, text(image.configText)],
    [
      filteredKey,
      sink.variant(
        'a{sa{su}}',
        [...taken.leftOut].map(([digest, names]) => [digest, [...names]]),
      ),
    ],
  ]);
  const commit = sink.newCommit(taken.root, metadata, timeOf(image));
  refs.set(imageRef(image.name), commit);
  const needed = image.found.manifest.layers.map(({ digest }) => digest);
  const unused = unusedLayers(sink.repo, { without: [imageRef(image.name)], needed });
  for (const ref of unused) refs.set(ref, undefined);
  const wanted = [...(base ? [base.commit] : []), ...[...refs.values()].filter((each) => each !== undefined)];
  sink.finish(wanted, refs);
  return {
    commit,
    baseCommit: base?.commit ?? commit,
    newLayers: count,
    objects: reader.objects + taken.files,
    removedLayers: unused.length,
  };
}

/** When the image was made, Unix seconds. */
function timeOf({ found, config }: WantedImage): number {
  const text = found.manifest.annotations?.['org.opencontainers.image.created'] ?? config.created ?? '';
  const time = Date.parse(text);
  return Number.isFinite(time) && time >= 0 ? Math.floor(time / 1000) : 0;
}
