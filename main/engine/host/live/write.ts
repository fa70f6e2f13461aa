// SPDX-License-Identifier: LGPL-2.1-or-later
import { kindOf } from '../../base/tree/errors.ts';
import { Tree, type PlaceName } from '../../base/tree/index.ts';
import type { TreeReader } from '../../base/commits/tree-reader.ts';
import type { LivePort } from '../../base/ports/live.ts';
import type { LivePlan } from './plan.ts';

export interface LiveWriting extends Pick<LivePlan, 'target' | 'steps' | 'etc'> {
  /** What has the /usr and the /etc: '/' on a machine. */
  readonly root: string;
  readonly reader: Pick<TreeReader, 'attributes'>;
  readonly live: Pick<LivePort, 'copyOut'>;
}

/**
 * Make /usr and /etc what the plan says. Each directory on the way must be one and no link: the trees have directories there. What is new comes first, so that
 * what changes finds it; what goes comes last.
 */
export function writeLive({ root, reader, live, target, steps, etc }: LiveWriting): void {
  using tree = new Tree(root, { deployed: true });
  const attributes = (place: PlaceName, path: string, meta: string): void => {
    const { mode, uid, gid } = reader.attributes(meta);
    tree.setOwner(place, path, { uid, gid });
    tree.setMode(place, path, mode);
  };
  const put = (place: PlaceName, path: string, from: string, whole: boolean): void => {
    requireDirectories(tree, place, path);
    tree.putByHandle(place, path, whole, (into) => live.copyOut(target, from, into, place === 'liveEtc'));
  };
  const come = steps.filter(({ does }) => does !== 'remove');
  for (const { path, does, to } of [...come.filter(({ was }) => was === 'nothing'), ...come.filter(({ was }) => was !== 'nothing')]) {
    if (does === 'put') put('liveUsr', path, path, to?.type === 'directory');
    else if (to) attributes('liveUsr', path, to.checksum);
  }
  for (const [name, node] of etc.put) {
    const path = `etc/${name}`;
    requireDirectories(tree, 'liveEtc', path);
    if (node.type === 'file') put('liveEtc', path, `usr/etc/${name}`, false);
    else if (!tree.look('liveEtc', path)) {
      tree.makeDirectory('liveEtc', path);
      attributes('liveEtc', path, node.checksum);
    }
  }
  for (const { path, does } of steps) {
    if (does !== 'remove') continue;
    requireDirectories(tree, 'liveUsr', path);
    tree.remove('liveUsr', path);
  }
  for (const name of etc.remove) {
    const path = `etc/${name}`;
    requireDirectories(tree, 'liveEtc', path);
    // something else may have been put into a directory since
    if (tree.look('liveEtc', path)?.isDirectory() && tree.names('liveEtc', path).length > 0) continue;
    tree.remove('liveEtc', path);
  }
}

/** Throws package.unusable-file where something else than a directory stands on the way. */
function requireDirectories(tree: Tree, place: PlaceName, path: string): void {
  for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1)) {
    const above = path.slice(0, end);
    const stats = tree.look(place, above);
    if (stats && !stats.isDirectory()) throw tree.errors.wrongKind(above, kindOf(stats), 'directory');
  }
}
