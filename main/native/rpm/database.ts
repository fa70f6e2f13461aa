// SPDX-License-Identifier: LGPL-2.1-or-later
import { constants, existsSync } from 'node:fs';
import path from 'node:path';
import type { RpmdbBackend } from '../../engine/base/ports/rpm.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { Pointer, Scope } from '../core/index.ts';
import { lastLog } from './log.ts';
import * as raw from './raw.ts';

/** The file by which each kind of database is known. */
export const databaseFiles: Readonly<Record<RpmdbBackend, string>> = { sqlite: 'rpmdb.sqlite', ndb: 'Packages.db' };

/** The kind of database in a directory, undefined when there is none that librpm can read. */
export function backendOf(directory: string): RpmdbBackend | undefined {
  return (['sqlite', 'ndb'] as const).find((kind) => existsSync(path.join(directory, databaseFiles[kind])));
}

/** A transaction set on a database; the macro is pushed last, because reading the configuration sets it. */
export function openDatabase(root: string, dbPath: string, backend: RpmdbBackend, mode: number, scope: Scope): Pointer<'rpmts'> {
  const ts = scope.own<'rpmts'>(raw.rpmtsCreate(), 'rpmts', raw.rpmtsFree);
  for (const [name, value] of [
    ['_dbpath', dbPath],
    ['_db_backend', backend],
  ] as const) {
    raw.rpmPushMacro(null, name, null, value, raw.macroLevel);
    scope.defer(() => raw.rpmPopMacro(null, name));
  }
  raw.rpmtsSetVSFlags(ts, raw.vsFlag.noHeaderCheck | raw.vsFlag.noDigests | raw.vsFlag.noSignatures);
  const failed = mode === constants.O_RDONLY ? 'rpmdb.unreadable' : 'rpmdb.not-written';
  if (raw.rpmtsSetRootDir(ts, root) !== 0) throw new TreelineError(failed, { subject: root, detail: 'not an absolute path' });
  if (raw.rpmtsOpenDB(ts, mode) !== 0)
    throw new TreelineError(failed, { subject: path.join(root, dbPath), detail: lastLog() || 'librpm can’t open it' });
  scope.defer(() => raw.rpmtsCloseDB(ts));
  return ts;
}
