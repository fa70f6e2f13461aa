// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, statSync } from 'node:fs';
import koffi from 'koffi';
import { bind, PointerOut, Ptr, Scope, type Pointer } from '../core/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';

const open = bind('sqlite', 'sqlite3_open_v2', 'int', ['str', PointerOut, 'int', Ptr]);
const close = bind('sqlite', 'sqlite3_close_v2', 'int', [Ptr]);
const prepare = bind('sqlite', 'sqlite3_prepare_v2', 'int', [Ptr, 'str', 'int', PointerOut, Ptr]);
const finalize = bind('sqlite', 'sqlite3_finalize', 'int', [Ptr]);
const bindText = bind('sqlite', 'sqlite3_bind_text', 'int', [Ptr, 'int', 'str', 'int', 'intptr_t']);
const step = bind('sqlite', 'sqlite3_step', 'int', [Ptr]);
const reset = bind('sqlite', 'sqlite3_reset', 'int', [Ptr]);
const columnBlob = bind('sqlite', 'sqlite3_column_blob', Ptr, [Ptr, 'int']);
const columnBytes = bind('sqlite', 'sqlite3_column_bytes', 'int', [Ptr, 'int']);
const message = bind('sqlite', 'sqlite3_errmsg', 'str', [Ptr]);
const copyMemory = bind('c', 'memcpy', Ptr, [koffi.pointer('uint8'), Ptr, 'size_t']);

/** sqlite3.h */
const codes = { ok: 0, row: 100, done: 101 } as const;
const openReadOnly = 1;
const openUri = 0x40;
/** SQLITE_TRANSIENT: sqlite copies the text. */
const transient = -1;

/** True for a database which nobody writes to and whose write-ahead log is empty: its file alone is the whole of it. */
export function isSettled(file: string): boolean {
  const log = `${file}-wal`;
  return !existsSync(log) || statSync(log).size === 0;
}

/**
 * The headers of an RPM database in sqlite's format, as bytes (those that headerExport gives; rpm's lib/backend/sqlite.c), all or those of some
 * package names. librpm's iterators prepare a statement, import and export each header: for hundreds of packages that is most of a comparison's
 * time. The file is opened as unchanging (sqlite's `immutable`), which needs no lock and no side file, so it may lie on a read-only file system.
 * Throws rpmdb.unreadable.
 */
export function readHeaderBlobs(file: string, names?: readonly string[]): Buffer[] {
  using scope = new Scope();
  const out: [unknown] = [null];
  const uri = `file:${encodeURI(file).replaceAll('?', '%3f').replaceAll('#', '%23')}?immutable=1`;
  const opened = open(uri, out, openReadOnly | openUri, null);
  const db = out[0] as Pointer<'sqlite3'> | null;
  if (!db) throw new TreelineError('rpmdb.unreadable', { subject: file, detail: 'out of memory' });
  scope.defer(() => close(db));
  const check = (code: unknown): void => {
    if (code === codes.ok || code === codes.row || code === codes.done) return;
    throw new TreelineError('rpmdb.unreadable', { subject: file, detail: String(message(db)) });
  };
  check(opened);
  const sql = names
    ? 'SELECT p.blob FROM Name AS n JOIN Packages AS p ON p.hnum = n.hnum WHERE n.key = ? ORDER BY p.hnum'
    : 'SELECT blob FROM Packages ORDER BY hnum';
  const statementOut: [unknown] = [null];
  check(prepare(db, sql, -1, statementOut, null));
  const statement = scope.own<'sqlite3_stmt'>(statementOut[0], 'statement', finalize);
  const blobs: Buffer[] = [];
  for (const name of names ?? [null]) {
    if (name !== null) check(bindText(statement, 1, name, -1, transient));
    for (let code = step(statement); code !== codes.done; code = step(statement)) {
      check(code);
      const size = columnBytes(statement, 0) as number;
      const bytes = Buffer.allocUnsafe(size);
      if (size > 0) copyMemory(bytes, columnBlob(statement, 0) as bigint, size);
      blobs.push(bytes);
    }
    check(reset(statement));
  }
  return blobs;
}
