// SPDX-License-Identifier: LGPL-2.1-or-later
import type { DirRef, TreeNode, TreeReader } from '../../base/commits/tree-reader.ts';

/** What is to be done at a path so that the target's tree is there. */
export interface Step {
  /** Relative to the top of the tree. */
  readonly path: string;
  /** What the first of the trees that may be there has at this path. */
  readonly was: 'nothing' | 'file' | 'directory';
  /** `put`: with all that is below it. `attributes`: a directory gets mode and owner. */
  readonly does: 'put' | 'attributes' | 'remove';
  readonly to?: TreeNode & { readonly tree?: string };
}

type Node = { readonly file: string } | { readonly dir: DirRef };

function nodesOf(reader: TreeReader, at: DirRef): Map<string, Node> {
  const { files, dirs } = reader.directory(at.tree);
  return new Map<string, Node>([
    ...[...files].map(([name, file]) => [name, { file }] as const),
    ...[...dirs].map(([name, dir]) => [name, { dir }] as const),
  ]);
}

/**
 * Steps from any mixture of `sources` to `target`, whichever of them each path is from: what was interrupted is between two trees. Doing them again changes nothing.
 * Directories that are the same in all are not looked into.
 */
export function difference(reader: TreeReader, sources: readonly DirRef[], target: DirRef, prefix: string): Step[] {
  const steps: Step[] = [];
  visit(reader, sources, target, prefix, steps);
  return steps;
}

function visit(reader: TreeReader, sources: readonly DirRef[], target: DirRef, prefix: string, steps: Step[]): void {
  const wanted = nodesOf(reader, target);
  const there = sources.map((source) => nodesOf(reader, source));
  for (const name of new Set([...wanted.keys(), ...there.flatMap((nodes) => [...nodes.keys()])])) {
    const path = `${prefix}/${name}`;
    const to = wanted.get(name);
    const from = there.map((nodes) => nodes.get(name));
    const [first] = from;
    const was = !first ? 'nothing' : 'file' in first ? 'file' : 'directory';
    if (!to) steps.push({ path, was, does: 'remove' });
    else if ('file' in to) {
      if (from.some((each) => !each || !('file' in each) || each.file !== to.file))
        steps.push({ path, was, does: 'put', to: { type: 'file', checksum: to.file } });
    } else {
      const dirs = from.flatMap((each) => (each && 'dir' in each ? [each.dir] : []));
      const node = { type: 'directory', checksum: to.dir.meta, tree: to.dir.tree } as const;
      if (dirs.length < from.length) {
        steps.push({ path, was, does: 'put', to: node });
        continue;
      }
      if (dirs.some(({ meta }) => meta !== to.dir.meta)) steps.push({ path, was, does: 'attributes', to: node });
      if (dirs.some(({ tree }) => tree !== to.dir.tree)) visit(reader, dirs, to.dir, path, steps);
    }
  }
}
