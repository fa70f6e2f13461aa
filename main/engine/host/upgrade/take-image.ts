// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { RepoPort } from '../../base/ports/sysroot.ts';
import { configLimitBytes } from '../../images/registry-port.ts';
import { referenceText } from '../../images/reference.ts';
import { importImage, missingLayers, type WantedImage } from '../../images/store/import-image.ts';
import { blobRef, imageRef } from '../../images/store/ref-names.ts';
import { commitOfImage, layersPath, lookAtImage, type LookedImage } from '../source/look-at-image.ts';
import { isSameSource, type ImageSource, type Revision } from '../source/source.ts';
import { requireProvenImage } from '../source/trusted-image.ts';
import { isRolledBack } from './found-update.ts';
import { imageGoesBack } from './image-update.ts';
import type { WeightedProgress } from './progress.ts';
import { requireDiskSpace } from './pull.ts';
import { takeOver } from './take-over.ts';
import type { UpgradeContext, UpgradeParams } from './upgrade.ts';

/** Of layers that root has taken over: they are what their names say, and nobody else writes there. */
const takenPath = (context: UpgradeContext): string => path.join(context.dir.cache, 'taken-layers');

const nameOf = (digest: string): string => digest.replace('sha256:', '');

/** What the image's ref is called by: TRANSPORT:NAME as the origin has it, whatever tag or digest a person chose. */
const refOf = ({ image }: ImageSource): string => referenceText(image.image);

/** Throws `update.older`, `update.rolled-back`. */
export function requireWantedImage(context: UpgradeContext, source: ImageSource, looked: LookedImage, params: UpgradeParams): void {
  const { toChecksum, toVersion } = looked.details;
  const name = toVersion || toChecksum.slice(0, 12);
  if (imageGoesBack(context, source, looked) && !params.allowDowngrade && isSameSource(source)) {
    const newest = context.sysroot.repo.tryLoadCommit(source.newestChecksum);
    throw new TreelineError('update.older', { subject: name, detail: newest?.version });
  }
  if (params.automatic && isRolledBack(context, toChecksum)) throw new TreelineError('update.rolled-back', { subject: name });
}

/**
 * The commit of an image that was looked at: fetched without privileges, imported, proven. 'again': of what is here nothing is believed. Throws registry.*, disk.full,
 * repo.*, and what importImage throws.
 */
export async function takeImage(
  context: UpgradeContext,
  source: ImageSource,
  looked: LookedImage,
  progress: WeightedProgress,
  again?: 'again',
): Promise<string> {
  const { repo } = context.sysroot;
  const here = again ? undefined : commitOfImage(context.sysroot, looked.details.toChecksum);
  const commit = here ?? (await fetchImage(context, source, looked, progress, again));
  requireProvenImage(repo, source, repo.loadCommit(commit), context.gpg);
  // another image's ref, or an older one's, may have kept it so far
  if (repo.tryResolveRev(imageRef(refOf(source))) !== commit) repo.setRef(imageRef(refOf(source)), commit);
  return commit;
}

async function fetchImage(
  context: UpgradeContext,
  source: ImageSource,
  looked: LookedImage,
  progress: WeightedProgress,
  again?: 'again',
): Promise<string> {
  const { found, config, port, image, details } = looked;
  const { repo } = context.sysroot;
  const bytes = await port.blob(image, found.manifest.config, configLimitBytes);
  const wanted: WantedImage = { name: refOf(source), found, config, configText: bytes.toString('utf8') };
  if (again) for (const { digest } of found.manifest.layers) letGo(repo, blobRef(digest));
  const name = details.toVersion || details.toChecksum.slice(0, 12);
  const taken = takenPath(context);
  const missing = missingLayers(repo, wanted);
  const left = missing.filter(({ digest }) => !existsSync(path.join(taken, nameOf(digest))));
  const sum = (layers: typeof missing): number => layers.reduce((total, { size }) => total + size, 0);
  requireDiskSpace(context, {
    sizes: { downloadBytes: sum(left), downloadExact: true, downloadObjects: left.length, diskBytes: sum(missing), freeBytes: 0 },
  });
  if (left.length > 0)
    await context.context.task(`Fetching ${name}`, () =>
      context.images.fetchLayers(image, left, layersPath(context.dir), (bytesDone, bytesTotal) =>
        progress.report('pull', bytesTotal === 0 ? 1 : bytesDone / bytesTotal, { bytesDone, bytesTotal }),
      ),
    );
  mkdirSync(taken, { recursive: true, mode: 0o700 });
  for (const { digest, size } of left)
    takeOver(path.join(layersPath(context.dir), nameOf(digest)), path.join(taken, nameOf(digest)), digest, size);
  progress.report('import', 0);
  const imported = await context.context.task(`Importing ${name}`, () => importTaken(context, wanted, taken, progress));
  rmSync(taken, { recursive: true, force: true });
  progress.report('import', 1);
  return imported;
}

async function importTaken(context: UpgradeContext, wanted: WantedImage, taken: string, progress: WeightedProgress): Promise<string> {
  using sink = context.openImageSink();
  try {
    const report = { ...context.context, progress: ({ fraction }: { fraction: number }) => progress.report('import', fraction) };
    return (await importImage(wanted, sink, (digest) => path.join(taken, nameOf(digest)), report)).commit;
  } catch (error) {
    // a layer that was damaged on this disk would be in the way for ever
    if (error instanceof TreelineError && error.code === 'repo.corrupt') rmSync(taken, { recursive: true, force: true });
    throw error;
  }
}

function letGo(repo: RepoPort, ref: string): void {
  if (repo.tryResolveRev(ref) !== undefined) repo.setRef(ref, null);
}

/** As takeImage, of an image whose commit is here and damaged: it is looked at by its digest. */
export async function takeImageAgain(context: UpgradeContext, source: ImageSource, id: string, progress: WeightedProgress): Promise<void> {
  await takeImage(context, source, await lookAtImage(context, source, { kind: 'checksum', value: id }), progress, 'again');
}

/** What is here of an image for who doesn't ask its registry. Throws `repo.revision-not-found`. */
export function storedCommit(sysroot: UpgradeContext['sysroot'], source: ImageSource, revision: Revision): string {
  const name = imageRef(refOf(source));
  const found = revision.kind === 'newest' ? sysroot.repo.tryResolveRev(name) : commitOfImage(sysroot, revision.value);
  if (found === undefined || sysroot.repo.tryLoadCommit(found)?.state !== 'normal')
    throw new TreelineError('repo.revision-not-found', {
      subject: revision.kind === 'newest' ? source.refspec : revision.value,
      facts: { repo: sysroot.repo.path },
    });
  return found;
}
