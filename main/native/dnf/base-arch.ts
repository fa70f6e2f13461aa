// SPDX-License-Identifier: LGPL-2.1-or-later
import { nonNull } from '../core/index.ts';
import { context } from './raw.ts';

/** The architecture of packages as repositories' addresses have it ($basearch), by libdnf's own table. */
export function baseArch(): string {
  // one for the life of the process: asking is all that it is for
  return String(context.baseArch(nonNull(context.create(), 'DnfContext')));
}
