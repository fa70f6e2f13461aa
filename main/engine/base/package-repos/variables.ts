// SPDX-License-Identifier: LGPL-2.1-or-later
import { machineArch } from '../names/machine-arch.ts';
import type { Tree } from '../tree/index.ts';

const directories = ['etc/dnf/vars', 'etc/yum/vars'];

/** Values of `$name` that a root file system's dnf has (dnf.conf(5), "vars"): the first line of each file, and of two of one name dnf's own. */
export function variablesOf(tree: Tree): Record<string, string> {
  const values: Record<string, string> = {};
  for (const directory of directories)
    for (const file of tree.names('sourceVariables', directory))
      values[file] ??= tree.text('sourceVariables', `${directory}/${file}`)?.split('\n')[0]?.trim() ?? '';
  return values;
}

/** The version of the system in a root file system (os-release(5)); '' when it says none. */
export function releaseIn(tree: Tree): string {
  const text = ['usr/lib/os-release', 'etc/os-release']
    .map((name) => tree.text('sourceRelease', name))
    .find((found) => found !== undefined);
  return /^VERSION_ID=["']?([^"'\n]*)/m.exec(text ?? '')?.[1] ?? '';
}

/** What libdnf knows by itself. */
export function ownVariables(releasever: string): Record<string, string> {
  const [major = '', ...minor] = releasever.split('.');
  return {
    basearch: machineArch,
    arch: machineArch,
    ...(releasever === '' ? {} : { releasever, releasever_major: major, releasever_minor: minor.join('.') }),
  };
}
