import {
  chmodSync,
  chownSync,
  copyFileSync,
  lchownSync,
  lstatSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  type Stats,
} from 'node:fs';
import path from 'node:path';
import { formatNevra } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { SystemPort } from '../ports/compose-store.ts';
import { rpmFileFlag, type RpmFile, type RpmPackage } from '../ports/rpm.ts';
import type { UserDatabase } from './passwd.ts';
import { insideOf } from './resolve-inside.ts';
import { isDirectoryMode, isLinkMode, treePath } from './tree-path.ts';

const capability = 'security.capability';

/**
 * Give files the owners that packages name, and directories their modes. Imported packages belong to root, because a user's id is known
 * only in a tree; a file that changes is taken out of its hard link first. Unknown users become root, as rpm does it, with a message.
 */
export function applyOwnership(
  root: string,
  packages: readonly RpmPackage[],
  users: UserDatabase,
  system: SystemPort,
  message: (text: string) => void,
): void {
  const uids = users.ids('passwd');
  const gids = users.ids('group');
  const isInside = insideOf(root);
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
      const target = path.join(root, treePath(file.path, isLinkMode(file.mode)));
      // a script put a link where its directory was: what is behind it may be this machine's
      if (!isInside(target)) continue;
      const stats = lstatSync(target, { throwIfNoEntry: false });
      if (!stats) continue;
      const owner = { uid: id(uids, file.user), gid: id(gids, file.group) };
      try {
        if (stats.isDirectory()) setDirectory(target, stats, file, owner);
        else if (owner.uid !== 0 || owner.gid !== 0) setFile(target, file, owner, system);
      } catch (error) {
        throw notMapped(error, pkg, file, owner);
      }
    }
    for (const name of unknown) message(`${formatNevra(pkg)}: there is no user or group “${name}”; its files belong to root`);
  }
}

/** Inside a user namespace only some ids exist (user_namespaces(7)): chown says EINVAL about others. */
function notMapped(error: unknown, pkg: RpmPackage, file: RpmFile, owner: Owner): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EINVAL') return error;
  return new TreelineError('compose.user-conflict', {
    subject: formatNevra(pkg),
    detail: `${file.path} belongs to ${file.user}:${file.group} (${owner.uid}:${owner.gid}), ids that this user namespace doesn’t have; compose as root, or map a range of ids`,
  });
}

type Owner = { readonly uid: number; readonly gid: number };

function setDirectory(target: string, stats: Stats, file: RpmFile, owner: Owner): void {
  const mode = file.mode & 0o7777;
  if (stats.uid !== owner.uid || stats.gid !== owner.gid) chownSync(target, owner.uid, owner.gid);
  if ((stats.mode & 0o7777) !== mode) chmodSync(target, mode);
}

function setFile(target: string, file: RpmFile, owner: Owner, system: SystemPort): void {
  if (isLinkMode(file.mode)) {
    const to = readlinkSync(target);
    unlinkSync(target);
    symlinkSync(to, target);
    lchownSync(target, owner.uid, owner.gid);
    return;
  }
  const temporary = `${target}.treeline-new`;
  copyFileSync(target, temporary);
  // changing the owner clears setuid bits and capabilities: they come after it
  chownSync(temporary, owner.uid, owner.gid);
  chmodSync(temporary, file.mode & 0o7777);
  const caps = file.caps === '' ? undefined : system.getAttribute(target, capability);
  if (caps) system.setAttribute(temporary, capability, caps);
  renameSync(temporary, target);
}
