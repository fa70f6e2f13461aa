// SPDX-License-Identifier: LGPL-2.1-or-later
import { constants } from 'node:fs';
import path from 'node:path';
import { comparePackages } from '../../engine/base/diff/index.ts';
import type { InstalledPackage, ReadRpmdbOptions, RpmHeader } from '../../engine/base/ports/rpm.ts';
import type { Package } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { Scope } from '../core/index.ts';
import { PackageWithChangelog } from './changelog.ts';
import { backendOf, databaseFiles, openDatabase } from './database.ts';
import { detailsOf } from './describe.ts';
import { Header } from './header.ts';
import { withLog } from './log.ts';
import * as raw from './raw.ts';
import { describeHeader, exportHeader } from './read.ts';
import { isSettled, readHeaderBlobs } from './sqlite.ts';

/** See RpmPort.readRpmdb. */
export function readRpmdb(options: ReadRpmdbOptions): readonly InstalledPackage[] {
  return sorted(headersOf(options).map((header) => installed(header, options.changelogs ?? false)));
}

/** See RpmPort.readInstalled. */
export function readInstalled(options: Pick<ReadRpmdbOptions, 'root' | 'dbPath'>): readonly RpmHeader[] {
  return sorted(headersOf(options).map(describeHeader));
}

/** Exported headers, unsorted, whatever they are of. */
export function headersOf(options: ReadRpmdbOptions): Header[] {
  const root = path.resolve(options.root ?? '/');
  const directory = path.join(root, options.dbPath);
  const backend = backendOf(directory);
  // librpm would make an empty one
  if (!backend) throw new TreelineError('rpmdb.unreadable', { subject: directory, detail: `there is no ${databaseFiles.sqlite}` });
  const file = path.join(directory, databaseFiles[backend]);
  if (backend === 'sqlite' && isSettled(file)) return readHeaderBlobs(file, options.names).map((blob) => new Header(blob, file));
  const found: Header[] = [];
  withLog(() => {
    using scope = new Scope();
    const ts = openDatabase(root, options.dbPath, backend, constants.O_RDONLY, scope);
    for (const name of options.names ?? [null]) {
      const iterator = raw.rpmtsInitIterator(ts, name === null ? raw.rpmdbiPackages : raw.rpmdbiName, name, 0);
      if (!iterator) continue;
      try {
        for (let h = raw.rpmdbNextIterator(iterator); h; h = raw.rpmdbNextIterator(iterator)) found.push(exportHeader(h, options.dbPath));
      } finally {
        raw.rpmdbFreeIterator(iterator);
      }
    }
  });
  return found;
}

const sorted = <T extends Package>(packages: readonly T[]): T[] => packages.filter((p) => p.name !== 'gpg-pubkey').sort(comparePackages);

function installed(header: Header, changelogs: boolean): InstalledPackage {
  return changelogs ? new PackageWithChangelog(header) : detailsOf(header);
}
