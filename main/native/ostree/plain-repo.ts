// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ObjectKind, RepoPort } from '../../engine/base/ports/sysroot.ts';
import type { TreelineError } from '../../../shared/errors/index.ts';
import { Commit } from './commit.ts';
import { Repo } from './repo.ts';

/** A system's repository for looking: by libostree, else what its plain files tell. `problem`: why libostree doesn't open it. */
export function openForLooking(location: string, problem: TreelineError): RepoPort & Disposable {
  try {
    return Repo.open(location);
  } catch {
    return plainRepo(location, problem);
  }
}

/** Of what needs the configuration nothing is known: it is told with `problem`, remotes count as there, and signatures aren't judged. */
function plainRepo(location: string, problem: TreelineError): RepoPort & Disposable {
  const unknown = (): never => {
    throw problem;
  };
  const objectFile = (type: ObjectKind, checksum: string): string =>
    path.join(location, 'objects', checksum.slice(0, 2), `${checksum.slice(2)}.${type}`);
  const tryLoadCommit = (checksum: string): Commit | undefined => {
    const file = objectFile('commit', checksum);
    return existsSync(file) ? new Commit(checksum, readFileSync(file), 'normal') : undefined;
  };
  return {
    path: location,
    tryResolveRev: () => undefined,
    resolveRev: unknown,
    listRefs: () => new Map(),
    loadCommit: (checksum) => tryLoadCommit(checksum) ?? unknown(),
    tryLoadCommit,
    hasObject: (type, checksum) => existsSync(objectFile(type, checksum)),
    loadMetadata: unknown,
    objectStorageSize: unknown,
    setRef: unknown,
    hasRemote: () => true,
    remoteUrl: unknown,
    remoteOption: unknown,
    detachedSignatures: () => [],
    [Symbol.dispose]: () => undefined,
  };
}
