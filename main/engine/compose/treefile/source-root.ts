// SPDX-License-Identifier: LGPL-2.1-or-later
import { ownVariables, releaseIn, variablesOf } from '../../base/package-repos/variables.ts';
import { Tree } from '../../base/tree/index.ts';
import type { Treefile } from './treefile.ts';

/** Values of `$name` in .repo files: the treefile's repovars over those that a root file system's dnf has. */
function namedVariables(treefile: Pick<Treefile, 'repovars'>, sourceRoot: string | undefined): Record<string, string> {
  if (sourceRoot === undefined) return treefile.repovars;
  using tree = new Tree(sourceRoot);
  return { ...variablesOf(tree), ...treefile.repovars };
}

/** The treefile's releasever, else the version of the system in a root file system; '' when there is neither. */
export function releaseverOf(treefile: Pick<Treefile, 'releasever'>, sourceRoot: string | undefined): string {
  if (treefile.releasever !== '' || sourceRoot === undefined) return treefile.releasever;
  using tree = new Tree(sourceRoot);
  return releaseIn(tree);
}

/** The same with what libdnf knows by itself. */
export function repoVariables(treefile: Pick<Treefile, 'repovars' | 'releasever'>, sourceRoot: string | undefined): Record<string, string> {
  return { ...namedVariables(treefile, sourceRoot), ...ownVariables(releaseverOf(treefile, sourceRoot)) };
}
