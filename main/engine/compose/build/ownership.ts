// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra } from '../../../../shared/domain/index.ts';
import { TreelineError, systemCodeOf } from '../../../../shared/errors/index.ts';
import { rpmFileFlag, type RpmFile, type RpmPackage } from '../../base/ports/rpm.ts';
import type { Ownership, Stats, Tree } from '../../base/tree/index.ts';
import type { UserDatabase } from './passwd.ts';
import { isDirectoryMode, isLinkMode, treePath } from '../../base/tree/tree-path.ts';

/**
 * Give files the owners that packages name, and directories their modes. Imported packages belong to root, because a user's id is known
 * only in a tree; a file that changes is taken out of its hard link first. Unknown users become root, as rpm does it, with a message; but not for a file
 * that gives rights to whoever runs it: package.unknown-owner.
 */
export function applyOwnership(
  tree: Tree,
  packages: readonly RpmPackage[],
  users: UserDatabase,
  message: (text: string) => void,
  /** Paths of files that aren't the packages' any more. */
  replaced: ReadonlySet<string> = new Set(),
): void {
  const uids = users.ids('passwd');
  const gids = users.ids('group');
  for (const pkg of packages) {
    const unknown = new Set<string>();
    const id = (ids: Map<string, number>, name: string): number => {
      const found = ids.get(name);
      if (found === undefined) unknown.add(name);
      return found ?? 0;
    };
    for (const file of pkg.files) {
      if (file.flags & rpmFileFlag.ghost) continue;
      const foreign = file.user !== 'root' || file.group !== 'root';
      if (!foreign && !isDirectoryMode(file.mode)) continue;
      const target = treePath(file.path, isLinkMode(file.mode));
      if (replaced.has(target)) continue;
      const stats = tree.look('ownership', target);
      if (!stats) continue;
      if (grantsRights(file)) refuseUnknown(pkg, file, uids, gids);
      const owner = { uid: id(uids, file.user), gid: id(gids, file.group) };
      try {
        if (stats.isDirectory()) setDirectory(tree, target, stats, file, owner);
        else if (owner.uid !== 0 || owner.gid !== 0) setFile(tree, target, stats, file, owner);
      } catch (error) {
        throw notMapped(error, pkg, file, owner);
      }
    }
    for (const name of unknown) message(`${formatNevra(pkg)}: there is no user or group “${name}”; its files belong to root`);
  }
}

/** Setuid, setgid, capabilities: run by anybody, it works as its owner or with rights of its own. */
const grantsRights = (file: RpmFile): boolean => !isLinkMode(file.mode) && ((file.mode & 0o6000) !== 0 || file.caps !== '');

/** Falling back to root would make it a program that works as root. */
function refuseUnknown(pkg: RpmPackage, file: RpmFile, uids: ReadonlyMap<string, number>, gids: ReadonlyMap<string, number>): void {
  const what = !uids.has(file.user) ? `user “${file.user}”` : !gids.has(file.group) ? `group “${file.group}”` : undefined;
  if (what === undefined) return;
  const rights = file.caps === '' ? `the mode ${(file.mode & 0o7777).toString(8)}` : `the capabilities ${file.caps}`;
  throw new TreelineError('package.unknown-owner', {
    subject: formatNevra(pkg),
    detail: `${file.path} has ${rights} and belongs to ${file.user}:${file.group}, but the system has no ${what}`,
    facts: { path: file.path, user: file.user, group: file.group },
  });
}

/** Inside a user namespace only some ids exist (user_namespaces(7)): chown says EINVAL about others. */
function notMapped(error: unknown, pkg: RpmPackage, file: RpmFile, owner: Ownership): unknown {
  if (systemCodeOf(error) !== 'EINVAL') return error;
  return new TreelineError('compose.user-conflict', {
    subject: formatNevra(pkg),
    detail: `${file.path} belongs to ${file.user}:${file.group} (${owner.uid}:${owner.gid}), ids that this user namespace doesn’t have; compose as root, or map a range of ids`,
  });
}

function setDirectory(tree: Tree, target: string, stats: Stats, file: RpmFile, owner: Ownership): void {
  const mode = file.mode & 0o7777;
  if (stats.uid !== owner.uid || stats.gid !== owner.gid) tree.setOwner('ownership', target, owner);
  if ((stats.mode & 0o7777) !== mode) tree.setMode('ownership', target, mode);
}

/** A script may have put something else there: then that is what the tree has, and it is the script's. */
function setFile(tree: Tree, target: string, stats: Stats, file: RpmFile, owner: Ownership): void {
  if (isLinkMode(file.mode) && stats.isSymbolicLink()) {
    tree.putLink('ownership', target, tree.linkTarget('ownership', target) ?? '');
    tree.setOwner('ownership', target, owner);
  } else if (!isLinkMode(file.mode) && stats.isFile()) tree.copyForOwner('ownership', target, owner, file.mode);
}
