import { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { ComposeStore, PackageCache, TargetRepo } from '../ports/compose-store.ts';
import type { Treefile } from './treefile.ts';

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

/** Put layers over an assembled tree, by hard links. Throws compose.layer-conflict naming branch and file. */
export function layOver(cache: PackageCache, layers: readonly Layer[], root: string, workdir: string): void {
  layers.forEach((layer, i) => {
    const from = path.join(workdir, `layer-${i}`);
    mkdirSync(from);
    cache.importCommit(layer.repo, layer.checksum);
    cache.checkout(layer.checksum, from);
    // a tree's /etc is in /usr/etc, wherever the layer has it
    const etc = path.join(from, 'etc');
    if (existsSync(etc) && !lstatSync(etc).isSymbolicLink()) {
      mkdirSync(path.join(root, 'usr/etc'), { recursive: true });
      merge(etc, path.join(root, 'usr/etc'), 'etc', layer);
      rmSync(etc, { recursive: true });
    }
    merge(from, root, '', layer);
    rmSync(from, { recursive: true, force: true });
  });
}

function merge(from: string, to: string, shown: string, layer: Layer): void {
  for (const name of readdirSync(from)) {
    const [source, target] = [path.join(from, name), path.join(to, name)];
    const [own, there] = [lstatSync(source), lstatSync(target, { throwIfNoEntry: false })];
    const at = path.join(shown, name);
    if (!there) renameSync(source, target);
    else if (own.isDirectory() && there.isDirectory()) merge(source, target, at, layer);
    else if (own.isDirectory() && there.isSymbolicLink() && leadsInside(target, to))
      merge(source, path.join(to, readlinkSync(target)), at, layer);
    else if (own.ino === there.ino || sameLink(source, target)) continue;
    else if (own.isDirectory() || there.isDirectory() || !layer.override)
      throw new TreelineError('compose.layer-conflict', {
        subject: layer.ref,
        detail: `/${at}${own.isDirectory() === there.isDirectory() ? '' : ', a directory in one and a file in the other'}`,
      });
    else {
      rmSync(target);
      renameSync(source, target);
    }
  }
}

/** A link of the tree like lib -> usr/lib: what a layer has in a directory of that name goes where it leads. */
function leadsInside(link: string, directory: string): boolean {
  const target = readlinkSync(link);
  return (
    !path.isAbsolute(target) &&
    !target.split('/').includes('..') &&
    (lstatSync(path.join(directory, target), { throwIfNoEntry: false })?.isDirectory() ?? false)
  );
}

function sameLink(a: string, b: string): boolean {
  return lstatSync(a).isSymbolicLink() && lstatSync(b).isSymbolicLink() && readlinkSync(a) === readlinkSync(b);
}
