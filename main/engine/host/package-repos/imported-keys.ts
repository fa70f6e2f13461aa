// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import type { RemoteKey } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { atomicFile } from '../../../files/index.ts';
import { isRepoId } from '../../base/package-repos/repo-definition.ts';
import { Tree } from '../../base/tree/index.ts';
import { decodeKey, ed25519Keys, readKeys, type User } from '../../base/trust/keys.ts';

/** Where keys that somebody said yes to are kept, each file below its repository's id: a key is believed for one repository only. */
const keysDirectory = 'etc/treeline/package-keys';

/** Paths on this machine of the keys that were imported for a repository. Throws package.* for what is no file. */
export function importedKeys(tree: Tree, id: string): string[] {
  const directory = path.posix.join(keysDirectory, id);
  return tree
    .names('importedKeys', directory)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => tree.plainPath('importedKeys', `${directory}/${name}`, 'file') ?? []);
}

export interface KeyReading {
  /** As whom key files are read: nobody's rights are needed for it. */
  readonly user: User | undefined;
  /** Unix seconds. */
  readonly now: number;
}

/** OpenPGP keys of a file from a job's parameters: what signs packages. Throws key.unreadable. */
export function readPackageKeys(keyBase64: string, { user, now }: KeyReading): { bytes: Buffer; keys: RemoteKey[] } {
  const bytes = decodeKey(keyBase64);
  if (ed25519Keys(bytes))
    throw new TreelineError('key.unreadable', { detail: 'it holds no OpenPGP public key, which packages are signed with' });
  return { bytes, keys: readKeys(bytes, user, now) };
}

/** Believe the keys of a file for the packages of one repository; returns them. `root`: of the deployment. Throws key.unreadable, package.outside-tree. */
export function importPackageKeys(root: string, id: string, keyBase64: string, reading: KeyReading): RemoteKey[] {
  if (!isRepoId(id)) throw new TreelineError('rpmmd.repo-not-found', { subject: id });
  const { bytes, keys } = readPackageKeys(keyBase64, reading);
  const directory = path.posix.join(keysDirectory, id);
  using tree = new Tree(root, { deployed: true });
  tree.checkDirectory(directory);
  atomicFile(path.join(tree.root, directory, `${keys[0]?.fingerprint ?? ''}.asc`), bytes, { makeDirectories: true });
  return keys;
}
