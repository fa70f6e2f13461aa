// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import type { ChangelogEntry, PackageDetails } from '../../../../shared/domain/index.ts';

/** RPMFILE_* of rpm/rpmfiles.h: what a file of a package is. */
export const rpmFileFlag = {
  config: 1 << 0,
  doc: 1 << 1,
  missingOk: 1 << 3,
  noReplace: 1 << 4,
  ghost: 1 << 6,
  license: 1 << 7,
  readme: 1 << 8,
  artifact: 1 << 12,
} as const;

/** One file of a package, as its header describes it. A payload knows less: owners by name, capabilities and digests are here only. */
export interface RpmFile {
  /** Absolute, checked: no `.`, `..` or empty components, valid UTF-8. */
  readonly path: string;
  /** st_mode with the type bits. */
  readonly mode: number;
  readonly user: string;
  readonly group: string;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  /** Of symbolic links, else ''. */
  readonly linkTarget: string;
  /** Text form of capabilities(7), e.g. `cap_net_raw=p`; '' for none. */
  readonly caps: string;
  /** Lower-case hex, by the package's `fileDigestAlgo`; '' for what isn't a regular file. */
  readonly digest: string;
  /** Bits of rpmFileFlag. */
  readonly flags: number;
  readonly inode: number;
  /** Device the inode belongs to; (device, inode) identifies a group of hard links. */
  readonly device: number;
  /** Device number of a device node. */
  readonly rdev: number;
  /** Size of the file's group of hard links; 1 for most. */
  readonly nlink: number;
  /** Index of the first file of the group of hard links (its own index when nlink is 1). */
  readonly linkGroup: number;
  /** IMA signature of the content (`rpmsign --signfiles`), lower-case hex as security.ima holds it; '' for none. */
  readonly signature: string;
  /** Language for install-langs, e.g. `de` or `pt|pt_BR`; '' for none. */
  readonly lang: string;
}

/** RPMSCRIPT_FLAG_* of rpm: how a script's text is prepared when it runs (`%post -e`, `%post -q`). */
export const scriptFlag = { expand: 1 << 0, queryFormat: 1 << 1, critical: 1 << 2 } as const;

export interface RpmDependency {
  readonly name: string;
  /** RPMSENSE_* bits of rpm/rpmds.h; 2 less, 4 greater, 8 equal. */
  readonly flags: number;
  /** `[epoch:]version[-release]`, '' without a comparison. */
  readonly version: string;
}

export type ScriptletPhase = 'pretrans' | 'pre' | 'post' | 'preun' | 'postun' | 'posttrans' | 'preuntrans' | 'postuntrans' | 'verify';

export interface RpmScriptlet {
  readonly phase: ScriptletPhase;
  /** Program and its arguments; `<lua>` for the embedded interpreter. /bin/sh when the package names none. */
  readonly interpreter: readonly string[];
  /** May be empty: `%post -p /sbin/ldconfig`. */
  readonly body: string;
  /** Bits of scriptFlag. */
  readonly flags: number;
}

export interface RpmTrigger {
  readonly kind: 'package' | 'file' | 'transfile';
  /** in, un, postun, prein: when it runs. */
  readonly when: readonly ('in' | 'un' | 'postun' | 'prein')[];
  /** Package names (with versions) or path prefixes. */
  readonly conditions: readonly RpmDependency[];
  readonly interpreter: readonly string[];
  readonly body: string;
  readonly flags: number;
  /** File triggers run from high to low; rpm's default is 1000000. */
  readonly priority: number;
}

export interface RpmPayload {
  /** `cpio` for all packages seen so far. */
  readonly format: string;
  /** gzip, bzip2, xz, lzma, zstd, or `none`. */
  readonly compressor: string;
  /** Where the compressed payload begins in the package file, in bytes. */
  readonly offsetBytes: number;
  /** Its entries hold file indexes instead of names (magic `07070X`; rpm 6 packages and those with files over 4 GiB). */
  readonly stripped: boolean;
  /** Hex SHA-256 of the compressed payload; '' in old packages. */
  readonly digest: string;
}

/** A binary package, as its header describes it. */
export interface RpmHeader extends PackageDetails {
  /** Of the package file, where there is one: installed packages have none. */
  readonly path?: string;
  readonly summary: string;
  readonly license: string;
  readonly sourceRpm: string;
  readonly installedSizeBytes: number;
  readonly buildTimeSeconds: number;
  readonly files: readonly RpmFile[];
  /** PGPHASHALGO number of `files[].digest`: 1 MD5, 2 SHA-1, 8 SHA-256, 10 SHA-512. */
  readonly fileDigestAlgo: number;
  readonly requires: readonly RpmDependency[];
  readonly provides: readonly RpmDependency[];
  readonly conflicts: readonly RpmDependency[];
  readonly obsoletes: readonly RpmDependency[];
  readonly scriptlets: readonly RpmScriptlet[];
  readonly triggers: readonly RpmTrigger[];
  readonly changelog: readonly ChangelogEntry[];
  /** Header as librpm exports it (without the 8 bytes of magic), signature tags merged in. */
  readonly header: Buffer;
}

/** A binary package file. */
export interface RpmPackage extends RpmHeader {
  readonly path: string;
  /** Format of the file: 3, 4 or 6. */
  readonly formatVersion: number;
  readonly payload: RpmPayload;
}

export type SignatureOutcome = 'ok' | 'unsigned' | 'invalid' | 'key-missing';

export interface PackageVerification {
  readonly outcome: SignatureOutcome;
  /** Ids of the signing keys, lower-case hex, 16 digits; empty when unsigned. */
  readonly keyIds: readonly string[];
  /** librpm's words about a bad one. */
  readonly detail: string;
}

/** Database formats that librpm 4.16 and later can write (`%_db_backend`). */
export type RpmdbBackend = 'sqlite' | 'ndb';

export interface WriteRpmdbOptions {
  /** Root of the tree. */
  readonly root: string;
  /** Inside the tree, e.g. `/usr/share/rpm`. */
  readonly dbPath: string;
  /** Package files; the database holds them in the order of their NEVRA, whatever the order here. */
  readonly packages: readonly string[];
  /** Default sqlite. */
  readonly backend?: RpmdbBackend;
  /** There is a database already, and the packages are added to it, in its format. Its files may be hard links: what they link to stays as it is. */
  readonly onto?: true;
  /** With `onto`: NEVRAs of packages that the new database hasn't any more. */
  readonly without?: readonly string[];
  /** Package file -> paths of its files that aren't in the tree (documentation, languages): their state says so, and `rpm -V` is content. */
  readonly leftOut?: ReadonlyMap<string, ReadonlySet<string>>;
  /** Unix time written as INSTALLTIME and INSTALLTID of all packages, so that two runs give the same database. */
  readonly installTimeSeconds: number;
  /** Called after each package. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface ReadRpmdbOptions {
  /** Default '/'. */
  readonly root?: string;
  readonly dbPath: string;
  /** Default false. */
  readonly changelogs?: boolean;
  /** Only packages of these names (looked up by index); default all. */
  readonly names?: readonly string[];
}

export interface InstalledPackage extends PackageDetails {
  /** Its files, as the header lists them; only of packages read with changelogs. */
  files?(): readonly Pick<RpmFile, 'path' | 'mode'>[];
  readonly changelog?: readonly ChangelogEntry[];
  /** The entries on top of `old`'s changelog, newest first, when all of that is still below; else undefined. Quick: nothing else is decoded. */
  addedTo?(old: InstalledPackage): readonly ChangelogEntry[] | undefined;
}

/** What the engine asks of librpm; main/native/rpm implements it. */
export interface RpmPort {
  /**
   * Read a binary package's header (its digests are checked, its signatures aren't). Errors: package.corrupt, package.unsupported
   * (source packages, formats librpm can't read), package.bad-file-name.
   */
  readPackage(path: string): RpmPackage;
  /** Verify header and payload against exactly these public keys (armoured or binary; the host's keyring isn't used). */
  verifyPackage(path: string, keys: readonly Uint8Array[]): PackageVerification;
  /** `%_db_backend` of this machine's rpm, or of a macro file. undefined when it isn't set there. */
  databaseBackend(macroFile?: string): string | undefined;
  /** Whether this rpm tells file triggers how many instances of packages there are; older ones say 0. */
  countsForFileTriggers(): boolean;
  /** Write an rpmdb into a tree from package files' headers; nothing is installed, no script runs. */
  writeRpmdb(options: WriteRpmdbOptions): void;
  /** Packages of an rpmdb, sorted by NEVRA, without gpg-pubkey entries. */
  readRpmdb(options: ReadRpmdbOptions): readonly InstalledPackage[];
  /** The same with all that their headers say: files, scripts, triggers. */
  readInstalled(options: Pick<ReadRpmdbOptions, 'root' | 'dbPath'>): readonly RpmHeader[];
}

/** What a package's header is remembered by. */
export const headerDigestOf = (header: Pick<RpmPackage, 'header'>): string => createHash('sha256').update(header.header).digest('hex');
