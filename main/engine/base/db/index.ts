// SPDX-License-Identifier: LGPL-2.1-or-later
export { dbDiff, dbList, dbVersion } from './jobs.ts';
