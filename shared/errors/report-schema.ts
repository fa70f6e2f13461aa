// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import type { ErrorCode } from './codes.ts';
import { isErrorCode } from './is-report.ts';

const text = z.string();
const number = z.number();

/** The wire form of an error: what crosses pipes, D-Bus and IPC. Every field is for people or for a next step. Only its type is needed to make errors. */
export const errorReport = z.object({
  code: z.custom<ErrorCode>(isErrorCode, 'is no error code'),
  /** The thing at fault: a file, package, repo, ref, key. */
  subject: text.optional(),
  /** The library's or system's own words. */
  detail: text.optional(),
  /** Where in a text file, 1-based. */
  file: text.optional(),
  line: number.optional(),
  column: number.optional(),
  key: text.optional(),
  /** More facts for the text's placeholders, e.g. { needBytes, freeBytes, owner, startedAt }. */
  facts: z.record(text, z.union([text, number])).optional(),
});
