// SPDX-License-Identifier: LGPL-2.1-or-later
import type { RpmPort } from '../../engine/base/ports/rpm.ts';
import { databaseBackend } from './expand.ts';
import { readPackage } from './read.ts';
import { readInstalled, readRpmdb } from './rpmdb.ts';
import { rpmDoes } from './since.ts';
import { verifyPackage } from './verify.ts';
import { writeRpmdb } from './write-rpmdb.ts';

export { expandScript } from './expand.ts';
export { packageInfo } from './package-info.ts';
export { readPackage } from './read.ts';
export { readRpmdb } from './rpmdb.ts';
export { verifyPackage } from './verify.ts';
export { writeRpmdb } from './write-rpmdb.ts';

/** librpm, as the engine sees it. */
export const rpm: RpmPort = {
  readPackage,
  verifyPackage,
  writeRpmdb,
  readRpmdb,
  readInstalled,
  databaseBackend,
  countsForFileTriggers: () => rpmDoes('countsForFileTriggers'),
};
