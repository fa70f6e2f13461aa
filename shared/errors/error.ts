// SPDX-License-Identifier: LGPL-2.1-or-later
import type { z } from 'zod';
import type { ErrorCode } from './codes.ts';
import { maskCredentials } from './credentials.ts';
import type { errorReport } from './report-schema.ts';

export interface ErrorReport extends Readonly<z.infer<typeof errorReport>> {}

/** Addresses get into errors from everywhere, the libraries' words included: nobody who reads one needs the password in it. */
function masked<T>(fields: T): T {
  if (typeof fields === 'string') return maskCredentials(fields) as T;
  if (typeof fields !== 'object' || fields === null) return fields;
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, masked(value as unknown)])) as T;
}

/** The one error type of Treeline. `code` has its text for people in ./codes.ts. */
export class TreelineError extends Error {
  readonly code: ErrorCode;
  readonly report: ErrorReport;

  constructor(code: ErrorCode, given: Omit<ErrorReport, 'code'> = {}, options?: { cause?: unknown }) {
    const fields = masked(given);
    super(
      [
        code,
        fields.file && `${fields.file}${fields.line ? `:${fields.line}` : ''}${fields.key ? `:${fields.key}` : ''}`,
        fields.subject,
        fields.detail,
      ]
        .filter(Boolean)
        .join(': '),
      options,
    );
    this.name = 'TreelineError';
    this.code = code;
    this.report = { code, ...fields };
  }

  static fromReport(report: ErrorReport): TreelineError {
    const { code, ...fields } = report;
    return new TreelineError(code, fields);
  }

  /** Any thrown value as a report; what isn't ours becomes `internal.unexpected` with its message. */
  static report(error: unknown): ErrorReport {
    if (error instanceof TreelineError) return error.report;
    const { name, report, code, path, message } = error as Partial<Record<string, unknown>>;
    // of another bundle, which has its own class of that name
    if (name === 'TreelineError' && typeof report === 'object' && report !== null && 'code' in report) return report as ErrorReport;
    // whichever step met it: Node's error of a system call
    if (code === 'ENOSPC' || code === 'EDQUOT') return { code: 'disk.full', subject: String(path ?? 'disk'), detail: String(message) };
    return { code: 'internal.unexpected', detail: maskCredentials(error instanceof Error ? error.message : String(error)) };
  }
}
