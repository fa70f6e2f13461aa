// SPDX-License-Identifier: LGPL-2.1-or-later
import { mediaTypes, type Descriptor, type Manifest, type OciDirectory } from './oci.ts';
import type { RegistryImage, RegistryTarget } from './registry-port.ts';

/** What is told about an image beside it: an artifact that refers to it (OCI image-spec 1.1, “subject”). */
export interface Artifact {
  readonly artifactType: string;
  /** Of `bytes`. */
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly annotations: Readonly<Record<string, string>>;
}

const empty = Buffer.from('{}');
const emptyType = 'application/vnd.oci.empty.v1+json';

type Blob = Pick<Descriptor, 'digest' | 'size'>;

function manifestOf({ artifactType, mediaType, annotations }: Artifact, subject: Descriptor, config: Blob, layer: Blob): Buffer {
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType,
    config: { mediaType: emptyType, ...config },
    layers: [{ mediaType, ...layer }],
    subject,
    annotations: { ...annotations },
  };
  return Buffer.from(JSON.stringify(manifest));
}

/** Write an artifact's blobs; the descriptor is for the index, see OciDirectory.setManifest. */
export function writeArtifact(oci: OciDirectory, artifact: Artifact, subject: Descriptor): Descriptor {
  const bytes = manifestOf(artifact, subject, oci.writeBlob(empty), oci.writeBlob(artifact.bytes));
  const { artifactType, annotations } = artifact;
  return { mediaType: mediaTypes.manifest, ...oci.writeBlob(bytes), artifactType, annotations: { ...annotations } };
}

/** Bring an artifact to a registry, beside an image that is or will be there. Returns its digest. Throws registry.*. */
export async function pushArtifact(
  target: Pick<RegistryTarget, 'putBlob' | 'putManifest'>,
  image: RegistryImage,
  artifact: Artifact,
  subject: Descriptor,
): Promise<string> {
  const bytes = manifestOf(artifact, subject, await target.putBlob(image, empty), await target.putBlob(image, artifact.bytes));
  const { host, name } = image;
  return await target.putManifest({ host, name }, bytes, mediaTypes.manifest);
}
