// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { atomicFile } from '../../../files/index.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { ImageSource } from '../../base/ports/container.ts';
import type { RpmPort } from '../../base/ports/rpm.ts';
import { revisionIn } from '../../base/commits/ancestors.ts';
import { buildImage, layoutOf } from './build-image.ts';
import { earlierManifest, manifestAt, writeArchive } from './image-places.ts';
import { OciDirectory, type Manifest } from '../../images/oci.ts';
import { parseReference, referenceText } from '../../images/reference.ts';
import { skopeoCopy, type SkopeoOptions } from './skopeo.ts';

export interface EncapsulateParams extends SkopeoOptions {
  readonly repo: string;
  readonly revision: string;
  /** TRANSPORT:TARGET. */
  readonly image: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Metadata keys of the commit that become labels; one that is missing is an error, or not. */
  readonly copyMeta?: readonly string[];
  readonly copyMetaOpt?: readonly string[];
  readonly cmd?: readonly string[];
  /** OCI's word (amd64); default: this machine's. */
  readonly arch?: string;
  /** At most this many layers, at least 2. Default 64. */
  readonly maxLayers?: number;
  /** File with the manifest of an earlier build, whose layers are kept where they still fit. Default: what is at `image` now, if that can be read here. */
  readonly previousManifest?: string;
  /** The same, of the image at this place. */
  readonly previousImage?: string;
  /** Of the layout: with 2 each layer has the directories of its files, with owners and modes. Default 1. */
  readonly formatVersion?: 1 | 2;
  /** Write which component is in which layer here (JSON). */
  readonly contentMetaTo?: string;
  /** An image to compare with, instead of that one. Its layers aren't kept. */
  readonly compareWith?: string;
  /** Write the manifest here, for the next build. */
  readonly manifestTo?: string;
  /** JSON of an OCI config's `config` to start from. */
  readonly imageConfig?: string;
}

export interface EncapsulateOutcome {
  readonly image: string;
  readonly commit: string;
  readonly manifestDigest: string;
  readonly layers: number;
  /** Layers that the earlier build had, too. */
  readonly reusedLayers: number;
  readonly bytes: number;
  /** Of the layers that it hadn't. */
  readonly newBytes: number;
}

export interface EncapsulatePorts {
  readonly open: (repo: string) => ImageSource;
  readonly rpm: Pick<RpmPort, 'readRpmdb'>;
}

const defaultMaxLayers = 64;

/**
 * An OCI image of a commit in ostree-container form, with which bootc and rpm-ostree work: the first layer holds the commit, its directories and
 * what belongs to no package, the others files by package. Equal commits and layouts give equal bytes.
 */
export async function encapsulate(params: EncapsulateParams, ports: EncapsulatePorts, context: JobContext): Promise<EncapsulateOutcome> {
  const reference = parseReference(params.image);
  const maxLayers = params.maxLayers ?? defaultMaxLayers;
  if (maxLayers < 2) throw new TreelineError('usage.invalid', { subject: '--max-layers', detail: 'an image has 2 layers at least' });
  using source = ports.open(params.repo);
  const commit = source.repo.loadCommit(revisionIn(source.repo, params.revision));
  const scratch = mkdtempSync(path.join(tmpdir(), 'treeline-image-'));
  try {
    const isDirectory = reference.transport === 'oci';
    const oci = OciDirectory.create(isDirectory ? path.resolve(reference.name) : path.join(scratch, 'oci'));
    const earlier = await earlierManifest(params, reference, scratch);
    const build = { params, source, commit, oci, context };
    const { manifest, layout } = await buildImage(build, earlier && layoutOf(earlier), ports, maxLayers, scratch);
    const manifestDigest = oci.setManifest(manifest, isDirectory ? reference.tag : (reference.tag ?? 'latest'));
    if (params.contentMetaTo) atomicFile(params.contentMetaTo, `${JSON.stringify(layout, null, 2)}\n`);
    if (params.manifestTo) atomicFile(params.manifestTo, JSON.stringify(manifest));
    if (reference.transport === 'oci-archive') await writeArchive(oci.path, path.resolve(reference.name));
    else if (!isDirectory) await skopeoCopy(`oci:${oci.path}:latest`, referenceText(reference), params);
    const other = params.compareWith === undefined ? earlier : await manifestAt(parseReference(params.compareWith), scratch, params);
    const had = new Set(other?.layers.map((l) => l.digest) ?? []);
    const sum = (list: Manifest['layers']): number => list.reduce((total, l) => total + l.size, 0);
    const fresh = manifest.layers.filter((l) => !had.has(l.digest));
    return {
      image: params.image,
      commit: commit.checksum,
      manifestDigest,
      layers: manifest.layers.length,
      reusedLayers: manifest.layers.length - fresh.length,
      bytes: sum(manifest.layers),
      newBytes: sum(fresh),
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
