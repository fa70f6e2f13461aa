// SPDX-License-Identifier: LGPL-2.1-or-later
import type * as Domain from '../../../../shared/domain/index.ts';
import type { ErrorReport } from '../../../../shared/errors/index.ts';
import type { WriterParams } from '../publish/lock.ts';
import type { SigningParams } from '../publish/signing.ts';
import type { ImportBatch } from './import-packages.ts';

export interface ComposeParams extends SigningParams, WriterParams {
  readonly treefile: string;
  readonly repo: string;
  readonly cachedir?: string;
  readonly workdir?: string;
  readonly dryRun?: boolean;
  readonly printOnly?: boolean;
  readonly forceNocache?: boolean;
  readonly cacheOnly?: boolean;
  readonly touchIfChanged?: string;
  readonly writeCommitidTo?: string;
  readonly writeComposejsonTo?: string;
  readonly addMetadataString?: readonly string[];
  readonly addMetadataFromJson?: readonly string[];
  readonly parent?: string;
  readonly noParent?: boolean;
  /** How long one package script, postprocess step or run of dracut may take. */
  readonly scriptTimeoutSeconds?: number;
  /** Write `ostree.sizes`, too: every object's size, for other programs than ours. */
  readonly generateSizes?: boolean;
  /** Write static deltas to the new commit from this many commits before it. */
  readonly staticDeltas?: number;
  /** A root file system whose repositories, variables and version are taken where the treefile says nothing. */
  readonly sourceRoot?: string;
  /** Stop when the packages are downloaded and imported; or when they are downloaded. */
  readonly downloadOnly?: boolean;
  readonly downloadOnlyRpms?: boolean;
  /** Address of a proxy for HTTP. */
  readonly proxy?: string;
  readonly disableSelinux?: boolean;
  /** What to compare with, instead of the parent: a commit of the repository, or an input hash; and the version to count on from. */
  readonly previousCommit?: string;
  readonly previousInputhash?: string;
  readonly previousVersion?: string;
  /** Lockfiles; of a package that several name, the last one's word holds. */
  readonly lockfiles?: readonly string[];
  readonly lockfileStrict?: boolean;
  readonly writeLockfileTo?: string;
  /** Repository of the treefile's ostree-layers, instead of the one composed into. */
  readonly layerRepo?: string;
}

/** A treefile, or what an editor has of it and isn't saved yet. */
export interface DraftParams {
  readonly treefile: string;
  /** Taken for the file's content. */
  readonly text?: string;
}

export interface ResolveParams extends DraftParams {
  /** Repository to compare with. */
  readonly repo?: string;
  readonly cachedir?: string;
  readonly cacheOnly?: boolean;
}

/** `compose install` and `compose rootfs`: `repo` only to look up the branch's last commit. */
export interface InstallParams extends Omit<ComposeParams, 'repo' | keyof SigningParams | 'staticDeltas' | 'generateSizes'> {
  readonly repo?: string;
  /** DESTDIR of install, DEST of rootfs. */
  readonly destination: string;
  /** install: postprocess, too. */
  readonly postprocess?: boolean;
}

export interface InstallOutcome {
  readonly rootfs: string;
  readonly version: string;
  readonly packageCount: number;
  readonly imported: number;
  readonly cached: number;
  readonly seconds: Readonly<Record<string, number>>;
}

export interface PostprocessParams {
  readonly rootfs: string;
  readonly treefile?: string;
}

export interface CommitRootfsParams extends ComposeParams {
  readonly rootfs: string;
}

export interface ExtensionsParams {
  readonly treefile: string;
  /** Path of the extensions file. */
  readonly extensions: string;
  /** Where `baseRev` (default: the treefile's branch) is. */
  readonly repo?: string;
  readonly baseRev?: string;
  /** A root file system whose RPM database says what the base is, instead of `repo` and `baseRev`. */
  readonly rootfs?: string;
  /** Default: `extensions`. */
  readonly outputDir?: string;
  readonly cachedir?: string;
  readonly cacheOnly?: boolean;
  readonly touchIfChanged?: string;
}

export interface ExtensionsOutcome {
  readonly changed: boolean;
  readonly outputDir: string;
  /** NEVRAs of the fetched packages. */
  readonly packages: readonly string[];
}

export interface ComposeOutcome {
  /** False: same input hash as the parent, no commit made. */
  readonly changed: boolean;
  readonly checksum: string;
  readonly ref: string;
  readonly version: string;
  readonly inputhash: string;
  readonly packageCount: number;
  readonly imported: number;
  readonly cached: number;
  readonly seconds: Readonly<Record<string, number>>;
  /** --dry-run / --print-only output. */
  readonly text?: string;
}

/** Jobs that compose; part of Jobs in jobs/catalogue.ts. */
export interface ComposeJobs {
  'compose.install': { params: InstallParams; result: InstallOutcome };
  'compose.rootfs': { params: InstallParams; result: InstallOutcome };
  'compose.postprocess': { params: PostprocessParams; result: { readonly kernel: string } };
  'compose.commit': { params: CommitRootfsParams; result: ComposeOutcome };
  'compose.extensions': { params: ExtensionsParams; result: ExtensionsOutcome };
  'compose.tree': { params: ComposeParams; result: ComposeOutcome };
  /** (read) The keys that a treefile may have. */
  'compose.keys': { params: Record<string, never>; result: readonly Domain.TreefileKey[] };
  /** (read) Everything that is wrong with a treefile, as far as reading it tells. */
  'compose.check': { params: DraftParams & { readonly text: string }; result: Domain.ComposeCheck };
  /** (read) What of a treefile somebody else than `uid` and root has written, or may. */
  'compose.foreign': { params: { readonly treefile: string; readonly uid: number; readonly gid: number }; result: readonly ErrorReport[] };
  /** (read) Names of the packages that a treefile's repositories have (network: metadata). */
  'compose.packages': { params: DraftParams & { readonly cachedir?: string }; result: readonly Domain.AvailablePackage[] };
  /** (read) What compose.tree would make, and how that differs from the last commit (network: metadata). */
  'compose.resolve': { params: ResolveParams; result: Domain.ComposePlan };
  /** (read) Commits of a branch, newest first. */
  'compose.releases': {
    params: { readonly repo: string; readonly ref: string; readonly limit: number };
    result: readonly Domain.ComposeRelease[];
  };
  /** (read) What a commit changes against its parent. */
  'compose.release': {
    params: { readonly repo: string; readonly checksum: string };
    result: { readonly packages: readonly Domain.PackageChange[]; readonly advisories: readonly Domain.Advisory[] };
  };
  /** Make an archive repository in an empty or missing directory. */
  'compose.create-repo': { params: { readonly repo: string }; result: { readonly repo: string } };
  /** Part of compose.tree: import packages into the cache; a message per imported package. */
  'compose.import': { params: ImportBatch; result: { readonly imported: number } };
}
