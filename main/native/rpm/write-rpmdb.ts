// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { comparePackages } from '../../engine/base/diff/index.ts';
import { formatNevra } from '../../../shared/domain/index.ts';
import type { RpmdbBackend, WriteRpmdbOptions } from '../../engine/base/ports/rpm.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { Scope, type Pointer } from '../core/index.ts';
import { backendOf, databaseFiles, openDatabase } from './database.ts';
import { detailsOf } from './describe.ts';
import { filesOf } from './files.ts';
import { tag, type Header } from './header.ts';
import { lastLog, withLog } from './log.ts';
import * as raw from './raw.ts';
import { exportHeader, openHeader } from './read.ts';

/** See RpmPort.writeRpmdb. */
export function writeRpmdb(options: WriteRpmdbOptions): void {
  try {
    write(options);
  } catch (error) {
    if (!(error instanceof TreelineError) || error.code !== 'rpmdb.not-written') throw error;
    // sqlite says it in many ways, an I/O error among them
    const { bavail, bsize } = statfsSync(path.resolve(options.root));
    if (bavail * bsize > roomBytes && !/disk is full/i.test(error.report.detail ?? '')) throw error;
    throw new TreelineError(
      'disk.full',
      { subject: path.join(options.root, options.dbPath), detail: error.report.detail ?? '' },
      { cause: error },
    );
  }
}

/** With less than this, a database couldn't have grown. */
const roomBytes = 1 << 20;

function write(options: WriteRpmdbOptions): void {
  const root = path.resolve(options.root);
  const directory = path.join(root, options.dbPath);
  mkdirSync(directory, { recursive: true });
  const there = backendOf(directory);
  const backend = there ?? options.backend ?? 'sqlite';
  if (there && !options.onto) throw new TreelineError('rpmdb.not-written', { subject: directory, detail: 'there is one already' });
  if (!there && options.onto)
    throw new TreelineError('rpmdb.unreadable', { subject: directory, detail: `there is no ${databaseFiles.sqlite}` });
  if (there && (options.without ?? []).length > 0) return rewrite(options, there, directory);
  if (there) ownFiles(directory);
  withLog(() => {
    using scope = new Scope();
    const items = options.packages.map((file) => {
      const handle = openHeader(file);
      scope.defer(() => handle[Symbol.dispose]());
      return { handle, file, header: exportHeader(handle.pointer, path.basename(file)) };
    });
    items.sort((a, b) => comparePackages(detailsOf(a.header), detailsOf(b.header)));
    const ts = openDatabase(root, options.dbPath, backend, constants.O_RDWR | constants.O_CREAT, scope);
    if (lastLog().includes(`invalid %_db_backend: ${backend}`))
      throw new TreelineError('not-supported', {
        subject: `An RPM database in ${backend} format`,
        detail: 'this system’s librpm can’t write one',
      });
    const txn = raw.rpmtxnBegin(ts, raw.txnWrite);
    if (!txn) throw new TreelineError('rpmdb.not-written', { subject: directory, detail: lastLog() || 'librpm can’t lock it' });
    scope.defer(() => raw.rpmtxnEnd(txn));
    items.forEach((item, i) => {
      markInstalled(item.handle.pointer, item.header, options.installTimeSeconds, options.leftOut?.get(item.file));
      if (raw.rpmtsImportHeader(txn, item.handle.pointer, 0) !== raw.rpmRc.ok)
        throw new TreelineError('rpmdb.not-written', { subject: directory, detail: `${path.basename(item.file)}: ${lastLog()}` });
      options.onProgress?.(i + 1, items.length);
    });
  });
  if (backend === 'sqlite') settle(directory);
  rmSync(path.join(directory, '.rpm.lock'), { force: true });
}

/** As `rpmdb --rebuilddb` does it: every header but those that go is copied to a new database, which takes the old one's place. */
function rewrite(options: WriteRpmdbOptions, backend: RpmdbBackend, directory: string): void {
  const { without = [], ...rest } = options;
  const next = `${options.dbPath}.next`;
  const target = path.join(path.resolve(options.root), next);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  withLog(() => {
    using scope = new Scope();
    const from = openDatabase(path.resolve(options.root), options.dbPath, backend, constants.O_RDONLY, scope);
    const to = openDatabase(path.resolve(options.root), next, backend, constants.O_RDWR | constants.O_CREAT, scope);
    const txn = raw.rpmtxnBegin(to, raw.txnWrite);
    if (!txn) throw new TreelineError('rpmdb.not-written', { subject: target, detail: lastLog() || 'librpm can’t lock it' });
    scope.defer(() => raw.rpmtxnEnd(txn));
    const iterator = raw.rpmtsInitIterator(from, raw.rpmdbiPackages, null, 0);
    if (!iterator) return;
    scope.defer(() => raw.rpmdbFreeIterator(iterator));
    for (let header = raw.rpmdbNextIterator(iterator); header; header = raw.rpmdbNextIterator(iterator)) {
      const nevra = formatNevra(detailsOf(exportHeader(header, options.dbPath)));
      if (without.includes(nevra)) continue;
      if (raw.rpmtsImportHeader(txn, header, 0) !== raw.rpmRc.ok)
        throw new TreelineError('rpmdb.not-written', { subject: target, detail: `${nevra}: ${lastLog()}` });
    }
  });
  if (backend === 'sqlite') settle(target);
  rmSync(path.join(target, '.rpm.lock'), { force: true });
  // other entries of the directory stay as they are
  for (const name of readdirSync(target)) renameSync(path.join(target, name), path.join(directory, name));
  rmSync(target, { recursive: true, force: true });
  if (rest.packages.length > 0) write(rest);
}

/** librpm writes in place: what are hard links becomes files of their own first. */
function ownFiles(directory: string): void {
  for (const name of readdirSync(directory)) {
    const [file, copy] = [path.join(directory, name), path.join(directory, `.${name}.own`)];
    copyFileSync(file, copy, constants.COPYFILE_FICLONE);
    renameSync(copy, file);
  }
}

/** What installing adds to a header (rpm/rpmtag.h): when, in which transaction, and which files are there. */
function markInstalled(
  pointer: Pointer<'Header'>,
  header: Header,
  installTimeSeconds: number,
  leftOut: ReadonlySet<string> | undefined,
): void {
  for (const [key, value] of [
    [tag.installTime, installTimeSeconds],
    [tag.installTid, installTimeSeconds],
    [tag.installColor, 0],
  ] as const) {
    raw.headerDel(pointer, key);
    raw.headerPutUint32(pointer, key, [value], 1);
  }
  const count = header.has(tag.baseNames) ? header.texts(tag.baseNames).length : header.texts(tag.oldFileNames).length;
  raw.headerDel(pointer, tag.fileStates);
  if (count === 0) return;
  const states = new Uint8Array(count);
  if (leftOut) filesOf(header).forEach(({ path: name }, i) => (states[i] = leftOut.has(name) ? notInstalled : 0));
  raw.headerPutChar(pointer, tag.fileStates, states, count);
}

/** RPMFILE_STATE_NOTINSTALLED of rpm/rpmfiles.h. */
const notInstalled = 2;

/**
 * Make the database readable from a read-only file system: sqlite's write-ahead log is empty after closing, so the file is
 * switched to the plain journal (bytes 18 and 19 of its header: file format write and read version) and the side files go.
 */
function settle(directory: string): void {
  const file = path.join(directory, databaseFiles.sqlite);
  const log = `${file}-wal`;
  if (existsSync(log) && statSync(log).size > 0)
    throw new TreelineError('rpmdb.not-written', { subject: file, detail: 'it was not closed completely' });
  const fd = openSync(file, 'r+');
  try {
    const head = Buffer.alloc(20);
    readSync(fd, head, 0, 20, 0);
    if (head[18] === 2 && head[19] === 2) writeSync(fd, Buffer.from([1, 1]), 0, 2, 18);
  } finally {
    closeSync(fd);
  }
  for (const extra of ['-wal', '-shm']) rmSync(file + extra, { force: true });
}
