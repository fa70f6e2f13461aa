// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, test } from 'vitest';
import { jsonPath } from '../../../main/cli/output/json-path.ts';
import { sizeText } from '../../../main/cli/output/progress.ts';
import { statusJson } from '../../../main/cli/output/status-json.ts';
import { changeLines, checkText, statusLines } from '../../../main/cli/output/status.ts';
import { noLayering, type Deployment, type HostSnapshot } from '../../../shared/domain/index.ts';
import { dictKeys, recording } from '../../service/recording.ts';

const deployment: Deployment = {
  id: `os-${'a'.repeat(64)}.0`,
  osname: 'os',
  checksum: 'a'.repeat(64),
  serial: 0,
  bootChecksum: 'b',
  index: 0,
  booted: true,
  staged: false,
  pinned: true,
  rollback: false,
  finalizationLocked: false,
  unlocked: 'none',
  version: '43.1',
  timestamp: 1795600963,
  deployedAt: 0,
  origin: { refspec: 'r:b', remote: 'r', ref: 'b', layering: noLayering },
  signatures: [],
  verified: false,
  kernelArgs: ['quiet'],
  bootConfig: {},
  baseMeta: { version: { type: 's', value: '43.1' } },
  commitPresent: true,
};
const snapshot: HostSnapshot = {
  service: { kind: 'treeline', version: '1' },
  hostname: 'h',
  osname: 'os',
  prettyName: 'OS',
  simulated: false,
  deployments: [deployment],
  check: { kind: 'failed', failedAt: 20, since: 10, error: { code: 'repo.unreachable', subject: 'http://x', detail: 'refused' } },
  automaticUpdatePolicy: 'check',
  pastJobs: [],
};

test('status for people', () => {
  const lines = statusLines(snapshot, undefined, { verbose: false, advisories: false, deployments: snapshot.deployments });
  expect(lines).toContain('● r:b');
  expect(lines.join('\n')).toMatch(/Version: 43\.1 \(2026-11-25T\d\d:\d\d:\d\dZ\)/);
  expect(lines.join('\n')).toContain('Could not check for updates: The server can’t be reached. http://x: refused');
  expect(lines[1]).toContain('could not check since 1970-01-01T00:00:10Z');
});

test('a check has states that never mix', () => {
  expect(checkText({ kind: 'never' })).toBe('never checked');
  expect(checkText({ kind: 'up-to-date', checkedAt: 0 })).toMatch(/^up to date/);
  expect(checkText({ kind: 'failed', failedAt: 1, since: 0, error: { code: 'repo.garbage' } })).toBe('could not check so far');
});

test('status --json has the keys of the real one', () => {
  const json = statusJson(snapshot, undefined) as { deployments: object[] };
  expect(Object.keys(json)).toEqual(expect.arrayContaining(['deployments', 'transaction', 'cached-update']));
  expect(Object.keys(json.deployments[0] ?? {})).toEqual(
    expect.arrayContaining(dictKeys(recording('transaction-rollback.txt'), "'RollbackDeployment': <")),
  );
});

describe('JSONPath', () => {
  const document = { a: [{ 'b-c': 1 }, { 'b-c': 2 }], d: null };
  test.each([
    ['$', [document]],
    ['$.a[0].b-c', [1]],
    ["$.a[-1]['b-c']", [2]],
    ['$.a[*].b-c', [1, 2]],
    ['$.a[7]', []],
    ['$.constructor', []],
    ['$.d.x', []],
  ])('%s', (path, wanted) => expect(jsonPath(document, path)).toEqual(wanted));
  test.each(['a', '$..a', '$.a[?(@.x)]', '$.a['])('refused: %s', (path) => expect(() => jsonPath(document, path)).toThrow(/JSONPath/));
});

test('sizes and changes', () => {
  expect([0, 999, 1000, 1_234_567].map(sizeText)).toEqual(['0 B', '999 B', '1.0 kB', '1.2 MB']);
  const pkg = (version: string, epoch = 0): { name: string; arch: string; epoch: number; version: string; release: string } => ({
    name: 'n',
    arch: 'noarch',
    epoch,
    version,
    release: '1',
  });
  expect(
    changeLines([
      { kind: 'upgraded', name: 'n', arch: 'noarch', from: pkg('1'), to: pkg('2', 1) },
      { kind: 'added', name: 'n', arch: 'noarch', to: pkg('3') },
    ]),
  ).toEqual(['Upgraded:', '  n 1-1 -> 1:2-1', 'Added:', '  n-3-1.noarch']);
});
