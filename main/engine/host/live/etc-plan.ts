// SPDX-License-Identifier: LGPL-2.1-or-later
import type { LocalTree } from '../review/etc-local.ts';
import { sameAsObject } from '../review/etc-preview.ts';
import { flatten, type DirRef, type TreeNode, type TreeReader } from '../../base/commits/tree-reader.ts';
import type { Step } from './difference.ts';

/** What is done to /etc. Paths are relative to it. */
export interface EtcPlan {
  /** New and not there: parents before what is in them. */
  readonly put: ReadonlyMap<string, TreeNode>;
  /** Put there before, unchanged since, and not wanted any more: what is in a directory before it. */
  readonly remove: readonly string[];
  /** Defaults that are others, or gone: the restart merges them with what the machine has. */
  readonly waits: readonly string[];
}

const top = 'usr/etc/';

/**
 * /etc is the machine's own, and libostree merges it at the restart: a file that was changed here before would count as the administrator's from then on, and never
 * follow its default again. So only what is new, and isn't there, is put there. `known`: the trees that what was put there may be from. `ours`: what was put there.
 */
export function planEtc(
  reader: TreeReader,
  steps: readonly Step[],
  yours: LocalTree,
  known: readonly (DirRef | undefined)[],
  ours: readonly string[],
): EtcPlan {
  const put = new Map<string, TreeNode>();
  const waits: string[] = [];
  const consider = (name: string, was: Step['was'], node: TreeNode): void => {
    const mine = yours.get(name);
    if (!mine && was === 'nothing') put.set(name, node);
    else if (mine ? !sameAsObject({ reader }, mine, node) : was !== 'nothing') waits.push(name);
  };
  const gone: string[] = [];
  for (const { path, was, does, to } of steps) {
    if (!path.startsWith(top)) continue;
    const name = path.slice(top.length);
    if (!to || does === 'remove') {
      gone.push(name);
      continue;
    }
    consider(name, was, to);
    if (does === 'put' && to.tree !== undefined)
      for (const [below, node] of flatten(reader, { tree: to.tree, meta: to.checksum })) consider(`${name}/${below}`, was, node);
  }
  const isGone = (name: string): boolean => gone.some((each) => name === each || name.startsWith(`${each}/`));
  const trees = ours.length === 0 ? [] : known.map((each) => (each ? flatten(reader, each) : new Map<string, TreeNode>()));
  const unchanged = (name: string): boolean => {
    const mine = yours.get(name);
    const from = trees.flatMap((tree) => tree.get(name) ?? []);
    return mine !== undefined && from.some((node) => sameAsObject({ reader }, mine, node));
  };
  const remove = ours.filter((name) => isGone(name) && unchanged(name)).sort((a, b) => (a < b ? 1 : -1));
  waits.push(...gone.filter((name) => yours.has(name) && !remove.includes(name)));
  return { put, remove, waits };
}
