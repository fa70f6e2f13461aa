// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { kernelVersions } from '../build/kernel.ts';
import { requireRoot } from '../build/compose.ts';
import { osReleaseOf } from '../build/os-release.ts';
import { databaseOf, requireTree } from '../build/rootfs.ts';
import { pkglistOfPackages } from '../../base/diff/index.ts';
import type { JobContext } from '../../base/ports/job.ts';
import { type SigningParams, signingOf } from '../publish/signing.ts';
import type { ComposeStore, SystemPort } from '../../base/ports/compose-store.ts';
import type { CommitDirectory, ReadAttributes } from '../../base/ports/container.ts';
import { Tree } from '../../base/tree/index.ts';
import { encapsulate, type EncapsulateOutcome, type EncapsulateParams, type EncapsulatePorts } from './encapsulate.ts';
import { signingKeyFor } from './image-signing.ts';
import { openImage } from './image-places.ts';
import { parseReference, referenceText, storedImage } from '../../images/reference.ts';
import { restoreAttributes, unpackImage, type UnpackSystem } from './unpack.ts';

export interface ChunkedParams
  extends
    SigningParams,
    Pick<
      EncapsulateParams,
      | 'labels'
      | 'maxLayers'
      | 'formatVersion'
      | 'authfile'
      | 'insecure'
      | 'retries'
      | 'changes'
      | 'sbom'
      | 'signBySigstorePrivateKey'
      | 'signPassphraseFile'
    > {
  /** One of the two: a root file system, or an image of one. */
  readonly rootfs?: string;
  readonly from?: string;
  /** TRANSPORT:TARGET. */
  readonly output: string;
  /** Tag of the output when that names none. Default latest. */
  readonly reference?: string;
  /** An image whose layers are kept where they still fit. Default: what is at `output` now. */
  readonly previousBuild?: string;
}

export interface ChunkedPorts extends EncapsulatePorts {
  readonly store: Pick<ComposeStore, 'variant'>;
  readonly system: Pick<SystemPort, 'getAttribute' | 'setAttribute' | 'removeAttributes'> & UnpackSystem;
  readonly commitDirectory: CommitDirectory;
  readonly readAttributes: ReadAttributes;
  /** Unix seconds. */
  readonly now: () => number;
}

/** Filled when a system or container runs: nothing of it belongs to an image. `/sysroot` of an image holds the repository it was made of. */
const runtime = ['sysroot', 'proc', 'sys', 'dev', 'run', 'tmp'];

/**
 * `compose build-chunked-oci`: an image for bootc of a finished root file system, its layers by the packages of its RPM database. The tree becomes a
 * commit in a repository that is gone afterwards; the root file system isn't changed.
 */
export async function buildChunked(params: ChunkedParams, ports: ChunkedPorts, context: JobContext): Promise<EncapsulateOutcome> {
  requireRoot();
  if ((params.rootfs === undefined) === (params.from === undefined))
    throw new TreelineError('usage.invalid', { detail: 'One of --rootfs and --from says what the image is made of' });
  const image = outputOf(params);
  const signing = signingOf(params);
  // before the work
  signingKeyFor(params, image);
  // as large as the system: not in /tmp, which may be in memory
  const scratch = mkdtempSync(path.join(process.env['TMPDIR'] ?? '/var/tmp', 'treeline-chunked-'));
  try {
    const source =
      params.from === undefined ? { root: rootOf(params.rootfs ?? '') } : await fromImage(params.from, params, scratch, ports, context);
    using tree = new Tree(source.root, { system: ports.system });
    const database = databaseOf(tree);
    if (database === undefined) throw new TreelineError('container.no-database', { subject: params.from ?? source.root });
    const packages = ports.rpm.readRpmdb({ root: source.root, dbPath: database });
    const version = params.labels?.['org.opencontainers.image.version'] ?? versionOf(tree);
    const kernel = kernelVersions(tree)[0];
    const { variant } = ports.store;
    const left = new Set<string>();
    const repo = path.join(scratch, 'repo');
    const revision = context.task('Committing the root file system', () =>
      ports.commitDirectory(repo, {
        directory: source.root,
        consume: params.from !== undefined,
        wanted: (file, isSpecial) => {
          const [, top = '', below] = file.split('/');
          if (below === undefined ? !isSpecial : !runtime.includes(top) && !isSpecial) return true;
          if (top !== 'sysroot') left.add(isSpecial && !runtime.includes(top) ? file : `/${top}`);
          return false;
        },
        subject: version,
        metadata: new Map([
          ...(kernel === undefined
            ? []
            : [['ostree.bootable', variant('b', true)] as const, ['ostree.linux', variant('s', kernel)] as const]),
          ['rpmostree.rpmdb.pkglist', variant('a(sssss)', pkglistOfPackages(packages))],
          ...(version === '' ? [] : [['version', variant('s', version)] as const]),
        ]),
        timeSeconds: ports.now(),
        signing,
      }),
    );
    if (left.size > 0) context.message(`Left out, because it belongs to a running system: ${[...left].sort().slice(0, 10).join(', ')}`);
    const { labels, previousBuild } = params;
    return await encapsulate(
      {
        ...params,
        repo,
        revision,
        image,
        isDefaultTag: params.reference === undefined && parseReference(params.output).tag === undefined,
        labels: { 'containers.bootc': '1', ...labels },
        ...(source.config === undefined ? {} : { imageConfig: source.config }),
        ...(previousBuild === undefined ? {} : { previousImage: imageText(previousBuild) }),
      },
      ports,
      context,
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The place to write to, with a tag. */
function outputOf({ output, reference }: ChunkedParams): string {
  const place = parseReference(output);
  if (place.transport === 'oci' || place.transport === 'oci-archive') {
    if (place.tag !== undefined && reference !== undefined && place.tag !== reference)
      throw new TreelineError('usage.invalid', {
        subject: '--reference',
        detail: `--output has the tag “${place.tag}” and --reference another`,
      });
    return referenceText({ ...place, tag: place.tag ?? reference ?? 'latest' });
  }
  const isTagged = /:[^/]*$|@/.test(place.name);
  if (isTagged && reference !== undefined)
    throw new TreelineError('usage.invalid', { subject: '--reference', detail: '--output has a tag already' });
  return isTagged || reference === undefined ? output : `${output}:${reference}`;
}

function rootOf(directory: string): string {
  const root = path.resolve(directory);
  requireTree(root);
  return root;
}

/** Images that skopeo and this command can't read as a root file system, and what to do instead. */
const refused: Readonly<Record<string, string>> = {
  ostree: 'take the commit: treeline compose container-encapsulate',
  sif: 'copy it to a registry or to oci: first',
  tarball: 'unpack it and use --rootfs',
};

/** An image's name as a reference. Throws usage.invalid for what can't be read. */
function imageText(image: string): string {
  const transport = /^[a-z-]+(?=:)/.exec(image)?.[0] ?? '';
  const instead = refused[transport];
  if (instead !== undefined)
    throw new TreelineError('usage.invalid', { subject: image, detail: `${transport}: images can’t be read here; ${instead}` });
  return storedImage(image);
}

/** Unpack an image. `config`: a file with what a container of it is run with. */
async function fromImage(
  from: string,
  params: ChunkedParams,
  scratch: string,
  ports: ChunkedPorts,
  context: JobContext,
): Promise<{ readonly root: string; readonly config?: string }> {
  const { oci, manifest } = await openImage(imageText(from), scratch, { ...params, convert: true });
  const root = path.join(scratch, 'root');
  await unpackImage(oci, manifest, root, context, ports.system);
  using tree = new Tree(root, { system: ports.system });
  if (!tree.exists('usr', 'usr')) throw new TreelineError('usage.invalid', { subject: from, detail: `${from} holds no /usr` });
  restoreAttributes(tree, ports.readAttributes);
  const config = path.join(scratch, 'config.json');
  writeFileSync(config, JSON.stringify(oci.config(manifest).config ?? {}));
  return { root, config };
}

/** What compose wrote into os-release(5); '' when it didn't make this tree. */
function versionOf(tree: Tree): string {
  return /^OSTREE_VERSION=["']?([^"'\n]*)/m.exec(osReleaseOf(tree)?.text ?? '')?.[1] ?? '';
}
