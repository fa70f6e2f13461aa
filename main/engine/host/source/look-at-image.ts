// SPDX-License-Identifier: LGPL-2.1-or-later
import { statfsSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { updateId } from '../../base/commits/image-commit.ts';
import type { SysrootPort } from '../../base/ports/sysroot.ts';
import { trustedImage, withTrust } from '../../images/jobs/trusted.ts';
import { parseRegistryImage } from '../../images/image-names.ts';
import { previewImage, type BootedImage, type ImagePreview } from '../../images/preview/index.ts';
import { referenceText } from '../../images/reference.ts';
import type { LookPort } from '../../images/fetch-port.ts';
import type { RegistryImage } from '../../images/registry-port.ts';
import { imagePrefix } from '../../images/store/ref-names.ts';
import { baseChecksum } from '../sysroot/layer.ts';
import { downloadedPrefix } from '../sysroot/layer-refs.ts';
import type { StateDir } from '../sysroot/state-dir.ts';
import type { UpdateContext } from './context.ts';
import type { ImageSource, Revision } from './source.ts';
import { requireJudge } from './trusted-image.ts';

/** Where the fetching user puts layers, and nobody else reads. */
export const layersPath = (dir: StateDir): string => path.join(dir.cache, 'layers');

export interface LookedImage extends ImagePreview {
  /** As it was asked for; by its digest where signatures counted. */
  readonly image: RegistryImage;
  readonly port: LookPort;
}

/** The image that a system follows, as its registry is asked for it: by tag, or by what a person chose of it. Throws `source.image`. */
export function imageOf({ image, refspec }: ImageSource, revision: Revision): RegistryImage {
  if (image.image.transport !== 'docker') throw new TreelineError('source.image', { subject: refspec, detail: image.image.transport });
  const followed = parseRegistryImage(referenceText(image.image));
  const { host, name } = followed;
  if (revision.kind === 'newest') return followed;
  if (revision.kind === 'checksum') return { host, name, digest: `sha256:${revision.value}` };
  if (!/^\w[\w.-]{0,127}$/.test(revision.value))
    throw new TreelineError('repo.revision-not-found', {
      subject: revision.value,
      detail: 'Of an image it is a tag, or the digest as sha256:DIGITS.',
    });
  return { host, name, tag: revision.value };
}

/** What the image brings against the booted one, from kilobytes, once this machine's policy.json lets it pass. Throws container.*, registry.*, source.image*, repo.garbage. */
export async function lookAtImage(context: UpdateContext, source: ImageSource, revision: Revision): Promise<LookedImage> {
  const { sysroot } = context;
  requireJudge(sysroot.repo, source);
  const asked = imageOf(source, revision);
  const port = context.images.registry(asked);
  // whatever the origin says: a policy that refuses a registry is the machine's
  const { image, trust } = await trustedImage(port, asked, { signed: source.image.verification === 'policy' });
  const { bavail, bsize } = statfsSync(sysroot.path);
  const booted = await context.storedImage(source.baseChecksum);
  const preview = await previewImage(port, image, booted, {
    reference: source.refspec,
    nowSeconds: context.now,
    freeBytes: bavail * bsize,
    bootedChecksum: source.baseChecksum,
  });
  // its database is a layer of its own, which isn't fetched alone
  const { rpmdbBytes: _, ...details } = preview.details;
  return { ...preview, details: withTrust(details, trust), image, port };
}

/** The image that a commit stands for, without what is layered on top. Nothing is asked of a registry; undefined where its packages aren't known. */
export type StoredImage = (checksum: string) => Promise<BootedImage | undefined>;

/** The commit, whole and with all that keeps it, of an image by its digest's digits. */
export function commitOfImage(sysroot: Pick<SysrootPort, 'repo' | 'deployments'>, id: string): string | undefined {
  const { repo } = sysroot;
  const named = [imagePrefix, downloadedPrefix].flatMap((prefix) => [...repo.listRefs(prefix).values()]);
  return [...sysroot.deployments().map(({ checksum }) => baseChecksum(repo, checksum)), ...named].find((checksum) => {
    const commit = repo.tryLoadCommit(checksum);
    return commit?.state === 'normal' && commit.checksum !== id && updateId(commit) === id;
  });
}
