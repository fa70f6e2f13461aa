// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { atomicFile, readJsonFile, hasShape, knownFields } from '../../../files/index.ts';
import { composeTree, type ComposePorts } from '../build/compose.ts';
import { loadTreefile } from '../treefile/treefile.ts';
import { openCachedir } from '../build/workdir.ts';
import type { ComposeParams } from '../build/params.ts';
import type { JobContext } from '../../base/ports/job.ts';
import { fingerprint, publicHalf } from '../../images/trust/index.ts';
import { signingKeyFor } from './image-signing.ts';
import { encapsulate, type EncapsulateOutcome, type EncapsulateParams, type EncapsulatePorts } from './encapsulate.ts';

export interface ImageParams
  extends
    Pick<
      ComposeParams,
      | 'treefile'
      | 'cachedir'
      | 'sourceRoot'
      | 'layerRepo'
      | 'forceNocache'
      | 'cacheOnly'
      | 'lockfiles'
      | 'lockfileStrict'
      | 'writeLockfileTo'
      | 'noWait'
    >,
    Pick<
      EncapsulateParams,
      | 'labels'
      | 'imageConfig'
      | 'maxLayers'
      | 'authfile'
      | 'insecure'
      | 'retries'
      | 'cmd'
      | 'changes'
      | 'sbom'
      | 'signBySigstorePrivateKey'
      | 'signPassphraseFile'
    > {
  /** A path for ociarchive and oci, a name (HOST/NAME:TAG) for registry. */
  readonly output: string;
  readonly format: 'ociarchive' | 'oci' | 'registry';
  /** Nothing is there yet: don't build on what is in the cache from before. */
  readonly initialize?: boolean;
  /** Refuse to make a first image. */
  readonly mustExist?: boolean;
  readonly touchIfChanged?: string;
}

export interface ImageOutcome {
  readonly changed: boolean;
  readonly commit: string;
  readonly version: string;
  /** Undefined when nothing changed and the image is there. */
  readonly image?: EncapsulateOutcome;
}

const transports = { ociarchive: 'oci-archive', oci: 'oci', registry: 'docker' } as const;

/**
 * `compose image`: compose a treefile and make an image of the commit. The commits lie in a repository of their own in the cache, one for each
 * output, so that an unchanged tree makes no new image and a changed one keeps its layers.
 */
export async function composeImage(
  params: ImageParams,
  ports: ComposePorts & EncapsulatePorts,
  context: JobContext,
): Promise<ImageOutcome> {
  const {
    output,
    format,
    initialize,
    mustExist,
    touchIfChanged,
    labels,
    imageConfig,
    maxLayers,
    authfile,
    insecure,
    retries,
    cmd,
    changes,
    sbom,
    signBySigstorePrivateKey,
    signPassphraseFile,
    ...compose
  } = params;
  const target = format === 'registry' ? `docker://${output}` : `${transports[format]}:${path.resolve(output)}`;
  const signing = knownFields({ signBySigstorePrivateKey, signPassphraseFile });
  const key = signingKeyFor(signing, target);
  const signedBy = key && fingerprint(publicHalf(key));
  const cachedir = openCachedir(params.cachedir);
  const where = format === 'registry' ? output : path.resolve(output);
  const home = path.join(cachedir, 'images', createHash('sha256').update(`${format} ${where}`).digest('hex').slice(0, 16));
  const repo = path.join(home, 'repo');
  if (mustExist && !existsSync(path.join(home, 'image.json')))
    throw new TreelineError('usage.invalid', {
      subject: '--initialize-mode',
      detail: `nothing was made for ${where} before (see --initialize)`,
    });
  mkdirSync(home, { recursive: true });
  if (!existsSync(path.join(repo, 'config'))) ports.store.createTarget(repo)[Symbol.dispose]();
  const done = path.join(home, 'image.json');
  const noted = existsSync(done) && !initialize ? readJsonFile(done) : undefined;
  const last = hasShape(noted, { commit: 'string', signedBy: 'string?' }) ? noted : undefined;
  // without a branch it goes on from what was made for this output before
  const parent = last && loadTreefile(params.treefile).ref === '' ? { parent: last.commit } : {};
  const tree = await composeTree(
    { ...compose, cachedir, repo, ...parent, ...(initialize ? { noParent: true, forceNocache: true } : {}) },
    ports,
    context,
  );
  const there = format === 'registry' || existsSync(where);
  const isSigned = signedBy === undefined || last?.signedBy === signedBy;
  if (there && !tree.changed && last?.commit === tree.checksum && isSigned)
    return { changed: false, commit: tree.checksum, version: tree.version };
  const manifest = path.join(home, 'manifest.json');
  const image = await encapsulate(
    {
      repo,
      revision: tree.checksum,
      image: target,
      ...(labels ? { labels } : {}),
      ...(imageConfig === undefined ? {} : { imageConfig }),
      ...(maxLayers === undefined ? {} : { maxLayers }),
      ...(authfile === undefined ? {} : { authfile }),
      ...(insecure === undefined ? {} : { insecure }),
      ...(retries === undefined ? {} : { retries }),
      ...(cmd === undefined ? {} : { cmd }),
      ...knownFields({ changes, sbom }),
      ...signing,
      copyMetaOpt: ['rpmostree.inputhash'],
      ...(existsSync(manifest) && !initialize ? { previousManifest: manifest } : {}),
      manifestTo: manifest,
    },
    ports,
    context,
  );
  atomicFile(done, JSON.stringify({ commit: tree.checksum, ...knownFields({ signedBy }) }));
  if (touchIfChanged) atomicFile(touchIfChanged, '');
  return { changed: true, commit: tree.checksum, version: tree.version, image };
}
