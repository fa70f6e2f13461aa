// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ErrorReport } from '../../../../shared/errors/index.ts';
import type { Advisory, AvailablePackage, FoundPackage, PackageDetails, Progress } from '../../../../shared/domain/index.ts';

/** One section of a .repo file (yum.conf(5), "[repository] OPTIONS"). */
export interface RepoDefinition {
  readonly id: string;
  readonly name: string;
  readonly baseurl: readonly string[];
  readonly metalink?: string;
  readonly mirrorlist?: string;
  readonly enabled: boolean;
  readonly gpgcheck: boolean;
  /** Paths or file:// or http(s):// addresses of ASCII-armoured keys, as written. */
  readonly gpgkey: readonly string[];
  /** Keys that the section names and that aren't used: files that the system hasn't got, addresses of keys that nobody has imported. */
  readonly absentKeys?: readonly string[];
  readonly excludes: readonly string[];
  readonly priority?: number;
  readonly cost?: number;
  /** When it can't be reached, it is named among the warnings and left out (skip_if_unavailable on a system; a compose takes no notice of it). */
  readonly mayBeSkipped?: boolean;
  /** Options that are libdnf's business alone (sslverify, proxy, ...), passed through. */
  readonly other: Readonly<Record<string, string>>;
  /** Only locked packages may come from it (lockfile-repos). */
  readonly lockedOnly?: boolean;
  readonly file: string;
  readonly line: number;
}

/** A package that must be taken in exactly this build. */
export interface PackageLock {
  readonly name: string;
  /** `[epoch:]version-release`, of any architecture; or with `.arch` behind. */
  readonly evr?: string;
  readonly evra?: string;
  /** `algorithm:hex` of the package file. */
  readonly digest?: string;
  /** The lockfile, for errors. */
  readonly file: string;
  readonly line: number;
}

export interface ResolveRequest {
  /** Directory for metadata, solv files and downloaded packages; kept between runs. */
  readonly cachedir: string;
  readonly repos: readonly RepoDefinition[];
  /** Value of $releasever; '' when the treefile has none. */
  readonly releasever: string;
  /** Names, globs, NEVRAs, provides or file paths. */
  readonly packages: readonly string[];
  /** Packages that come from one certain repository; another one's of the same name aren't used. */
  readonly repoPackages?: readonly { readonly repo: string; readonly packages: readonly string[] }[];
  readonly excludes: readonly string[];
  readonly recommends: boolean;
  /** A tree on which the packages come: its database says what is there already, and stays as it is. */
  readonly base?: {
    readonly root: string;
    /** Inside the tree. */
    readonly dbPath: string;
    /** Names of packages that are left out of it. */
    readonly without?: readonly string[];
    /** Packages of it that come from one certain repository instead, whatever version that has; those that it hasn't are passed over. */
    readonly replace?: readonly { readonly repo: string; readonly packages: readonly string[] }[];
  };
  /** Packages that are installed exactly as they are, also over other versions of the base. */
  readonly files?: readonly PackageFile[];
  /** `name:stream` that modules of repositories are for; without it, what the repositories say of themselves. */
  readonly platformModule?: string;
  readonly locks?: readonly PackageLock[];
  /** Nothing but locked packages may be installed. */
  readonly lockedOnly?: boolean;
  /** Never touch the network. */
  readonly cacheOnly?: boolean;
  readonly proxy?: string;
}

/** A package that a person brought. Its lead, signature and header suffice: nothing else of it is read. */
export interface PackageFile {
  readonly path: string;
  /** `name-[epoch:]version-release.arch` */
  readonly nevra: string;
  /** Hex SHA-256 of lead, signature and header. */
  readonly sha256: string;
}

export interface ResolvedPackage extends PackageDetails {
  /** `name-[epoch:]version-release.arch`. */
  readonly nevra: string;
  readonly repo: string;
  /** Where the file is, or will be after fetch(). */
  readonly path: string;
  /** False: it is used in place (file:// repository). */
  readonly remote: boolean;
  readonly downloadBytes: number;
  /** Digest of the whole file from the repository's metadata, e.g. sha256; of a local package of what is kept of it. */
  readonly digest: { readonly algorithm: string; readonly hex: string };
  /** It is a PackageFile: no repository vouches for it. */
  readonly isLocal?: boolean;
}

/** A package of the base that wouldn't stay as it is. */
export interface Displaced {
  /** NEVRA. */
  readonly installed: string;
  /** NEVRA of what would take its place; missing: it would be gone. */
  readonly by?: string;
}

/** A request that the base fulfils. */
export interface Provided {
  readonly spec: string;
  /** NEVRA. */
  readonly by: string;
}

/** A wish to replace packages of the base by those of a repository. */
export interface Replacing {
  readonly repo: string;
  readonly spec: string;
  /** Names of the base's packages that it is about; none: the base hasn't any. */
  readonly names: readonly string[];
}

/** A solved transaction, with the repositories still open for fetching. */
export interface Resolution extends Disposable {
  /** Sorted by name, then EVR, then architecture. */
  readonly packages: readonly ResolvedPackage[];
  /** When each used repository's metadata was generated, Unix seconds. */
  readonly repos: readonly { readonly id: string; readonly timestamp: number }[];
  /** Requests that need nothing. */
  readonly provided: readonly Provided[];
  /** What the packages would replace or remove of the base: unless somebody asked for it, nothing may be done then. */
  readonly displaced: readonly Displaced[];
  /** What became of each wish to replace packages of the base by a repository's. */
  readonly replacing: readonly Replacing[];
  /** What is worth saying and didn't matter: locked builds that no repository has, repositories that were left out. */
  readonly warnings: readonly ErrorReport[];
  /** Advisories that ship exactly one of the packages; with `older`, also those that ship an older build of one (a skipped release's). */
  advisories(older?: boolean): Advisory[];
  /** Names of packages that ask for (or recommend) one of them, of `packages` alone; by NEVRA. */
  neededBy(): ReadonlyMap<string, readonly string[]>;
  /** Download the packages that are remote and not there yet. Throws `rpmmd.unreachable` or `package.corrupt`. */
  fetch(packages: readonly ResolvedPackage[], progress: (done: Pick<Progress, 'bytesDone' | 'bytesTotal'>) => void): void;
}

/**
 * Resolve by libdnf. Throws package.not-found, package.excluded, package.hidden-by-module, lockfile.not-locked, lockfile.package-missing, lockfile.digest-mismatch, package.dependency-missing, package.conflict, rpmmd.unreachable
 * or rpmmd.corrupt, each naming the package, requirement or repository.
 */
export type Resolver = (request: ResolveRequest) => Resolution;

export type CatalogRequest = Pick<ResolveRequest, 'cachedir' | 'repos' | 'releasever' | 'excludes' | 'cacheOnly' | 'platformModule'>;

/** The newest build of every package name of the repositories, sorted by name; source packages left out. Throws rpmmd.unreachable, rpmmd.corrupt. */
export type Catalog = (request: CatalogRequest) => AvailablePackage[];

/** Which packages of repositories are meant: by name, NEVRA, provide or glob; by what they provide, files too; by words in names and summaries; by exact name in each repository. */
export interface PackageQuery {
  readonly kind: 'names' | 'provides' | 'search' | 'versions';
  readonly words: readonly string[];
}

export interface FindRequest extends Pick<CatalogRequest, 'cachedir' | 'repos' | 'releasever'> {
  readonly query: PackageQuery;
  /** A directory of the caller's own for this one look; others may be at work in `cachedir` meanwhile. */
  readonly scratch: string;
}

/** The newest build of each name and architecture that fits, out of metadata that is here: nothing is fetched. Throws rpmmd.unreachable, rpmmd.corrupt. */
export type FindPackages = (request: FindRequest) => FoundPackage[];

/** Bring the metadata of one repository up to date, and read it as resolving does. Throws rpmmd.unreachable, rpmmd.corrupt, rpmmd.too-large, disk.full. */
export type RefreshRepo = (request: Pick<CatalogRequest, 'cachedir' | 'releasever'> & { readonly repo: RepoDefinition }) => RefreshedRepo;

export interface RefreshedRepo {
  /** When the server made the metadata, Unix seconds. */
  readonly timestamp: number;
}
