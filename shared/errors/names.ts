// SPDX-License-Identifier: LGPL-2.1-or-later
import { errorTable, type ErrorCode } from './codes.ts';
import { isErrorCode } from './is-report.ts';

const prefix = 'org.treeline.Error.';
const camel = (code: string): string => code.replace(/(^|[.-])(\w)/g, (_, __, c: string) => c.toUpperCase());

/** The D-Bus error name of a code: `sysroot.busy` -> `org.treeline.Error.SysrootBusy`. */
export function dbusErrorName(code: ErrorCode): string {
  return prefix + camel(code);
}

const byName = new Map(
  Object.keys(errorTable)
    .filter(isErrorCode)
    .map((code) => [dbusErrorName(code), code]),
);

/** The code of a D-Bus error name, undefined for a foreign one. */
export function errorCodeOfDbusName(name: string): ErrorCode | undefined {
  return byName.get(name);
}
