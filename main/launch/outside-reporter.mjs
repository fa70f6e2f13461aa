// SPDX-License-Identifier: LGPL-2.1-or-later
// A reporter of vitest beside its own: it keeps the errors that belong to no test, which the JSON report has no place for.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Environment variable: the file the errors are written to, a JSON array of texts. */
export const outsideErrors = 'TREELINE_OUTSIDE_ERRORS';

export default class OutsideReporter {
  /**
   * @param {readonly {relativeModuleId: string, state(): string}[]} modules the test files
   * @param {readonly object[]} errors those outside of any test (vitest's "Unhandled Errors")
   */
  onTestRunEnd(modules, errors) {
    const file = process.env[outsideErrors];
    if (file === undefined) return;
    // a process that ended in the middle of its file doesn't say which it was
    const open = modules.filter((module) => !['passed', 'failed', 'skipped'].includes(module.state()));
    const during = open.length > 0 ? `in ${open.map((module) => module.relativeModuleId).join(', ')}, which didn’t finish:\n` : '';
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(errors.map((error) => during + words(error))));
  }
}

const words = ({ type, stack, message, name, cause }) =>
  `${type ?? 'Error'}: ${stack ?? message ?? name}${cause ? `\ncaused by ${words(cause)}` : ''}`;
