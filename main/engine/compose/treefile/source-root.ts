// SPDX-License-Identifier: LGPL-2.1-or-later
import { Tree } from '../../base/tree/index.ts';
import { machineArch } from './treefile-parse.ts';
import type { Treefile } from './treefile.ts';

const variableDirectories = ['etc/dnf/vars', 'etc/yum/vars'];

/** Values of `$name` in .repo files: the treefile's repovars over those that a root file system's dnf has (dnf.conf(5), "vars"). */
function namedVariables(treefile: Pick<Treefile, 'repovars'>, sourceRoot: string | undefined): Record<string, string> {
  const values: Record<string, string> = {};
  if (sourceRoot !== undefined) {
    using tree = new Tree(sourceRoot);
    for (const directory of variableDirectories)
      for (const file of tree.names('sourceVariables', directory))
        values[file] ??= tree.text('sourceVariables', `${directory}/${file}`)?.split('\n')[0]?.trim() ?? '';
  }
  return { ...values, ...treefile.repovars };
}

/** The treefile's releasever, else the version of the system in a root file system (os-release(5)); '' when there is neither. */
export function releaseverOf(treefile: Pick<Treefile, 'releasever'>, sourceRoot: string | undefined): string {
  if (treefile.releasever !== '' || sourceRoot === undefined) return treefile.releasever;
  using tree = new Tree(sourceRoot);
  const text = ['usr/lib/os-release', 'etc/os-release']
    .map((name) => tree.text('sourceRelease', name))
    .find((found) => found !== undefined);
  return /^VERSION_ID=["']?([^"'\n]*)/m.exec(text ?? '')?.[1] ?? '';
}

/** The same with what libdnf knows by itself. */
export function repoVariables(treefile: Pick<Treefile, 'repovars' | 'releasever'>, sourceRoot: string | undefined): Record<string, string> {
  const releasever = releaseverOf(treefile, sourceRoot);
  return {
    ...namedVariables(treefile, sourceRoot),
    basearch: machineArch,
    arch: machineArch,
    ...(releasever === '' ? {} : { releasever }),
  };
}
