// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import * as value from './treefile-values.ts';

/**
 * How a key joins the same key of an included file. replace: the including file wins, and of several included files the first; append: the
 * lists are put together, what is included before what includes it; map: as replace, for each name.
 */
export type Merge = 'replace' | 'append' | 'map';

export interface KeySpec<S extends z.ZodType = z.ZodType> {
  readonly schema: S;
  readonly merge: Merge;
  /** It names files beside the treefile: what they hold is part of what a tree is made from. */
  readonly namesFiles: boolean;
  /** One or two sentences for the reference, the JSON Schema and the editor. */
  readonly about: string;
}

const key = <S extends z.ZodType>(about: string, schema: S, merge: Merge = 'replace', namesFiles = false): KeySpec<S> => ({
  schema: schema.describe(about),
  merge,
  namesFiles,
  about,
});
const fileKey = <S extends z.ZodType>(about: string, schema: S, merge?: Merge): KeySpec<S> => key(about, schema, merge, true);
const { word, text, texts, words, flag } = value;

const identity = {
  edition: key(
    'Which defaults hold: 2014 (default) or 2024, see the section on editions.',
    z.union([z.literal(2014), z.literal(2024), z.enum(['2014', '2024']).transform(Number)]),
  ),
  ref: key('The branch to commit to. Variables are replaced. Without one, a commit is written that no branch points at.', word),
  metadata: key('Free notes for other programs; not used. Variables are replaced in strings.', z.record(text, z.unknown()), 'map'),
  basearch: key('Architecture that the tree is for. Another one than the machine’s is refused.', word),
  variables: key('Names with values for `${name}` and for conditions.', value.variables, 'map'),
  repovars: key('Values of `$name` in .repo files.', value.repovars, 'map'),
  releasever: key('Value of `$releasever` in .repo files and of the variable.', value.textOrNumber),
  rojig: key(
    'Obsolete: no RPM is made of the commit. It is only printed by --print-only, where other programs look up the name. Variables are replaced.',
    value.rojig,
  ),
  'gpg-key': key('Sign with this GPG key, besides those of the command line.', word),
};

const repos = {
  repos: key('Ids of repositories, from .repo files beside the treefile. Without it, all that these files enable.', words, 'append'),
  'lockfile-repos': key('Repositories that only locked packages may come from.', words, 'append'),
  'repo-metadata': key('Where `rpmostree.rpmmd-repos` goes: inline (default) in the commit, detached, or disabled.', value.metadataPlace),
  'advisories-metadata': key('The same for `rpmostree.advisories`.', value.metadataPlace),
};

const includes = {
  include: fileKey('Treefiles to build on, relative to this one.', value.oneOrMore),
  'arch-include': fileKey('The same for one architecture: architecture to files.', z.record(text, value.oneOrMore)),
  'conditional-include': fileKey(
    'Files, or a treefile written here, to include `if` conditions on variables hold (== != < <= > >=; of a list, all).',
    value.conditionalInclude,
  ),
};

const content = {
  packages: key(
    'Packages to install: names, globs, NEVRAs, provides; entries are split at blanks, single quotes keep a version query together.',
    value.packageList,
    'append',
  ),
  'repo-packages': key('Packages that come from one certain repository.', value.repoPackages, 'append'),
  'platform-module': key(
    'The platform that modules of repositories are for, `platform:el8`: their default streams for it are used. By default what the repositories themselves say. Variables are replaced.',
    word,
  ),
  'bootstrap-packages': key('Deprecated: the same as packages.', value.packageList, 'append'),
  'exclude-packages': key(
    'Packages that may not be in the tree: an error if something needs one, else left out.',
    value.packageList,
    'append',
  ),
  'ostree-layers': key(
    'Trees of the repository (or of --layer-repo) to put over the packages; a file that is there already is an error.',
    words,
    'append',
  ),
  'ostree-override-layers': key('The same, replacing files that are there.', words, 'append'),
  recommends: key('Also install what packages recommend (default true).', flag),
  documentation: key('Install files marked as documentation (default true).', flag),
  'install-langs': key('Languages whose files are installed (default: all).', words, 'append'),
  container: key('A tree without kernel and bootloader (default false). Also makes the defaults tmp-is-dir true and selinux false.', flag),
  'container-cmd': key('The command of a container made from the tree.', texts),
};

const integrity = {
  selinux: key('Label files by the tree’s own policy (default true).', flag),
  'selinux-label-version': key('1 (default): label /usr/etc as /etc; 0: by the policy alone.', z.number().int().min(0).max(1)),
  ima: key('Keep IMA signatures of files (default false).', flag),
  'ignore-devices': key('Leave device nodes out (default true); false: they are an error.', flag),
  sysusers: key(
    'Users of sysusers.d are made while composing; compose-auto and compose-forced are the same here.',
    z.enum(['compose-auto', 'compose-forced']),
  ),
};

const layout = {
  'boot-location': key(
    'new: kernel also in /usr/lib/ostree-boot (default of 2014); modules: in /usr/lib/modules only (default of 2024); kernel-install: left to it.',
    z.enum(['new', 'modules', 'kernel-install']),
  ),
  'tmp-is-dir': key('/tmp is a directory (default of 2024) instead of a link to /sysroot/tmp (default of 2014).', flag),
  'opt-usrlocal': key(
    '/opt and /usr/local: var (default) links into /var, root plain directories, state-overlay overlays.',
    z.enum(['var', 'root', 'state-overlay', 'stateoverlay']),
  ),
  'opt-usrlocal-overlays': key('Older way to write `opt-usrlocal: state-overlay` (true).', flag),
  'initramfs-args': key('Arguments for dracut.', texts, 'append'),
  'no-initramfs': key('Make no initramfs (default false).', flag),
  'readonly-executables': key('Take the write bits of executables away (default false).', flag),
  'machineid-compat': key('An empty /etc/machine-id (default true), or none.', flag),
  units: key(
    'systemd units to enable. They need an /etc/machine-id (machineid-compat): without one, systemd enables by preset at the first start.',
    words,
    'append',
  ),
  'default-target': key('The default systemd target: what /usr/lib/systemd/system/default.target links to.', word),
  cliwrap: key('Put wrappers over rpm, dnf, yum and kernel-install, which then only look (default false).', flag),
  'cliwrap-binaries': key('Put wrappers over these programs only.', words, 'append'),
};

const versioning = {
  'automatic-version-prefix': key(
    'Count versions: PREFIX, PREFIX.1 ...; `<date:%Y%m%d>` is replaced, then the count begins with .0. Variables are replaced.',
    word,
  ),
  'automatic-version-suffix': key('What stands before the count (default `.`).', text.length(1)),
  'mutate-os-release': key('Put the version in place of this text into os-release. Variables are replaced.', text),
  'add-commit-metadata': key('Metadata of the commit. Variables are replaced in strings.', z.record(text, z.unknown()), 'map'),
};

const users = {
  'etc-group-members': key('Groups that stay in /etc/group, for people to be members of.', words, 'append'),
  'preserve-passwd': key('Keep the ids of the previous commit (default true).', flag),
  'check-passwd': fileKey('Compare users with the previous commit (default), a file, or entries written here; or none.', value.userCheck),
  'check-groups': fileKey('The same for groups.', value.userCheck),
  'ignore-removed-users': key('Users that may vanish; `*` for all.', words, 'append'),
  'ignore-removed-groups': key('Groups that may vanish; `*` for all.', words, 'append'),
};

const edits = {
  'postprocess-script': fileKey('A script, beside the treefile, to run in the finished tree after all of `postprocess`.', word),
  postprocess: key('Scripts written here to run in the finished tree.', texts, 'append'),
  'add-files': fileKey(
    'Files to copy into the tree: [source beside the treefile, or any other that whoever composes can read; target].',
    value.addFiles,
    'append',
  ),
  'remove-files': key('Files to remove from the tree, before `add-files` and `postprocess`.', words, 'append'),
  'remove-from-packages': key('Files to leave out of a package: [package, regular expression ...].', value.removeFromPackages, 'append'),
};

const database = {
  rpmdb: key(
    'Format of the RPM database: what the tree’s own rpm uses (target, default), or what Treeline’s does (host).',
    z.enum(['target', 'host', 'sqlite', 'bdb', 'b-d-b', 'ndb']),
  ),
  'rpmdb-normalize': key('Taken without effect: the database is the same byte for byte for the same packages anyway.', flag),
};

/** Keys in groups, as the reference shows them. `packages-$arch` is added by the reader. */
export const keyGroups: Readonly<Record<string, Readonly<Record<string, KeySpec>>>> = {
  'Identity and controls': identity,
  Repositories: repos,
  Includes: includes,
  Content: content,
  'SELinux and integrity': integrity,
  'Layout and boot': layout,
  Versioning: versioning,
  Users: users,
  Edits: edits,
  'RPM database': database,
};

const all = {
  ...identity,
  ...repos,
  ...includes,
  ...content,
  ...integrity,
  ...layout,
  ...versioning,
  ...users,
  ...edits,
  ...database,
};

/** Every key with the check of its value. */
export const treefileKeys: Readonly<Record<string, KeySpec>> = all;

export type TreefileKeyName = keyof typeof all;
/** What a key's value is after its check. */
export type WrittenValue<K extends TreefileKeyName> = z.output<(typeof all)[K]['schema']>;

/** Old spellings that are still taken. */
export const aliases: Readonly<Record<string, string>> = {
  gpg_key: 'gpg-key',
  boot_location: 'boot-location',
  default_target: 'default-target',
  automatic_version_prefix: 'automatic-version-prefix',
  bootstrap_packages: 'bootstrap-packages',
  repo_metadata: 'repo-metadata',
};

const ofClient =
  'is for a client’s origin: it says what one machine changes about the tree that it gets, and means nothing when a tree is composed';
const modules =
  'chose modules of a package repository, which distributions gave up; set platform-module for default streams, or module_hotfixes=1 in the .repo file to take packages as they are';

/** Keys of rpm-ostree that are refused, each with the reason. */
export const refusedKeys: Readonly<Record<string, string>> = {
  modules,
  'base-refspec': ofClient,
  'container-image-reference': ofClient,
  'packages-local': ofClient,
  'packages-local-fileoverride': ofClient,
  'override-remove': ofClient,
  'ex-override-replace': ofClient,
  'override-replace': ofClient,
  'override-replace-local': ofClient,
  initramfs: ofClient,
  custom: ofClient,
  'override-commit': ofClient,
  'unconfigured-state': ofClient,
};
