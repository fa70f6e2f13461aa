// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { countDrift, driftRows, isRestorable } from '../../../renderer/model/etc-drift.ts';
import { drift } from '../../e2e/support/etc-fixtures.ts';

test('what has a default comes first, by its path', () => {
  expect(countDrift(drift.entries)).toEqual({ modified: 5, removed: 1, added: 2 });
  expect(driftRows(drift.entries, 'all', '').map(({ path }) => path.slice(0, 12))).toEqual([
    'fstab',
    'pki/trust.bi',
    'ssh/sshd_con',
    'sudoers.d',
    'vconsole.con',
    'chrony.conf',
    'NetworkManag',
    'machine-id',
  ]);
  expect(driftRows(drift.entries, 'added', '/etc/net connections')).toHaveLength(1);
  expect(driftRows(drift.entries, 'removed', 'ssh')).toEqual([]);
});

test('only what has a default that knows the machine can be put back', () => {
  expect(drift.entries.filter(isRestorable).map(({ path }) => path)).toEqual([
    'chrony.conf',
    'pki/trust.bin',
    'ssh/sshd_config',
    'sudoers.d',
    'vconsole.conf',
  ]);
});
