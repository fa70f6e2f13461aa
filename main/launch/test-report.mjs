// SPDX-License-Identifier: LGPL-2.1-or-later
// What a suite's JSON report (vitest's, in Jest's form) says: how many passed, and which failed with which words.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** So many lines of a failure are said again at the end; the whole of it stands where it happened. */
const linesOfFailure = 12;

/**
 * @param {string} report path of the JSON report
 * @param {string} outside path of what outside-reporter.mjs kept
 * @param {number} code exit code of vitest
 * @param {string} root paths are said relative to it
 * @returns {{passed: number, failed: number, skipped: number, failures: string[]}} A test file that can't be loaded, or an error outside of any test, is a failure too; so is a suite without tests.
 */
export function readReport(report, outside, code, root) {
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0, failures: [`ended with ${code} and left no report`] };
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const tests = testResults.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: path.relative(root, file.name) })));
  const failedTests = tests.filter((test) => test.status === 'failed');
  const failedFiles = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const passed = tests.filter((test) => test.status === 'passed').length;
  const errors = existsSync(outside) ? JSON.parse(readFileSync(outside, 'utf8')) : [];
  const failures = [
    ...failedTests.map((test) => words(`${test.file}: ${test.fullName}`, test.failureMessages.join('\n'))),
    ...failedFiles.map((file) => words(path.relative(root, file.name), file.message)),
    ...errors.map((error) => words('an error outside of any test', error)),
  ];
  if (failures.length === 0 && tests.length === 0) failures.push('holds no test');
  else if (failures.length === 0 && code !== 0)
    failures.push(`ended with ${code} although each test passed and no error outside of them was told`);
  return { passed, failed: failures.length, skipped: tests.length - passed - failedTests.length, failures };
}

const words = (head, message) => [head, ...(message ?? '').split('\n').slice(0, linesOfFailure)].join('\n    ').trimEnd();
