// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { pkglistOfPackages } from '../../base/diff/index.ts';
import type { CommitPort } from '../../base/ports/sysroot.ts';
import type { Artifact } from '../../images/artifact.ts';
import { changesType, imageChangesOf, packImageChanges, readImageChanges, type ImageChanges } from '../../images/changes-artifact.ts';
import { OciDirectory } from '../../images/oci.ts';
import type { ImageReference } from '../../images/reference.ts';
import { createdOf, type BuiltImage } from './build-image.ts';
import type { EncapsulateParams } from './encapsulate.ts';
import { sbomOf, sbomTypes } from './sbom.ts';

/** Whether artifacts can be put beside an image there. */
const holdsArtifacts = ({ transport }: ImageReference): boolean => ['oci', 'oci-archive', 'docker'].includes(transport);

/** What is to be put beside the image, by what was asked and what its place can hold. Throws usage.invalid for an SBOM that it can't. */
export function wantedBeside(params: EncapsulateParams, reference: ImageReference): { readonly changes: boolean; readonly sbom: boolean } {
  const holds = holdsArtifacts(reference);
  if (params.sbom !== undefined && !holds)
    throw new TreelineError('usage.invalid', {
      subject: '--sbom',
      detail: `${reference.transport}: can’t hold what refers to an image; oci:, oci-archive: and docker:// can`,
    });
  return { changes: holds && params.changes !== false, sbom: params.sbom !== undefined };
}

/** The artifacts of an image. Throws repo.corrupt for a commit whose `treeline.changes` or `treeline.history` can't be read. */
export function artifactsOf(
  params: EncapsulateParams,
  commit: CommitPort,
  { packages: byComponent }: Pick<BuiltImage, 'packages'>,
  wanted: ReturnType<typeof wantedBeside>,
): readonly Artifact[] {
  const created = createdOf(commit);
  const packages = [...byComponent.values()].flat().sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.arch < b.arch ? -1 : 1));
  const annotations = {
    'org.opencontainers.image.created': created,
    ...(commit.version === '' ? {} : { 'org.opencontainers.image.version': commit.version }),
  };
  const artifacts: Artifact[] = [];
  if (wanted.changes)
    artifacts.push({
      artifactType: changesType,
      mediaType: `${changesType}+gzip`,
      bytes: packImageChanges(imageChangesOf(commit, pkglistOfPackages(packages))),
      annotations,
    });
  if (params.sbom) {
    const name = params.labels?.['org.opencontainers.image.title'] ?? commit.value('ostree.ref-binding', 'as')?.[0] ?? 'image';
    const bytes = sbomOf(params.sbom, { name, version: commit.version, commit: commit.checksum, created, packages });
    artifacts.push({ artifactType: sbomTypes[params.sbom], mediaType: sbomTypes[params.sbom], bytes, annotations });
  }
  return artifacts;
}

/** What an image in a directory tells of itself; undefined when it, or what lies there, tells nothing that can be read. */
export function toldBeside({ transport, name, tag }: ImageReference): ImageChanges | undefined {
  if (transport !== 'oci') return undefined;
  const oci = new OciDirectory(path.resolve(name));
  try {
    const digest = oci.manifest(tag)?.digest;
    const found = digest === undefined ? undefined : oci.referrers(digest).find(({ manifest }) => manifest.artifactType === changesType);
    const layer = found?.manifest.layers[0];
    return layer && readImageChanges(oci.readBlob(layer.digest), layer.digest);
  } catch (error) {
    // it is about to be replaced, or only compared with
    if (error instanceof TreelineError) return undefined;
    throw error;
  }
}
