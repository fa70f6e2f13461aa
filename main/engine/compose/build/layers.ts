// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { ComposeStore, PackageCache, TargetRepo } from '../../base/ports/compose-store.ts';
import { Tree } from '../../base/tree/index.ts';
import type { Treefile } from '../treefile/treefile.ts';
import { ownDirectory } from './workdir.ts';

/** A committed tree to put over the packages. */
export interface Layer {
  readonly ref: string;
  readonly checksum: string;
  /** Path of its repository. */
  readonly repo: string;
  /** It may replace files that are there. */
  readonly override: boolean;
}

/** What the treefile's layers stand for now, in the repository composed into or in `layerRepo`. Throws repo.revision-not-found at the treefile's line. */
export function locateLayers(
  treefile: Pick<Treefile, 'ostreeLayers' | 'ostreeOverrideLayers' | 'placeOf'>,
  layerRepo: string | undefined,
  target: TargetRepo,
  store: Pick<ComposeStore, 'openTarget'>,
): Layer[] {
  const wanted = [
    ...treefile.ostreeLayers.map((ref) => ({ ref, key: 'ostree-layers' })),
    ...treefile.ostreeOverrideLayers.map((ref) => ({ ref, key: 'ostree-override-layers' })),
  ];
  if (wanted.length === 0) return [];
  using other = layerRepo === undefined ? undefined : store.openTarget(path.resolve(layerRepo));
  const repo = other ?? target;
  return wanted.map(({ ref, key }) => {
    const commit = repo.previous(ref);
    if (!commit)
      throw new TreelineError('repo.revision-not-found', { ...treefile.placeOf(key, ref), key, subject: ref, facts: { repo: repo.path } });
    return { ref, checksum: commit.checksum, repo: repo.path, override: key === 'ostree-override-layers' };
  });
}

/**
 * Put layers over an assembled tree, by hard links. Returns paths of the tree's files that they replaced, which packages have no say about any more.
 * Throws compose.layer-conflict naming branch and file, package.outside-tree.
 */
export function layOver(cache: PackageCache, layers: readonly Layer[], tree: Tree, workdir: string): Set<string> {
  const replaced = new Set<string>();
  layers.forEach((layer, i) => {
    const directory = ownDirectory(workdir, `layer-${i}`);
    cache.importCommit(layer.repo, layer.checksum);
    cache.checkout(layer.checksum, directory);
    using from = new Tree(directory, { ownerOf: () => layer.ref });
    // a tree's /etc is in /usr/etc, wherever the layer has it
    if (from.look('layerEtc', 'etc')?.isDirectory()) {
      tree.makeDirectory('layerEtc', 'usr/etc');
      merge({ from, tree, layer, shown: '', source: 'etc', target: 'usr/etc', replaced });
      from.remove('layerEtc', 'etc');
    }
    merge({ from, tree, layer, shown: '', source: '', target: '', replaced });
    from.empty('layer', '');
  });
  return replaced;
}

interface Merge {
  readonly from: Tree;
  readonly tree: Tree;
  readonly layer: Layer;
  /** Directories of the two trees. */
  readonly source: string;
  readonly target: string;
  /** What is put before a name in errors. */
  readonly shown: string;
  /** Paths in `tree`. */
  readonly replaced: Set<string>;
}

const below = (directory: string, name: string): string => (directory === '' ? name : `${directory}/${name}`);

function merge(at: Merge): void {
  const { from, tree, layer } = at;
  for (const name of from.names('layer', at.source)) {
    const [source, target, shown] = [below(at.source, name), below(at.target, name), below(at.shown || at.source, name)];
    const [own, there] = [from.look('layer', source), tree.look('layer', target)];
    if (!own) continue;
    if (!there) from.moveTo(tree, 'layer', source, target);
    else if (own.isDirectory() && there.isDirectory()) merge({ ...at, source, target, shown });
    else if (own.isDirectory() && there.isSymbolicLink() && leadsBelow(tree, target))
      merge({ ...at, source, target: below(at.target, tree.linkTarget('layer', target) ?? ''), shown });
    else if (own.ino === there.ino || isSameLink(from, source, tree, target)) continue;
    else if (own.isDirectory() || there.isDirectory() || !layer.override) {
      const owner = tree.ownerOf(target);
      throw new TreelineError('compose.layer-conflict', {
        subject: layer.ref,
        detail: `/${shown}${own.isDirectory() === there.isDirectory() ? '' : ', a directory in one and a file in the other'}`,
        facts: { path: `/${shown}`, ...(owner === undefined ? {} : { package: owner }) },
      });
    } else {
      from.moveTo(tree, 'layer', source, target);
      at.replaced.add(target);
    }
  }
}

/** A link of the tree like lib -> usr/lib: what a layer has in a directory of that name goes where it leads. */
function leadsBelow(tree: Tree, link: string): boolean {
  const target = tree.linkTarget('layer', link) ?? '/';
  if (path.isAbsolute(target) || target.split('/').includes('..')) return false;
  return tree.look('layer', below(path.dirname(link) === '.' ? '' : path.dirname(link), target))?.isDirectory() ?? false;
}

function isSameLink(from: Tree, source: string, tree: Tree, target: string): boolean {
  const own = from.linkTarget('layer', source);
  return own !== undefined && own === tree.linkTarget('layer', target);
}
