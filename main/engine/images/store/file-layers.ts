// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ImageSink } from '../../base/ports/container.ts';
import { readFileLayer, type FileLayer } from './file-layer.ts';
import { Labeller, policyId, policyPlace } from './labelling.ts';
import { whiteout } from './layer-places.ts';
import { Directory, type Root } from './layer-tree.ts';
import type { Layer } from './layout.ts';
import { completeRoot } from './plain-root.ts';
import { blobRef } from './ref-names.ts';

/** Metadata of a layer's commit, beside what ostree-ext keeps: what its tree doesn't say. */
const keys = {
  /** `as`: directories of which the layer says nothing but names in them. A layer without it was stored by another program. */
  implied: 'treeline.implied-directories',
  /** `a{su}`: what was left out. */
  leftOut: 'treeline.left-out',
  /** `s`: the policy whose labels it has, as policyId() names it. */
  policy: 'treeline.policy',
} as const;

export interface TakenLayers {
  /** Of base and layers, merged. */
  readonly root: Root;
  /** Commits by refs, of layers that weren't here yet or have other labels now. */
  readonly refs: ReadonlyMap<string, string>;
  /** What was left out, by layers. */
  readonly leftOut: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Files and links in layers that weren't here yet. */
  readonly files: number;
}

export interface LayersToTake {
  /** Names the image in errors. */
  readonly subject: string;
  /** The commit below. */
  readonly base: string | undefined;
  readonly layers: readonly Layer[];
  /** Where a layer lies; undefined for one that is in the repository. */
  readonly fileOf: (layer: Layer) => string | undefined;
  readonly onLayer: (layer: Layer) => void;
}

/**
 * Take ordinary layers of files, on top of a commit or alone: each becomes a commit, whose whiteouts are files in it. Labels are those of the policy that the whole image
 * has, so it is looked for first. Throws what readFileLayer and completeRoot throw.
 */
export async function takeFileLayers(sink: ImageSink, { subject, base, layers, fileOf, onLayer }: LayersToTake): Promise<TakenLayers> {
  const merged = baseRoot(sink, base);
  const idOfBase = policyId(sink, merged);
  const policy = await policyOf(sink, base, layers, fileOf);
  const id = policyId(sink, policy);
  using labels = id === '' ? undefined : sink.labels(base !== undefined && id === idOfBase ? base : commitOf(sink, policy));
  const labeller = new Labeller(sink, labels);
  if (id !== idOfBase) labeller.tree(merged);
  const refs = new Map<string, string>();
  const leftOut = new Map<string, ReadonlyMap<string, number>>();
  let files = 0;
  for (const layer of layers) {
    const file = fileOf(layer);
    const taken: StoredLayer =
      file === undefined
        ? storedLayer(sink, layer)
        : { ...(await readFileLayer(file, layer, { labeller, base, lower: merged })), policy: id, isForeign: false };
    const isRelabelled = taken.policy !== id;
    if (isRelabelled) labeller.tree(taken.root);
    if (file !== undefined || isRelabelled)
      refs.set(blobRef(layer.digest), sink.newCommit(taken.root.write(labeller.impliedMeta), metadataOf(sink, taken, id), 0));
    if (taken.leftOut.size > 0) leftOut.set(layer.digest, taken.leftOut);
    files += taken.files;
    merged.mergeLayer(taken.root, taken.isForeign);
    onLayer(layer);
  }
  if (base === undefined) completeRoot(merged, labeller, subject);
  return { root: merged.write(labeller.impliedMeta), refs, leftOut, files };
}

const baseRoot = (sink: ImageSink, base: string | undefined): Directory =>
  new Directory(sink, base === undefined ? undefined : sink.root(base));

/** Only what is at the policy's place when all layers are merged, without labels where they weren't here yet. */
async function policyOf(
  sink: ImageSink,
  base: string | undefined,
  layers: readonly Layer[],
  fileOf: (layer: Layer) => string | undefined,
): Promise<Directory> {
  const policy = baseRoot(sink, base).pick(policyPlace);
  const labeller = new Labeller(sink, undefined);
  for (const layer of layers) {
    const file = fileOf(layer);
    const options = { labeller, base, lower: policy, only: isOfPolicy };
    const { root } = file === undefined ? storedLayer(sink, layer) : await readFileLayer(file, layer, options);
    policy.mergeLayer(root.pick(policyPlace));
  }
  return policy;
}

/** In it, or hides it. */
function isOfPolicy(parts: readonly string[]): boolean {
  const last = parts.at(-1) ?? '';
  if (policyPlace.every((name, i) => parts[i] === name)) return true;
  const above = parts.slice(0, -1);
  return above.length < policyPlace.length && above.every((name, i) => name === policyPlace[i]) && last.startsWith(whiteout);
}

const commitOf = (sink: ImageSink, root: Directory): string =>
  sink.newCommit(root.write(new Labeller(sink, undefined).impliedMeta), new Map(), 0);

interface StoredLayer extends FileLayer {
  /** Of its labels; undefined where nothing tells. */
  readonly policy: string | undefined;
  /** Another program stored it: which directories it said something of isn't known. Like there, those that were there stay as they were. */
  readonly isForeign: boolean;
}

function storedLayer(sink: ImageSink, { digest }: Layer): StoredLayer {
  const commit = sink.repo.loadCommit(sink.repo.resolveRev(blobRef(digest)));
  const implied = commit.value(keys.implied, 'as');
  const root = new Directory(sink, sink.root(commit.checksum), new Set(implied));
  const leftOut = new Map(commit.value(keys.leftOut, 'a{su}'));
  return { root, leftOut, files: 0, policy: commit.value(keys.policy, 's'), isForeign: implied === undefined };
}

const metadataOf = (sink: ImageSink, { root, leftOut, isForeign }: StoredLayer, policy: string): Map<string, unknown> =>
  new Map([
    [keys.leftOut, sink.variant('a{su}', [...leftOut])],
    [keys.policy, sink.variant('s', policy)],
    ...(isForeign ? [] : [[keys.implied, sink.variant('as', [...root.implied()])] as const]),
  ]);
