// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { loadRepos } from '../compose/repo-file.ts';
import { loadTreefile, type Treefile } from '../compose/treefile.ts';
import { openCachedir } from '../compose/workdir.ts';
import type { JobParams } from '../jobs/catalogue.ts';
import type { CommitRootfsParams, ComposeParams, ExtensionsParams, InstallParams, SigningParams } from '../jobs/compose-catalogue.ts';

/** What of the machine a job needs to see, beside its programs. */
export interface Needs {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** Jobs that work on packages' content as root. */
export type WalledJob =
  'compose.tree' | 'compose.install' | 'compose.rootfs' | 'compose.postprocess' | 'compose.commit' | 'compose.extensions';

type NeedsOf = { readonly [N in WalledJob]: (params: JobParams<N>) => Needs };

/** Directories in which much lies that is no business of a compose: of them, files are shown one by one. */
function isWide(directory: string): boolean {
  const parts = directory.split('/').filter((part) => part !== '');
  return parts.length < 2 || directory === homedir() || parts[0] === 'home' || ['/var/tmp', '/var/lib', '/var/home'].includes(directory);
}

const given = (...files: readonly (string | undefined)[]): string[] => files.filter((file) => file !== undefined);

/** Paths in the options of a .repo section, and in addresses of this machine. */
function localPaths(treefile: Treefile, sourceRoot: string | undefined): string[] {
  const local = (text: string | undefined): string[] =>
    text === undefined
      ? []
      : text.startsWith('/')
        ? [text]
        : text.startsWith('file:/')
          ? [decodeURIComponent(text.replace(/^file:(\/\/)?/, ''))]
          : [];
  try {
    return loadRepos(treefile, sourceRoot).flatMap((repo) =>
      [repo.file, ...repo.baseurl, ...repo.gpgkey, repo.metalink, repo.mirrorlist, ...Object.values(repo.other)].flatMap(local),
    );
  } catch {
    // the worker says what is wrong with them
    return [];
  }
}

/** A treefile with all that it names: its directory and those of its includes, and files outside of them. */
function ofTreefile(file: string, sourceRoot?: string): string[] {
  const own = [file, path.dirname(path.resolve(file))];
  let treefile: Treefile;
  try {
    treefile = loadTreefile(file, undefined, { packages: false });
  } catch {
    return own;
  }
  const directories = [...new Set([...treefile.files.map((f) => path.dirname(f.path)), ...own.slice(1)])];
  const beside = directories.flatMap((directory) =>
    isWide(directory)
      ? readdirSync(directory).flatMap((name) => (name.endsWith('.repo') || name === 'finalize.d' ? [path.join(directory, name)] : []))
      : [directory],
  );
  return [
    file,
    ...beside,
    ...treefile.files.map((f) => f.path),
    ...treefile.postprocess.flatMap((step) => ('script' in step ? [step.script] : [])),
    ...treefile.finalize,
    ...treefile.addFiles.map(({ source }) => source),
    ...[treefile.checkPasswd, treefile.checkGroups].flatMap((check) => (check.type === 'file' ? [check.filename] : [])),
    ...localPaths(treefile, sourceRoot),
  ];
}

/** gpg's home directories, where it makes sockets, too, and where an agent that knows the passphrase listens. */
function ofSigning({ gpgSign = [] }: SigningParams): string[] {
  const home = process.env['GNUPGHOME'] ?? path.join(homedir(), '.gnupg');
  return gpgSign.flatMap(({ homedir: at }) => (at === undefined ? [home, `/run/user/${process.getuid?.() ?? 0}/gnupg`] : [at]));
}

/** A repository may take its objects from another one (core.parent of ostree.repo-config(5)). */
function parentOf(repo: string | undefined): string[] {
  if (repo === undefined) return [];
  try {
    return given(/^parent=(.+)$/m.exec(readFileSync(path.join(repo, 'config'), 'utf8'))?.[1]);
  } catch {
    return [];
  }
}

/** A directory that the job fills: made here, because only what is there can be shown. */
function made(directory: string): string {
  if (!existsSync(directory)) {
    mkdirSync(directory, { recursive: true });
    madeDirectories.add(directory);
  }
  return directory;
}

/** Directories that were made for jobs of this process: those that stay empty go again. */
export const madeDirectories = new Set<string>();

function ofCompose(params: Omit<ComposeParams, 'repo'> & { readonly repo?: string }): Needs {
  const { repo, workdir, sourceRoot, layerRepo, lockfiles = [], addMetadataFromJson = [], ed25519KeyFiles = [] } = params;
  return {
    reads: [
      ...ofTreefile(params.treefile, sourceRoot),
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
      ...ofSigning(params),
    ],
  };
}

function ofInstall(params: InstallParams): Needs {
  const { reads, writes } = ofCompose(params);
  return { reads, writes: [...writes, made(params.destination)] };
}

/** A finished tree's place: what programs change in postprocessing is moved into it, so both lie below one mount, with what `compose install` left beside it. */
const besideRoot = (rootfs: string): string => path.dirname(path.resolve(rootfs));

function ofCommit(params: CommitRootfsParams): Needs {
  const { reads, writes } = ofCompose(params);
  return { reads, writes: [...writes, besideRoot(params.rootfs)] };
}

function ofExtensions(params: ExtensionsParams): Needs {
  const extensions = path.resolve(params.extensions);
  return {
    reads: [
      ...ofTreefile(params.treefile),
      ...(isWide(path.dirname(extensions)) ? [extensions] : [path.dirname(extensions)]),
      ...given(params.rootfs),
      ...parentOf(params.repo),
    ],
    writes: [openCachedir(params.cachedir), made(params.outputDir ?? 'extensions'), ...given(params.repo)],
  };
}

export const needsOf: NeedsOf = {
  'compose.tree': ofCompose,
  'compose.install': ofInstall,
  'compose.rootfs': ofInstall,
  'compose.postprocess': ({ rootfs, treefile }) => ({
    reads: treefile === undefined ? [] : ofTreefile(treefile),
    writes: [besideRoot(rootfs)],
  }),
  'compose.commit': ofCommit,
  'compose.extensions': ofExtensions,
};

/** True for a place at which nothing can be shown without showing everything. */
export const isEverything = (place: string): boolean => path.resolve(place) === '/' || !existsSync('/usr');
