// SPDX-License-Identifier: LGPL-2.1-or-later
import type { z } from 'zod';
import type { ErrorCode } from './codes.ts';
import { maskCredentials } from './credentials.ts';
import { isErrorReport } from './is-report.ts';
import type { errorReport } from './report-schema.ts';

export interface ErrorReport extends Readonly<z.infer<typeof errorReport>> {}

type Fields = Omit<ErrorReport, 'code'>;
const textFields = ['subject', 'detail', 'file', 'key'] as const;

/** Addresses get into errors from everywhere, the libraries' words included: nobody who reads one needs the password in it. */
function masked(given: Fields): Fields {
  const fields: { -readonly [F in keyof Fields]: Fields[F] } = { ...given };
  for (const name of textFields) if (fields[name] !== undefined) fields[name] = maskCredentials(fields[name]);
  if (given.facts) fields.facts = Object.fromEntries(Object.entries(given.facts).map(([name, fact]) => [name, maskedFact(fact)]));
  return fields;
}

const maskedFact = (fact: string | number): string | number => (typeof fact === 'string' ? maskCredentials(fact) : fact);

type Thrown = Partial<Record<'name' | 'report' | 'code' | 'path' | 'message', unknown>>;

/** The one error type of Treeline. `code` has its text for people in ./codes.ts. */
export class TreelineError extends Error {
  readonly code: ErrorCode;
  readonly report: ErrorReport;

  constructor(code: ErrorCode, given: Fields = {}, options?: { cause?: unknown }) {
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
    const { name, report, code, path, message }: Thrown = Object(error);
    // of another bundle, which has its own class of that name
    if (name === 'TreelineError' && isErrorReport(report)) return report;
    // whichever step met it: Node's error of a system call
    if (code === 'ENOSPC' || code === 'EDQUOT') return { code: 'disk.full', subject: String(path ?? 'disk'), detail: String(message) };
    return { code: 'internal.unexpected', detail: maskCredentials(error instanceof Error ? error.message : String(error)) };
  }
}
