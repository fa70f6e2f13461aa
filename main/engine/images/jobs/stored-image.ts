// SPDX-License-Identifier: LGPL-2.1-or-later
import { isImageReference } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { KeyFile } from '../../../files/index.ts';
import { imageKeys } from '../../base/commits/image-commit.ts';
import { baseOf } from '../../base/db/jobs.ts';
import { resolveRevision } from '../../base/db/revision.ts';
import type { DbSource } from '../../base/ports/db.ts';
import type { CommitPort } from '../../base/ports/sysroot.ts';
import { namedRegistryImage } from '../image-names.ts';
import type { RegistryImage } from '../registry-port.ts';
import { mediaTypes, parseConfig, parseManifest, type ImageConfig, type Manifest } from '../oci.ts';
import type { BootedImage } from '../preview/index.ts';

export interface StoredImage {
  readonly image: BootedImage;
  /** Of the commit that stands for it. */
  readonly checksum: string;
  /** What the deployment follows (`container-image-reference`), if the revision is one's and it follows an image. */
  readonly followed: string | undefined;
}

/**
 * The image that a revision (`booted`, a ref, a checksum ...) stands for, as it lies here, without what is layered on top; nothing is asked of a registry. A commit that
 * came from no image is one without layers: its packages are compared all the same. Throws repo.revision-not-found, rpmdb.missing, repo.garbage.
 */
export function storedImage(source: DbSource, revision: string): StoredImage {
  const { checksum } = resolveRevision(source, revision);
  const deployment = source.deployments().find((each) => each.id === revision || each.checksum === checksum);
  const followed = followedBy(deployment?.originText ?? '');
  const commit = baseOf(source, source.repo.loadCommit(checksum));
  const packages = source.rpmdb(commit.checksum, { changelogs: false });
  if (!packages) throw new TreelineError('rpmdb.missing', { subject: commit.checksum });
  const digest = commit.value(imageKeys.digest, 's');
  const [manifest, config] = digest === undefined ? ofCommit(commit) : ofImage(commit);
  return { checksum: commit.checksum, followed, image: { digest: digest ?? '', manifest, config, packages } };
}

/** Older versions of rpm-ostree wrote images as refspecs. */
function followedBy(originText: string): string | undefined {
  const origin = new KeyFile(originText);
  const named = origin.get('origin', 'refspec') ?? origin.get('origin', 'baserefspec') ?? '';
  return origin.get('origin', 'container-image-reference') ?? (isImageReference(named) ? named : undefined);
}

function ofImage(commit: CommitPort): [Manifest, ImageConfig] {
  const bytes = (key: string): Buffer => Buffer.from(commit.value(key, 's') ?? '');
  return [parseManifest(bytes(imageKeys.manifest), commit.checksum), parseConfig(bytes(imageKeys.config), commit.checksum)];
}

function ofCommit({ checksum, version }: CommitPort): [Manifest, ImageConfig] {
  const none = { mediaType: mediaTypes.config, digest: `sha256:${'0'.repeat(64)}`, size: 0 };
  const labels = { 'ostree.commit': checksum, ...(version === '' ? {} : { 'org.opencontainers.image.version': version }) };
  return [
    { schemaVersion: 2, config: none, layers: [] },
    { architecture: '', os: 'linux', config: { Labels: labels }, rootfs: { type: 'layers', diff_ids: [] } },
  ];
}

/** The registry's image that a system follows. Throws usage.invalid where it follows none, or one that lies elsewhere. */
export function followedImage({ followed, checksum }: StoredImage): RegistryImage {
  if (followed === undefined)
    throw new TreelineError('usage.invalid', {
      subject: checksum,
      detail: 'what it is compared with follows no container image: name one',
    });
  return namedRegistryImage(followed);
}
