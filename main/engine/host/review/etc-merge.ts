// SPDX-License-Identifier: LGPL-2.1-or-later
import type { EtcEntry, EtcProblem, EtcSide, FileType } from '../../../../shared/domain/index.ts';
import type { LocalChanges, LocalTree } from './etc-local.ts';
import type { TreeNode } from '../../base/commits/tree-reader.ts';

export interface MergeInput {
  /** Defaults of the commit that is merged from, and of the new one. */
  readonly before: ReadonlyMap<string, TreeNode>;
  readonly vendor: ReadonlyMap<string, TreeNode>;
  readonly yours: LocalTree;
  readonly changes: LocalChanges;
  /** Where only extended attributes were changed, which the merge doesn't look at. */
  readonly attributes: ReadonlySet<string>;
  /** Whether this libostree passes over a pipe or socket in a directory that is copied as a whole; older ones stop there. */
  readonly passesOverPipes: boolean;
  /** Whether a file object of the new tree is a link. */
  isLink(checksum: string): boolean;
  /** Whether what is at a path on both sides is the same: type, mode, owner, content. */
  same(path: string): boolean;
}

interface Merged {
  readonly side: 'vendor' | 'yours';
  readonly type: FileType;
}

/**
 * What libostree's merge does (merge_configuration_from in ostree-sysroot-deploy.c), in its order, on names instead of files: from a copy of the
 * new defaults, what was removed is removed, then what was modified and what was added is copied over.
 */
class Merge {
  readonly result = new Map<string, Merged>();
  readonly problems = new Map<string, EtcProblem>();
  readonly #input: MergeInput;

  constructor(input: MergeInput) {
    this.#input = input;
    for (const [path, node] of input.vendor) {
      const type = node.type === 'file' && input.isLink(node.checksum) ? 'symlink' : node.type;
      this.result.set(path, { side: 'vendor', type });
    }
    for (const path of input.changes.removed) this.#remove(path);
    for (const path of input.changes.modified) this.#copy(path);
    for (const path of input.changes.added) this.#copy(path);
  }

  /** A parent in the new tree that is no directory: libostree stops at a file, and goes through a link. */
  #obstacle(path: string): EtcProblem | undefined {
    for (const parent of parentsOf(path)) {
      const there = this.result.get(parent);
      if (!there) return undefined;
      if (there.type === 'symlink') return 'through-link';
      if (there.type !== 'directory') return 'blocks';
    }
    return undefined;
  }

  #remove(path: string): void {
    const obstacle = this.#obstacle(path);
    if (obstacle) this.problems.set(path, obstacle);
    else this.#drop(path);
  }

  #drop(path: string): void {
    const type = this.result.get(path)?.type;
    this.result.delete(path);
    if (type === 'directory') for (const other of [...this.result.keys()]) if (other.startsWith(`${path}/`)) this.result.delete(other);
  }

  #copy(path: string): void {
    const node = this.#input.yours.get(path);
    if (!node) return;
    const obstacle = this.#obstacle(path);
    if (obstacle) {
      this.problems.set(path, obstacle);
      return;
    }
    this.#ensureDirectory(parentOf(path));
    const there = this.result.get(path);
    if (there?.type === 'directory') {
      // a directory's own mode and owner are taken over only when something in it is copied
      if (node.type !== 'directory') this.problems.set(path, 'blocks');
      return;
    }
    if (there) this.result.delete(path);
    if (node.type === 'directory') {
      for (const [other, { type }] of this.#input.yours) {
        if (other !== path && !other.startsWith(`${path}/`)) continue;
        // a pipe or socket is passed over where it alone was added, but not by each libostree in a directory that is copied as a whole
        if (type !== 'other') this.result.set(other, { side: 'yours', type });
        else if (!this.#input.passesOverPipes) this.problems.set(other, 'blocks');
      }
    } else if (node.type !== 'other') this.result.set(path, { side: 'yours', type: node.type });
  }

  /** The parent of what is copied gets your mode and owner; parents above it only if they had to be made. */
  #ensureDirectory(path: string): void {
    if (path === '') return;
    if (!this.result.has(path)) this.#ensureDirectory(parentOf(path));
    this.result.set(path, { side: 'yours', type: 'directory' });
  }
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

function* parentsOf(path: string): Generator<string> {
  for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1)) yield path.slice(0, end);
}

/** Everything of /etc that either side changed, and what comes of it, sorted by path. */
export function mergeEntries(input: MergeInput): EtcEntry[] {
  const { before, vendor, yours, changes } = input;
  const { result, problems } = new Merge(input);
  const added = new Set(changes.added);
  const entries: EtcEntry[] = [];
  for (const path of [...new Set([...before.keys(), ...vendor.keys(), ...yours.keys()])].sort(byName)) {
    const [was, comes, mine, merged] = [before.get(path), vendor.get(path), yours.get(path), result.get(path)];
    const vendorSide = vendorChange(was, comes);
    // without anything else to be kept they go when the new default is put in place
    const attributesOnly = input.attributes.has(path) && merged?.side === 'vendor';
    const yourSide: EtcSide = mine
      ? changes.modified.has(path) || attributesOnly
        ? 'modified'
        : !was || added.has(path)
          ? 'added'
          : 'unchanged'
      : // what the vendor adds to a directory which you removed goes with it
        was || (comes && !merged)
        ? 'removed'
        : 'unchanged';
    // without either side there is nothing to keep: gone is what both wanted; or yours alone can't be copied
    const outcome = merged?.side ?? (mine && !comes ? 'vendor' : 'yours');
    if (vendorSide === 'unchanged' && yourSide === 'unchanged') continue;
    const both = vendorSide !== 'unchanged' && yourSide !== 'unchanged';
    const same = both && !attributesOnly && ((!comes && !mine) || (comes !== undefined && mine !== undefined && input.same(path)));
    const lost = yourSide !== 'unchanged' && !same && (outcome === 'vendor' || (mine && !merged));
    const problem = problems.get(path) ?? (lost ? 'not-kept' : undefined);
    entries.push({
      path,
      type: (outcome === 'yours' ? (mine?.type ?? merged?.type) : merged?.type) ?? mine?.type ?? comes?.type ?? was?.type ?? 'file',
      vendor: vendorSide,
      yours: yourSide,
      kind: same ? 'both-same' : both ? 'both-changed' : outcome === 'vendor' ? 'vendor-applied' : 'yours-kept',
      outcome,
      ...(problem ? { problem } : {}),
    });
  }
  return entries;
}

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function vendorChange(was: TreeNode | undefined, comes: TreeNode | undefined): EtcSide {
  if (!was) return comes ? 'added' : 'unchanged';
  if (!comes) return 'removed';
  return was.type === comes.type && was.checksum === comes.checksum ? 'unchanged' : 'modified';
}
