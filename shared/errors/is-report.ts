// SPDX-License-Identifier: LGPL-2.1-or-later
import { errorTable, type ErrorCode } from './codes.ts';
import type { ErrorReport } from './error.ts';

export const isErrorCode = (value: unknown): value is ErrorCode => typeof value === 'string' && Object.hasOwn(errorTable, value);

const texts = ['subject', 'detail', 'file', 'key'];
const numbers = ['line', 'column'];

/** Whether a value that another process or version wrote is a report that has a text here. Quick: processes that must start fast ask it. */
export function isErrorReport(value: unknown): value is ErrorReport {
  if (typeof value !== 'object' || value === null || !('code' in value) || !isErrorCode(value.code)) return false;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return fields.every(([name, field]) => {
    if (texts.includes(name)) return typeof field === 'string';
    if (numbers.includes(name)) return typeof field === 'number';
    return name !== 'facts' || areFacts(field);
  });
}

const areFacts = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((fact: unknown) => typeof fact === 'string' || typeof fact === 'number');
