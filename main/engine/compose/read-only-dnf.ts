import { existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';

/** Treeline's plugin for dnf 4, from its package treeline-headless. Python's folder for plugins differs between distributions and their versions. */
const plugin = 'usr/lib/treeline/dnf/treeline.py';

/**
 * Where a tree holds both Treeline and dnf 4, dnf gets Treeline's plugin: on the booted tree it answers queries and refuses changes, saying what to use
 * instead. Returns the paths of the links, in the tree.
 */
export function guardDnf(root: string): string[] {
  if (!existsSync(path.join(root, plugin))) return [];
  const made: string[] = [];
  for (const folder of pythonFolders(root)) {
    if (!existsSync(path.join(root, folder, 'dnf/__init__.py'))) continue;
    const plugins = path.join(folder, 'dnf-plugins');
    const link = path.join(plugins, 'treeline.py');
    if (lstatSync(path.join(root, link), { throwIfNoEntry: false })) continue;
    mkdirSync(path.join(root, plugins), { recursive: true, mode: 0o755 });
    symlinkSync(path.relative(plugins, plugin), path.join(root, link));
    made.push(`/${link}`);
  }
  return made;
}

/** usr/lib/python3/dist-packages (Debian), usr/lib/python3.13/site-packages (Fedora) ... */
function pythonFolders(root: string): string[] {
  const lib = path.join(root, 'usr/lib');
  if (!existsSync(lib)) return [];
  return readdirSync(lib)
    .filter((name) => /^python3(\.\d+)?$/.test(name))
    .flatMap((name) => ['dist-packages', 'site-packages'].map((kind) => path.join('usr/lib', name, kind)));
}
