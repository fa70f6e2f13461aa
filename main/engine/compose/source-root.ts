import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { machineArch } from './treefile-parse.ts';
import type { Treefile } from './treefile.ts';

const variableDirectories = ['etc/dnf/vars', 'etc/yum/vars'];

/** Values of `$name` in .repo files: the treefile's repovars over those that a root file system's dnf has (dnf.conf(5), "vars"). */
function namedVariables(treefile: Pick<Treefile, 'repovars'>, sourceRoot: string | undefined): Record<string, string> {
  const values: Record<string, string> = {};
  if (sourceRoot !== undefined)
    for (const name of variableDirectories) {
      const directory = path.join(sourceRoot, name);
      if (!existsSync(directory)) continue;
      for (const file of readdirSync(directory))
        values[file] ??= readFileSync(path.join(directory, file), 'utf8').split('\n')[0]?.trim() ?? '';
    }
  return { ...values, ...treefile.repovars };
}

/** The treefile's releasever, else the version of the system in a root file system (os-release(5)); '' when there is neither. */
export function releaseverOf(treefile: Pick<Treefile, 'releasever'>, sourceRoot: string | undefined): string {
  if (treefile.releasever !== '' || sourceRoot === undefined) return treefile.releasever;
  const file = ['usr/lib/os-release', 'etc/os-release'].map((name) => path.join(sourceRoot, name)).find((name) => existsSync(name));
  return file === undefined ? '' : (/^VERSION_ID=["']?([^"'\n]*)/m.exec(readFileSync(file, 'utf8'))?.[1] ?? '');
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
