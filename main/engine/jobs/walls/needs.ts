// SPDX-License-Identifier: LGPL-2.1-or-later
import { homedir } from 'node:os';
import path from 'node:path';
import { openCachedir } from '../../compose/build/workdir.ts';
import type { ChunkedParams, EncapsulateParams, ImageParams, UnencapsulateParams } from '../../compose/container/index.ts';
import { storedImage } from '../../images/reference.ts';
import type { DiskParams } from '../../compose/disk/params.ts';
import type { JobName, JobParams } from '../catalogue.ts';
import type { CommitRootfsParams, ComposeParams, ExtensionsParams, InstallParams } from '../../compose/build/params.ts';
import type { SigningParams } from '../../compose/publish/signing.ts';
import { localPathsOf, ofRepos } from './repo-needs.ts';
import type { WalledJob } from './decisions.ts';
import { ofImages, ofTarget, ofTrust } from './image-needs.ts';
import { given, isRoot, isWide, made, parentOf, type Needs } from './places.ts';
import { ofTreefile } from './treefile-needs.ts';

/** What a job needs; or why no walls can be built for these parameters, in one line for people. */
type NeedsOf = { readonly [N in WalledJob]: (params: JobParams<N>) => Needs | string };

/** gpg's home directories, where it makes sockets, too, and where an agent that knows the passphrase listens. */
function ofSigning({ gpgSign = [] }: SigningParams, treefileSigns = false): string[] {
  const home = process.env['GNUPGHOME'] ?? path.join(homedir(), '.gnupg');
  const homes = [...gpgSign.map((key) => key.homedir), ...(gpgSign.length === 0 && treefileSigns ? [undefined] : [])];
  return homes.flatMap((at) => (at === undefined ? [home, `/run/user/${process.getuid?.() ?? 0}/gnupg`] : [at]));
}

function ofCompose(params: Omit<ComposeParams, 'repo'> & { readonly repo?: string }): Needs {
  const { repo, workdir, sourceRoot, layerRepo, lockfiles = [], addMetadataFromJson = [], ed25519KeyFiles = [] } = params;
  const named = ofTreefile(params.treefile, sourceRoot);
  return {
    treefile: named.treefile,
    reads: [
      ...named.reads,
      ...given(sourceRoot),
      ...parentOf(repo),
      ...parentOf(layerRepo),
      ...lockfiles,
      ...addMetadataFromJson,
      ...ed25519KeyFiles,
    ],
    writes: [
      ...(params.printOnly ? [] : [openCachedir(params.cachedir)]),
      ...(workdir === undefined ? [] : [made(workdir)]),
      // opening one writes into it, whoever only reads
      ...given(repo, layerRepo),
      ...ofSigning(params, named.signs),
    ],
  };
}

function ofInstall(params: InstallParams): Needs {
  const { reads, writes } = ofCompose(params);
  return { reads, writes: [...writes, made(params.destination)] };
}

function ofCommit(params: CommitRootfsParams): Needs {
  return { ...ofCompose(params), trees: [params.rootfs] };
}

function ofExtensions(params: ExtensionsParams): Needs {
  const extensions = path.resolve(params.extensions);
  const named = ofTreefile(params.treefile);
  return {
    treefile: named.treefile,
    reads: [
      ...named.reads,
      ...(isWide(path.dirname(extensions)) ? [extensions] : [path.dirname(extensions)]),
      ...given(params.rootfs),
      ...parentOf(params.repo),
    ],
    writes: [openCachedir(params.cachedir), made(params.outputDir ?? 'extensions'), ...given(params.repo)],
  };
}

/** Needs of parts of a job as one's. */
function together(...all: readonly Needs[]): Needs {
  const treefile = all.find((each) => each.treefile)?.treefile;
  return {
    ...(treefile ? { treefile } : {}),
    reads: all.flatMap(({ reads }) => reads),
    writes: all.flatMap(({ writes }) => writes),
    makes: all.flatMap(({ makes }) => makes ?? []),
    isLarge: all.some(({ isLarge }) => isLarge),
  };
}

function ofEncapsulate(params: EncapsulateParams): Needs {
  return together(ofTarget(params, params.image), ofImages(params, params.previousImage, params.compareWith), {
    reads: [...parentOf(params.repo), ...given(params.previousManifest, params.imageConfig)],
    writes: [params.repo],
    isLarge: true,
  });
}

function ofImage(params: ImageParams): Needs {
  const { output, format } = params;
  const image = format === 'registry' ? `docker://${output}` : `${format === 'oci' ? 'oci' : 'oci-archive'}:${output}`;
  return together(ofCompose(params), ofTarget(params, image), { reads: given(params.imageConfig), writes: [], isLarge: true });
}

function ofChunked(params: ChunkedParams): Needs | string {
  if (params.rootfs !== undefined && isRoot(params.rootfs)) return 'the image is made of this machine’s own root file system';
  return together(
    ofTarget(params, params.output),
    ofImages(params, params.previousBuild && storedImage(params.previousBuild), params.from && storedImage(params.from)),
    { reads: [...given(params.rootfs), ...(params.ed25519KeyFiles ?? [])], writes: ofSigning(params), isLarge: true },
  );
}

function ofUnencapsulate(params: Pick<UnencapsulateParams, 'image' | 'repo' | 'authfile'>): Needs {
  return together(ofImages(params, params.image), { reads: parentOf(params.repo), writes: [params.repo], isLarge: true });
}

function ofDisk(params: DiskParams): Needs {
  return {
    reads: [...parentOf(params.repo), ...(params.remote?.keys ?? [])],
    writes: [params.repo, ...(params.workdir === undefined ? [] : [made(params.workdir)])],
    makes: [params.output],
    isLarge: true,
    usesLoopDevices: params.bootloader === 'extlinux',
  };
}

function ofDraft(params: JobParams<'compose.resolve'>): Needs {
  const { reads, treefile } = ofTreefile(params.treefile, undefined, params.text);
  return {
    treefile,
    reads: [...reads, ...parentOf(params.repo)],
    writes: [openCachedir(params.cachedir), ...given(params.repo)],
  };
}

const needsOfWalled: NeedsOf = {
  'compose.tree': ofCompose,
  'compose.install': ofInstall,
  'compose.rootfs': ofInstall,
  'compose.postprocess': ({ rootfs, treefile: file }) => {
    const { reads = [], treefile = undefined } = file === undefined ? {} : ofTreefile(file);
    return { reads, writes: [], trees: [rootfs], ...(treefile ? { treefile } : {}) };
  },
  'compose.commit': ofCommit,
  'compose.extensions': ofExtensions,
  'compose.image': ofImage,
  'compose.encapsulate': ofEncapsulate,
  'compose.build-chunked': ofChunked,
  'compose.unencapsulate': ofUnencapsulate,
  'image.pull': (params) => together(ofUnencapsulate(params), ofTrust(params, params.image)),
  'compose.resolve': ofDraft,
  'compose.packages': ofDraft,
  'disk.create': ofDisk,
  'disk.install-alongside': (params) =>
    isRoot(params.root)
      ? 'the deployment is installed into this machine’s own root file system'
      : { reads: [...parentOf(params.repo), ...(params.remote?.keys ?? [])], writes: [params.repo, params.root], isLarge: true },
  'packages.find': ofRepos,
  'packages.refresh': ofRepos,
  'packages.offered-keys': () => ({ reads: [], writes: [] }),
  'layer.make': ({ repo, cachedir, repos, etc, database }) => ({
    reads: [...parentOf(repo), ...repos.flatMap(localPathsOf), ...given(etc, database)],
    writes: [repo, openCachedir(cachedir)],
    isLarge: true,
  }),
  'layer.import-local': ({ repo, files }) => ({
    reads: [...parentOf(repo), ...files.map(({ path: at }) => at)],
    writes: [repo],
    isLarge: true,
  }),
  'media.create': ({ repo, target }) => ({ reads: parentOf(repo), writes: [repo], makes: [target], isLarge: true }),
};

/** What a job's walls must show it; none where a job isn't put behind walls. */
export const needsOf: { readonly [N in JobName]?: (params: JobParams<N>) => Needs | string } = needsOfWalled;
