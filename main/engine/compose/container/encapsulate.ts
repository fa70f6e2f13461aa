// SPDX-License-Identifier: LGPL-2.1-or-later
import type { KeyObject } from 'node:crypto';
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
import { pushArtifact, writeArtifact, type Artifact } from '../../images/artifact.ts';
import { parseRegistryImage } from '../../images/image-names.ts';
import type { RegistryOptions } from '../../images/jobs/params.ts';
import { mediaTypes, OciDirectory, type Descriptor } from '../../images/oci.ts';
import { parseReference, referenceText, type ImageReference } from '../../images/reference.ts';
import type { RegistryClient } from '../../images/registry/client.ts';
import { fingerprint, publicHalf, pushSignature, type SigstoreSigningParams } from '../../images/trust/index.ts';
import { artifactsOf, toldBeside, wantedBeside } from './beside.ts';
import { signingKeyFor } from './image-signing.ts';
import type { SbomKind } from './sbom.ts';
import { changedComponents, updateSize, type UpdateSize } from './update-size.ts';
import { skopeoCopy, type SkopeoOptions } from './skopeo.ts';

export interface EncapsulateParams extends SkopeoOptions, SigstoreSigningParams {
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
  /** Nobody asked for the image's tag: it has to be found by tools that name none, too. */
  readonly isDefaultTag?: boolean;
  /** Put what the commit changes beside the image, where its place can hold that. Default true. */
  readonly changes?: boolean;
  /** Put a list of the packages with their licences beside it. */
  readonly sbom?: SbomKind;
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
  /** What a machine with the earlier build fetches; missing when there is none. */
  readonly update?: UpdateSize;
  /** What was put beside the image. */
  readonly beside: readonly { readonly artifactType: string; readonly bytes: number }[];
  /** SHA-256 of the public key, as hex; missing where nothing was signed. */
  readonly signedBy?: string;
}

export interface EncapsulatePorts {
  readonly open: (repo: string) => ImageSource;
  readonly rpm: Pick<RpmPort, 'readRpmdb'>;
  /** To put things beside a `docker:` image, which skopeo doesn't. */
  readonly registry: (options: RegistryOptions) => Pick<RegistryClient, 'manifest' | 'blob' | 'putBlob' | 'putManifest' | 'close'>;
}

async function pushAll(
  registry: ReturnType<EncapsulatePorts['registry']>,
  image: string,
  artifacts: readonly Artifact[],
  subject: Descriptor,
  key: KeyObject | undefined,
): Promise<void> {
  try {
    const named = parseRegistryImage(image);
    for (const artifact of artifacts) await pushArtifact(registry, named, artifact, subject);
    if (key) await pushSignature(registry, named, subject.digest, key);
  } finally {
    await registry.close();
  }
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
  const wanted = wantedBeside(params, reference);
  const key = signingKeyFor(params, params.image);
  using source = ports.open(params.repo);
  const commit = source.repo.loadCommit(revisionIn(source.repo, params.revision));
  const scratch = mkdtempSync(path.join(tmpdir(), 'treeline-image-'));
  try {
    const isDirectory = reference.transport === 'oci';
    const oci = OciDirectory.create(isDirectory ? path.resolve(reference.name) : path.join(scratch, 'oci'));
    const earlier = await earlierManifest(params, reference, scratch);
    const other = params.compareWith === undefined ? earlier : await manifestAt(parseReference(params.compareWith), scratch, params);
    // asked before the image there is replaced
    const told =
      params.previousManifest === undefined || params.compareWith !== undefined ? toldBeside(placeBefore(params, reference)) : undefined;
    const build = { params, source, commit, oci, context };
    const built = await buildImage(build, earlier && layoutOf(earlier), ports, maxLayers, scratch);
    const { manifest, layout } = built;
    const artifacts = artifactsOf(params, commit, built, wanted);
    const subject = { mediaType: mediaTypes.manifest, ...oci.writeBlob(Buffer.from(JSON.stringify(manifest))) };
    const isLayout = isDirectory || reference.transport === 'oci-archive';
    const referrers = isLayout ? artifacts.map((artifact) => writeArtifact(oci, artifact, subject)) : [];
    oci.setManifest(
      manifest,
      isDirectory ? reference.tag : (reference.tag ?? 'latest'),
      referrers,
      params.isDefaultTag ?? reference.tag === undefined,
    );
    if (params.contentMetaTo) atomicFile(params.contentMetaTo, `${JSON.stringify(layout, null, 2)}\n`);
    if (reference.transport === 'oci-archive') await writeArchive(oci.path, path.resolve(reference.name));
    else if (!isDirectory) {
      // before the image: whoever sees its tag finds them
      if (artifacts.length > 0 || key) await pushAll(ports.registry(params), params.image, artifacts, subject, key);
      await skopeoCopy(`oci:${oci.path}:latest`, referenceText(reference), params);
    }
    if (params.manifestTo) atomicFile(params.manifestTo, JSON.stringify(manifest));
    const changed = other && changedComponents(built.packages, commit, other.annotations?.['ostree.commit'], source.repo, told);
    const update = other && updateSize(manifest, other, built.contents, changed);
    const bytes = manifest.layers.reduce((sum, l) => sum + l.size, 0);
    return {
      image: params.image,
      commit: commit.checksum,
      manifestDigest: subject.digest,
      layers: manifest.layers.length,
      reusedLayers: update ? manifest.layers.length - update.layers : 0,
      bytes,
      newBytes: update?.bytes ?? bytes,
      ...(update ? { update } : {}),
      beside: artifacts.map((a) => ({ artifactType: a.artifactType, bytes: a.bytes.length })),
      ...(key ? { signedBy: fingerprint(publicHalf(key)) } : {}),
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The image that is compared with. */
const placeBefore = ({ compareWith, previousImage }: EncapsulateParams, reference: ImageReference): ImageReference => {
  const named = compareWith ?? previousImage;
  return named === undefined ? reference : parseReference(named);
};
