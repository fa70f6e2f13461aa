import type { Stats } from 'node:fs';
import { formatNevra } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { rpmFileFlag, type RpmFile, type RpmPackage } from '../ports/rpm.ts';
import type { Ownership, Tree } from '../tree/index.ts';
import type { UserDatabase } from './passwd.ts';
import { isDirectoryMode, isLinkMode, treePath } from './tree-path.ts';

/**
 * Give files the owners that packages name, and directories their modes. Imported packages belong to root, because a user's id is known
 * only in a tree; a file that changes is taken out of its hard link first. Unknown users become root, as rpm does it, with a message.
 */
export function applyOwnership(tree: Tree, packages: readonly RpmPackage[], users: UserDatabase, message: (text: string) => void): void {
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
      const stats = tree.look('ownership', target);
      if (!stats) continue;
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

/** Inside a user namespace only some ids exist (user_namespaces(7)): chown says EINVAL about others. */
function notMapped(error: unknown, pkg: RpmPackage, file: RpmFile, owner: Ownership): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EINVAL') return error;
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
