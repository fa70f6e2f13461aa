// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../shared/errors/index.ts';

/** Run a decoder: a typed error is a right answer, unless it says that we didn't expect it. Undefined when it refused. */
export function tolerant<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof TreelineError && !error.code.startsWith('internal.')) return undefined;
    throw error;
  }
}
