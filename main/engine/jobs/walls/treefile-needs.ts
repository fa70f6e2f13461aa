// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { loadRepos } from '../../compose/treefile/repo-file.ts';
import { loadForOthers, type Treefile } from '../../compose/treefile/treefile.ts';
import type { HandedTreefile } from '../../compose/treefile/treefile-handover.ts';
import { isWide } from './places.ts';
import { localPathsOf } from './repo-needs.ts';

function localPaths(treefile: Treefile, sourceRoot: string | undefined): string[] {
  try {
    return loadRepos(treefile, sourceRoot).flatMap((repo) => [repo.file, ...localPathsOf(repo)]);
  } catch {
    // the worker says what is wrong with them
    return [];
  }
}

/** A treefile, and what of the machine it names. */
export interface NamedByTreefile {
  /** Its directory and those of its includes, and files outside of them. */
  readonly reads: readonly string[];
  /** It names a key to sign with. */
  readonly signs: boolean;
  readonly treefile: HandedTreefile;
}

/** `draft`: the treefile's content, where it isn't saved yet. Throws what loadTreefile throws, as the worker would. */
export function ofTreefile(file: string, sourceRoot?: string, draft?: string): NamedByTreefile {
  const { treefile, handed } = loadForOthers(file, draft, { packages: false });
  const directories = new Set([...treefile.files.map((f) => path.dirname(f.path)), path.dirname(path.resolve(file))]);
  const beside = [...directories].flatMap((directory) =>
    isWide(directory)
      ? readdirSync(directory).flatMap((name) => (name.endsWith('.repo') || name === 'finalize.d' ? [path.join(directory, name)] : []))
      : [directory],
  );
  const reads = [
    file,
    ...beside,
    ...treefile.files.map((f) => f.path),
    ...treefile.postprocess.flatMap((step) => ('script' in step ? [step.script] : [])),
    ...treefile.finalize,
    ...treefile.addFiles.map(({ source }) => source),
    ...[treefile.checkPasswd, treefile.checkGroups].flatMap((check) => (check.type === 'file' ? [check.filename] : [])),
    ...localPaths(treefile, sourceRoot),
  ];
  return { reads, signs: treefile.gpgKey !== undefined, treefile: handed };
}
