// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { commands } from '../../../shared/ipc/index.ts';
import * as f from '../../e2e/support/page-fixtures.ts';
import * as r from '../../e2e/support/review-fixtures.ts';

const sum = f.update.checksum;

describe('the review’s part of the IPC contract', () => {
  it.each([
    ['review.summary', []],
    ['review.summary', [sum]],
    ['review.etcFile', ['ssh/sshd_config', sum]],
    ['review.etcFile', ['a file with blanks..and dots']],
    ['review.treeDiff', [sum, sum, { limit: 50_000, prefix: '/usr/bin' }]],
    ['review.treeFile', [sum, sum, '/usr/bin/x']],
    ['review.preview', [{ refspec: 'a:b/c', revision: '43.2' }]],
    ['review.preview', [{ revision: sum, fetchRpmdb: true }]],
    ['review.export', ['markdown', sum]],
    ['remotes.add', ['a/b: odd, but said so by the service', 'https://x.example', { gpgVerify: true }]],
    ['remotes.edit', ['a', { gpgVerify: false }]],
    ['remotes.importKey', ['a', '7f0f5d5e-3b5c-4a53-9d2a-0d5a3bb4c1aa']],
    ['remotes.rebase', ['a:b', {}]],
    ['restart.schedule', [1_900_000_000]],
    ['restart.postpone', [3600]],
    ['host.restart', []],
    ['host.restart', [{ force: true }]],
    ['host.bootOnce', [f.booted.id, {}]],
    ['app.setPreferences', [{ tray: true }]],
  ] as const)('takes right arguments of %s: %j', (name, args) => {
    expect(commands[name].args.safeParse(args).success).toBe(true);
  });

  it.each([
    ['review.summary', ['abc']],
    ['review.summary', [sum.toUpperCase().replace('C', 'G')]],
    ['review.etcFile', ['/etc/shadow']],
    ['review.etcFile', ['../shadow']],
    ['review.etcFile', ['a/./b']],
    ['review.etcFile', ['a\0b']],
    ['review.etcFile', ['']],
    ['review.treeFile', [sum, sum, 'usr/bin/x']],
    ['review.treeFile', [sum, sum, '/usr/../../etc/shadow']],
    ['review.treeDiff', [sum, sum, { limit: 0 }]],
    ['review.treeDiff', [sum, sum, { limit: 1e9 }]],
    ['review.preview', [{ path: '/etc' }]],
    ['review.export', ['html']],
    ['review.export', ['markdown', '/etc/passwd']],
    ['remotes.add', ['', 'https://x.example', { gpgVerify: true }]],
    ['remotes.add', ['a', 'https://x.example\n[remote "b"]', { gpgVerify: true }]],
    ['remotes.add', ['a', 'https://x.example', {}]],
    ['remotes.importKey', ['a', '/etc/passwd']],
    ['media.upgrade', ['', {}]],
    ['restart.schedule', [Number.POSITIVE_INFINITY]],
    ['restart.schedule', [1.5]],
    ['restart.postpone', [-3600]],
    ['restart.postpone', [1e9]],
    ['host.restart', [{ force: 'yes' }]],
    ['host.bootOnce', ['../x', {}]],
    ['app.setPreferences', [{ trayPossible: true }]],
  ] as const)('refuses wrong arguments of %s: %j', (name, args) => {
    expect(commands[name].args.safeParse(args).success).toBe(false);
  });

  it.each([
    ['review.summary', r.stagedSummary],
    ['review.summary', { ...r.summary, partial: true }],
    ['review.etc', { ...r.etc, fetchBytes: 1, entries: [{ ...r.etc.entries[0], problem: 'not-kept' }] }],
    ['review.etcFile', r.sshd],
    ['review.etcFile', { ...r.binaryEtc, yours: { exists: true, type: 'symlink', linkTarget: 'x' } }],
    ['review.treeDiff', r.tree],
    ['review.treeFile', r.osRelease],
    ['review.preview', { ...r.otherBranch, rpmdbBytes: 5 }],
    ['remotes.list', r.remotes],
    ['remotes.refs', r.refs],
    ['remotes.versions', r.versions],
    ['media.list', [r.medium]],
    ['restart.scheduled', r.scheduled],
    ['restart.scheduled', undefined],
    ['restart.blockers', r.blockers],
    ['restart.whatsNew', r.whatsNew],
  ] as const)('passes whole answers of %s unchanged', (name, value) => {
    expect(commands[name].result.parse(value)).toEqual(value);
  });
});
