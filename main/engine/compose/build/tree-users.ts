// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { Tree } from '../../base/tree/index.ts';
import type { Compose } from './compose.ts';
import { previousEntries } from './passwd-split.ts';
import type { PasswdEntry, UserDatabase } from './passwd.ts';
import { ownDirectory } from './workdir.ts';
import { checkFile, checkUsers } from './user-checks.ts';
import type { UserKind } from '../treefile/user-check.ts';

const kinds = ['passwd', 'group'] as const;

/** Users or groups of the previous commit. */
function fromPrevious({ previous, target, workdir }: Compose, kind: UserKind): PasswdEntry[] {
  if (!previous) return [];
  const directory = path.join(workdir, 'previous-users');
  for (const place of ['etc', 'lib']) {
    target.extract(previous.checksum, `usr/${place}/${kind}`, ownDirectory(directory, place));
  }
  using tree = new Tree(directory);
  return previousEntries(tree, kind);
}

/** Take over (preserve-passwd) the users and groups of the file that check-passwd names, else of the previous commit. */
export function preserveUsers(compose: Compose, users: UserDatabase): void {
  const { treefile } = compose;
  for (const kind of kinds) {
    const check = kind === 'passwd' ? treefile.checkPasswd : treefile.checkGroups;
    const key = kind === 'passwd' ? 'check-passwd' : 'check-groups';
    const old = !treefile.preservePasswd
      ? []
      : check.type === 'file'
        ? checkFile(check.filename, key, treefile.placeOf(key))
        : fromPrevious(compose, kind);
    users.preserve(kind, old, check.type === 'file');
  }
}

/** check-passwd and check-groups, on the finished tree. */
export function checkAllUsers(compose: Compose, users: UserDatabase): void {
  const { treefile } = compose;
  for (const kind of kinds)
    checkUsers({
      kind,
      check: kind === 'passwd' ? treefile.checkPasswd : treefile.checkGroups,
      now: users.entries(kind),
      previous: fromPrevious(compose, kind),
      ignoreRemoved: kind === 'passwd' ? treefile.ignoreRemovedUsers : treefile.ignoreRemovedGroups,
      place: treefile.placeOf(kind === 'passwd' ? 'check-passwd' : 'check-groups'),
      message: (text) => compose.context.message(text),
    });
}
