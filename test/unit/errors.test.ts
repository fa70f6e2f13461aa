// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import {
  dbusErrorName,
  errorCodeOfDbusName,
  errorLine,
  errorTable,
  errorText,
  TreelineError,
  type ErrorCode,
} from '../../shared/errors/index.ts';

const codes = Object.keys(errorTable) as ErrorCode[];

test('every code has a title, an explanation and a next step, and no text blames', () => {
  for (const code of codes) {
    const [title, explanation, next] = errorTable[code];
    expect(title.length, code).toBeGreaterThan(3);
    expect(title, code).not.toMatch(/[.:]$/);
    expect(explanation.length, code).toBeGreaterThan(3);
    expect(next, code).toMatch(/[.}]$/);
    expect(`${title} ${explanation} ${next}`, code).not.toMatch(/are you sure|you must|your fault/i);
  }
});

test('every code used in the sources is in the table, and every one of the table is used', () => {
  const used = new Set(
    execFileSync(
      'git',
      [
        'grep',
        '-hoE',
        "'[a-z]+(-[a-z]+)*\\.[a-z]+(-[a-z]+)*'|'not-supported'",
        '--',
        'main',
        'shared/domain',
        'shared/ipc',
        'shared/dbus',
        'renderer',
      ],
      { encoding: 'utf8' },
    )
      .split('\n')
      .map((line) => line.slice(1, -1)),
  );
  const unused = codes.filter((code) => !used.has(code));
  expect(unused).toEqual([]);
});

test('D-Bus names are unique and lead back', () => {
  expect(new Set(codes.map(dbusErrorName)).size).toBe(codes.length);
  for (const code of codes) expect(errorCodeOfDbusName(dbusErrorName(code))).toBe(code);
  expect(errorCodeOfDbusName('org.freedesktop.DBus.Error.Failed')).toBeUndefined();
});

test('a sentence without its fact is left out, the others stay', () => {
  expect(errorText({ code: 'treefile.unknown-key', key: 'pakages' }).explanation).toBe('“pakages” is not a key.');
  expect(errorText({ code: 'treefile.unknown-key', key: 'pakages', facts: { hint: 'Did you mean “packages”?' } }).explanation).toContain(
    'Did you mean',
  );
});

test('a line for the terminal starts with file, line and key', () => {
  expect(errorLine({ code: 'treefile.unknown-key', file: 'os.yaml', line: 3, key: 'pakages' })).toMatch(
    /^os\.yaml:3:pakages: Unknown treefile key\. /,
  );
});

test('an error that another bundle has thrown is the same error', () => {
  const foreign = Object.assign(new Error('x'), { name: 'TreelineError', report: { code: 'rpmdb.missing', subject: 's' } });
  expect(TreelineError.report(foreign)).toEqual({ code: 'rpmdb.missing', subject: 's' });
});

test('a report survives JSON, and foreign errors become reports', () => {
  const error = new TreelineError('disk.boot-full', { facts: { needBytes: 5, freeBytes: 3 } });
  expect(TreelineError.fromReport(JSON.parse(JSON.stringify(TreelineError.report(error)))).report).toEqual(error.report);
  expect(TreelineError.report(new Error('x'))).toEqual({ code: 'internal.unexpected', detail: 'x' });
  expect(TreelineError.report('text').detail).toBe('text');
});

test('a detail without a full stop does not run into the next sentence', () => {
  expect(errorLine({ code: 'package.corrupt', subject: 'a.rpm', detail: 'cut off' })).toBe(
    'A package file is damaged. a.rpm: cut off. Fetch it again.',
  );
});
