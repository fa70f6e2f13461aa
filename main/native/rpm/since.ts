// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { compareVersions } from '../../../shared/domain/index.ts';
import { library } from '../core/index.ts';

/**
 * What rpm does otherwise than before, by the first version that does: everything in Treeline that depends on rpm's version asks here. ARCHITECTURE.md
 * ("Other systems") has the table.
 */
const since = {
  /** File triggers hear how many instances there are of their own package, and not for the whole transaction, of the other one (rpm#2871, rpm#2883). */
  countsForFileTriggers: '4.20',
} as const;

/** Whether the installed rpm does it. RPMVERSION: rpm/rpmlib.h. */
export const rpmDoes = (what: keyof typeof since): boolean =>
  compareVersions(koffi.decode(library('rpm').symbol('RPMVERSION'), 'char *') as string, since[what]) >= 0;
