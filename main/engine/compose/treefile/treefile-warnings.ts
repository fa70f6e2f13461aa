// SPDX-License-Identifier: LGPL-2.1-or-later
import { errorText, type ErrorReport } from '../../../../shared/errors/index.ts';

/** A line about something in a treefile that is ignored. */
export function warnOf(report: ErrorReport): string {
  const { explanation } = errorText(report);
  return `warning: ${report.file ?? ''}:${report.line ?? 0}: ${explanation}`.trim();
}
