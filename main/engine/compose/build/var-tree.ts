// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import type { Ownership, Tree } from '../../base/tree/index.ts';
import type { UserDatabase } from './passwd.ts';
import { canBePath, tmpfilesLine } from './tmpfiles.ts';

const factory = 'usr/share/factory';

/** Names of owners for tmpfiles.d: by name where the tree knows one, else the number. */
export interface OwnerNames {
  readonly user: (uid: number) => string;
  readonly group: (gid: number) => string;
}

export function ownerNames(users: UserDatabase): OwnerNames {
  const byId = (kind: 'passwd' | 'group'): Map<number, string> =>
    new Map([
      ...users
        .entries(kind)
        .map((e): [number, string] => [e.id, e.name])
        .reverse(),
      [0, 'root'],
    ]);
  const [passwd, group] = [byId('passwd'), byId('group')];
  return { user: (uid) => passwd.get(uid) ?? String(uid), group: (gid) => group.get(gid) ?? String(gid) };
}

/**
 * Turn the content of a directory that a deployment doesn't carry (var, root, ...) into tmpfiles.d lines which make it at boot: `d` for
 * directories, `L` for links; files go to usr/share/factory and are copied from there (`C`). The directory is empty afterwards. `keeps` is asked
 * about files: the others are gone.
 */
export function varToTmpfiles(
  tree: Tree,
  source: string,
  bootPath: string,
  names: OwnerNames,
  message: (text: string) => void,
  keeps: (file: string) => boolean = () => true,
): string[] {
  const lines: string[] = [];
  const visit = (relative: string): void => {
    for (const name of tree.names('machineState', path.join(source, relative))) {
      const inner = path.join(relative, name);
      const at = path.join(source, inner);
      const target = path.join('/', bootPath, inner);
      const stats = tree.look('machineState', at);
      if (!stats) continue;
      if (!canBePath(target)) message(`${JSON.stringify(target)} can’t be written in tmpfiles.d: it is left out`);
      else if (stats.isDirectory()) {
        lines.push(tmpfilesLine({ type: 'd', path: target, mode: stats.mode & 0o7777, ...ownerOf(stats, names) }));
        visit(inner);
      } else if (stats.isSymbolicLink()) {
        lines.push(tmpfilesLine({ type: 'L', path: target, argument: tree.linkTarget('machineState', at) ?? '' }));
      } else if (stats.isFile() && keeps(at)) {
        const kept = path.join(factory, bootPath, inner);
        tree.move('factory', at, kept);
        lines.push(tmpfilesLine({ type: 'C', path: target, mode: stats.mode & 0o7777, ...ownerOf(stats, names), argument: `/${kept}` }));
      }
    }
  };
  // a link there is none of its directories: it is replaced with the layout
  if (!tree.look('machineState', source)?.isDirectory()) return lines;
  visit('');
  tree.empty('machineState', source);
  return lines;
}

const ownerOf = (stats: Ownership, names: OwnerNames): { user: string; group: string } => ({
  user: names.user(stats.uid),
  group: names.group(stats.gid),
});
