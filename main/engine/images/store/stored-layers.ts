// SPDX-License-Identifier: LGPL-2.1-or-later
import type { RepoPort } from '../../base/ports/sysroot.ts';
import type { ImageConfig, Manifest } from '../oci.ts';
import { layersOf, layoutOfImage, type Layer } from './layout.ts';
import { blobRef } from './ref-names.ts';

/** Where the files of an image come from. */
export interface StoredLayout {
  /** Layers of an OSTree commit; undefined for an image that is none. */
  readonly base: { readonly commit: string; readonly commitLayer: Layer; readonly chunks: readonly Layer[] } | undefined;
  /** Ordinary layers of files: on top of the commit, or all. */
  readonly derived: readonly Layer[];
}

/** An image made of another one's files may have inherited its labels, and has none of its layers: it is an image of files. Throws repo.garbage. */
export function storedLayout(manifest: Manifest, config: ImageConfig, subject: string): StoredLayout {
  const layers = layersOf(manifest, config, subject);
  const { 'ostree.commit': commit, 'ostree.final-diffid': last } = config.config?.Labels ?? {};
  if (commit === undefined || (last !== undefined && !layers.some(({ diffId }) => diffId === last)))
    return { base: undefined, derived: layers };
  const { derived, ...base } = layoutOfImage(manifest, config, subject);
  return { base, derived };
}

/** Layers still to fetch. */
export function missingOf(repo: RepoPort, { base, derived }: StoredLayout): Layer[] {
  const ofBase = base ? [base.commitLayer, ...base.chunks] : [];
  return [
    ...ofBase.filter((layer, i) => !isHere(repo, layer.digest) || (i > 0 && !isObjectSet(repo, layer.digest))),
    ...derived.filter(({ digest }) => !isHere(repo, digest) || isObjectSet(repo, digest, false)),
  ];
}

export const isHere = (repo: RepoPort, digest: string): boolean => {
  const commit = repo.tryResolveRev(blobRef(digest));
  return commit !== undefined && repo.hasObject('commit', commit);
};

/**
 * A layer is kept as the objects in it, or as the files: the same blob may be of a commit in one image and ordinary in another. `ifEmpty`: what one that holds nothing is.
 */
function isObjectSet(repo: RepoPort, digest: string, ifEmpty = true): boolean {
  const { rootDirtree } = repo.loadCommit(repo.resolveRev(blobRef(digest)));
  const [files, directories] = repo.loadMetadata('dirtree', rootDirtree);
  if (files.length === 0 && directories.length === 0) return ifEmpty;
  return directories.length === 0 && files.every(([name]) => /^[0-9a-f]{64}$/.test(name));
}
