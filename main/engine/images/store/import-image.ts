// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import { imageKeys } from '../../base/commits/image-commit.ts';
import type { ImageSink } from '../../base/ports/container.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { RepoPort } from '../../base/ports/sysroot.ts';
import { parseManifest, type ImageConfig } from '../oci.ts';
import type { FoundManifest } from '../registry-port.ts';
import { verifyBlob } from '../verify-blob.ts';
import { LayerReader } from './layer-reader.ts';
import { layoutOfImage, type ImageLayout, type Layer } from './layout.ts';
import { blobPrefix, blobRef, imagePrefix, imageRef, keepingPrefixes } from './ref-names.ts';

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
  /** The commit in the image. */
  readonly baseCommit: string;
  /** Layers that weren't here yet. */
  readonly newLayers: number;
  /** Objects that weren't here yet. */
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

const isHere = (repo: RepoPort, digest: string): boolean => {
  const commit = repo.tryResolveRev(blobRef(digest));
  return commit !== undefined && repo.hasObject('commit', commit);
};

/** Layers still to fetch. Throws container.not-ostree, container.has-other-layers, repo.garbage. */
export function missingLayers(repo: RepoPort, { name, found, config }: WantedImage): Layer[] {
  const { commitLayer, chunks } = demandPure(layoutOfImage(found.manifest, config, name), name);
  return [commitLayer, ...chunks].filter(({ digest }) => !isHere(repo, digest));
}

function demandPure(layout: ImageLayout, name: string): ImageLayout {
  if (layout.derived.length > 0)
    throw new TreelineError('container.has-other-layers', { subject: name, facts: { count: layout.derived.length } });
  return layout;
}

/**
 * Take an image into a repository as ostree-ext keeps it: a ref for each layer (the first is the image's own commit, the others hold its files by checksum), one for the
 * image, whose commit tells manifest and configuration. `fileOf`: where a layer that is missing lies. It is looked into only when its digest fits: nothing of it is read
 * before. Throws what missingLayers throws, repo.corrupt.
 */
export async function importImage(
  image: WantedImage,
  sink: ImageSink,
  fileOf: (digest: string) => string,
  context: JobContext,
): Promise<ImportedImage> {
  const layout = demandPure(layoutOfImage(image.found.manifest, image.config, image.name), image.name);
  const missing = missingLayers(sink.repo, image);
  const reader = new LayerReader(sink);
  const refs = new Map<string, string | undefined>();
  // attributes that later layers link to are in the first one that has them
  for (const [i, layer] of missing.entries()) {
    context.progress({
      step: 'layers',
      stepIndex: 1,
      stepCount: 2,
      fraction: i / missing.length,
      itemsDone: i,
      itemsTotal: missing.length,
    });
    await verifyBlob(fileOf(layer.digest), layer.digest);
    const files = await reader.read(fileOf(layer.digest), layer, layer.diffId);
    refs.set(blobRef(layer.digest), layer.digest === layout.commitLayer.digest ? layout.commit : sink.writeObjectSet(files));
  }
  if (!sink.has('commit', layout.commit)) throw new TreelineError('repo.corrupt', { subject: image.name, detail: 'it lacks its commit' });
  const text = (value: string): unknown => sink.variant('s', value);
  const metadata = new Map<string, unknown>([
    [imageKeys.digest, text(image.found.digest)],
    [imageKeys.manifest, text(image.found.bytes.toString('utf8'))],
    [imageKeys.config, text(image.configText)],
    [filteredKey, sink.variant('a{sa{su}}', [])],
  ]);
  const commit = sink.writeSameTree(layout.commit, metadata, timeOf(image));
  refs.set(imageRef(image.name), commit);
  const unused = unusedLayers(sink.repo, image);
  for (const ref of unused) refs.set(ref, undefined);
  sink.finish([layout.commit, ...[...refs.values()].filter((each) => each !== undefined)], refs);
  return {
    commit,
    baseCommit: layout.commit,
    newLayers: missing.length,
    objects: reader.objects,
    removedLayers: unused.length,
  };
}

/** When the image was made, Unix seconds. */
function timeOf({ found, config }: WantedImage): number {
  const text = found.manifest.annotations?.['org.opencontainers.image.created'] ?? config.created ?? '';
  const time = Date.parse(text);
  return Number.isFinite(time) && time >= 0 ? Math.floor(time / 1000) : 0;
}

/** Refs of layers that neither `image`, nor another image that is kept, nor a deployment names. One whose manifest can't be read keeps all. */
function unusedLayers(repo: RepoPort, image: WantedImage): string[] {
  const used = new Set(image.found.manifest.layers.map(({ digest }) => blobRef(digest)));
  const others = [...repo.listRefs(imagePrefix)].filter(([ref]) => ref !== imageRef(image.name));
  const keeping = [...others, ...keepingPrefixes.flatMap((prefix) => [...repo.listRefs(prefix)])];
  for (const commit of new Set(keeping.map(([, checksum]) => checksum))) {
    const told = repo.tryLoadCommit(commit)?.value(imageKeys.manifest, 's');
    if (told === undefined) continue;
    try {
      for (const { digest } of parseManifest(Buffer.from(told), commit).layers) used.add(blobRef(digest));
    } catch (error) {
      if (error instanceof TreelineError) return [];
      throw error;
    }
  }
  return [...repo.listRefs(blobPrefix).keys()].filter((ref) => !used.has(ref));
}
