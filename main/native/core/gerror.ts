// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';
import { library } from './libraries.ts';

/** GError of glib/gerror.h. */
const GErrorStruct = koffi.struct('TreelineGError', { domain: 'uint32', code: 'int', message: 'str' });

export const GErrorOut: unknown = koffi.out(koffi.pointer('void *'));

export interface GErrorValue {
  readonly domain: string;
  readonly code: number;
  readonly message: string;
}

/** Turns a library's error into ours; `call` is the C function's name. */
export type GErrorMapper = (error: GErrorValue, call: string) => TreelineError;

let functions: { quark: (domain: number) => string; free: (error: unknown) => void } | undefined;

/** Copy a `GError *` into a plain value and free it. */
export function decodeError(error: unknown): GErrorValue {
  functions ??= {
    quark: library('glib').func('g_quark_to_string', 'str', ['uint32']) as (domain: number) => string,
    free: library('glib').func('g_error_free', 'void', ['void *']) as (error: unknown) => void,
  };
  const raw = koffi.decode(error, GErrorStruct) as { domain: number; code: number; message: string };
  const value = { domain: functions.quark(raw.domain), code: raw.code, message: raw.message };
  functions.free(error);
  return value;
}

/** For errors nobody expects: the library's words, and the call they came from. */
export const unexpected: GErrorMapper = (error, call) =>
  // the function is in the details of the one, which no sentence shows, and nobody's business in the other
  /No space left on device|ENOSPC/.test(error.message)
    ? new TreelineError('disk.full', { subject: 'Working directory', detail: error.message })
    : new TreelineError('internal.unexpected', { subject: call, detail: error.message });
