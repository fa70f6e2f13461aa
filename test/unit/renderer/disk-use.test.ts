// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { freedBytes, freedTogether, leftoversOf } from '../../../renderer/model/disk-use.ts';
import * as f from '../../e2e/support/page-fixtures.ts';

test('what isn’t known is never told as a number', () => {
  expect(freedBytes(undefined)).toBeUndefined();
  expect(freedBytes({ id: 'a', bootBytes: 5 })).toBeUndefined();
  expect(freedBytes({ id: 'a', exclusiveBytes: 0, bootBytes: 5 })).toBe(5);
  expect(freedTogether(f.diskUse, [f.older, f.staged])).toBe(274_000_000 + 61_000_000 + 121_000_000 + 63_000_000);
  expect(freedTogether({ ...f.diskUse, deployments: [] }, [f.older])).toBeUndefined();
  expect(freedTogether(undefined, [f.older])).toBeUndefined();
});

test('pinned versions and other stateroots are no leftovers', () => {
  const deployments = [
    f.staged,
    { ...f.older, id: 'next', index: 1 },
    f.booted,
    f.older,
    { ...f.older, id: 'pinned', pinned: true },
    { ...f.older, id: 'other', osname: 'other' },
  ];
  const ids = (kind: Parameters<typeof leftoversOf>[1], list = deployments): string[] =>
    leftoversOf(f.snapshot({ deployments: list }), kind).map(({ id }) => id);
  expect(ids('pending-deploy')).toEqual([f.staged.id, 'next']);
  expect(ids('rollback-deploy')).toEqual([f.older.id]);
  expect(ids('pending-deploy', [f.older])).toEqual([]);
});
