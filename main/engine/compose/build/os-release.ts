// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Tree } from '../../base/tree/index.ts';

/** The os-release(5) file of a tree, links followed inside it, and its text; undefined when it has none. */
export function osReleaseOf(tree: Tree): { readonly path: string; readonly text: string } | undefined {
  for (const name of ['/usr/lib/os-release', '/etc/os-release']) {
    const found = tree.find('osRelease', name);
    const text = found && tree.text('osRelease', name);
    if (found && text !== undefined) return { path: found.path, text };
  }
  return undefined;
}

/**
 * Write the tree's version into os-release(5): OSTREE_VERSION always; with mutate-os-release, the given release in VERSION and PRETTY_NAME
 * becomes the version.
 */
export function mutateOsRelease(text: string, version: string, release: string | undefined): string {
  const quoted = `'${version.replace(/'/g, `'\\''`)}'`;
  const lines = text
    .replace(/\n+$/, '')
    .split('\n')
    .filter((line) => !line.startsWith('OSTREE_VERSION='))
    .map((line) => (release !== undefined && /^(VERSION|PRETTY_NAME)=/.test(line) ? replaceFirst(line, release, version) : line));
  return `${[...lines, `OSTREE_VERSION=${quoted}`].join('\n')}\n`;
}

/** Replace the value's first occurrence of the release, as a whole number: 4 isn't in 43. */
function replaceFirst(line: string, release: string, version: string): string {
  const escaped = release.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return line.replace(new RegExp(`(?<![\\w.])${escaped}(?![\\w.])`), () => version);
}
