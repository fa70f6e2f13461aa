// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { advisoriesOfCommit } from '../../main/engine/base/db/commit-advisories.ts';
import type { CommitPort } from '../../main/engine/base/ports/sysroot.ts';
import { inHostOrder, inNetworkOrder, type CommitMeta } from '../../shared/domain/index.ts';

const meta = (timestamp: unknown): CommitMeta => ({
  version: { type: 's', value: '1' },
  'rpmostree.rpmmd-repos': { type: 'aa{sv}', value: [{ id: { type: 's', value: 'base' }, timestamp: { type: 't', value: timestamp } }] },
});

test.each([
  // the pair of a real daemon's recording: a composed base, and a client layer made of the same repository
  [1795600620, '17055138845483335680'],
  // its swapped form is below 2^53 and its last bytes are zero
  [0x64000000, 0x64 * 2 ** 32],
  [0x7fffffff, String(0xffffff7f00000000n)],
  [2 ** 32 - 1, String(0xffffffff00000000n)],
])('a repository’s time %s is told in either order from either order', (seconds, swapped) => {
  for (const written of [seconds, swapped]) {
    expect(inHostOrder(meta(written))).toEqual(meta(seconds));
    expect(inNetworkOrder(meta(written))).toEqual(meta(swapped));
  }
});

test('what is no time in any order stays as it is', () => {
  for (const odd of [0, 5, '18446744073709551615', 2 ** 40]) expect(inHostOrder(meta(odd))).toEqual(meta(odd));
  expect(inHostOrder({ version: { type: 's', value: '1' } })).toEqual({ version: { type: 's', value: '1' } });
  expect(inHostOrder({ 'rpmostree.rpmmd-repos': { type: 's', value: 'odd' } })).toEqual({
    'rpmostree.rpmmd-repos': { type: 's', value: 'odd' },
  });
});

test('kind and severity of advisories are read from commits of both orders', () => {
  const commit = (swap: (number: number) => number): CommitPort =>
    ({
      checksum: 'c',
      timestamp: 1,
      value: (key: string) =>
        key === 'rpmostree.advisories' ? [0, 1, 2, 3, 4].map((n) => [`A-${n}`, swap(n), swap(n), [], new Map()]) : undefined,
    }) as unknown as CommitPort;
  const found = (swap: (number: number) => number): unknown[] => advisoriesOfCommit(commit(swap)).map((a) => [a.kind, a.severity]);
  const wanted = [
    ['unknown', 'none'],
    ['security', 'low'],
    ['bugfix', 'moderate'],
    ['enhancement', 'important'],
    ['newpackage', 'critical'],
  ];
  expect(found((n) => n)).toEqual(wanted);
  expect(found((n) => n * 2 ** 24)).toEqual(wanted);
});
