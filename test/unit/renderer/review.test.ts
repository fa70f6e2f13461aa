// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { countEtc, etcRows } from '../../../renderer/features/review/etc-rows.ts';
import { searchFiles } from '../../../renderer/features/review/files-panel.tsx';
import { sideText, sideWords } from '../../../renderer/ui/files/side-words.ts';
import { findBranches, likelyBranch, mostBranches, sortBranches } from '../../../renderer/features/updates/branch-options.ts';
import { groupedFingerprint } from '../../../renderer/ui/key-list.tsx';
import { fromLocalInput, nextHour, toLocalInput } from '../../../renderer/features/updates/schedule-times.ts';
import { pausedUpdateJob } from '../../../renderer/model/update-state.ts';
import { createFormatter } from '../../../renderer/i18n/format.ts';
import * as f from '../../e2e/support/page-fixtures.ts';
import * as r from '../../e2e/support/review-fixtures.ts';

describe('lists of the review', () => {
  it('put what needs a look first', () => {
    expect(etcRows(r.etc.entries, 'all', '').map(({ kind }) => kind)).toEqual([
      'both-changed',
      'both-changed',
      'vendor-applied',
      'vendor-applied',
      'yours-kept',
      'both-same',
    ]);
    const blocked = r.etc.entries.map((entry, index) => (index === 1 ? { ...entry, problem: 'blocks' as const } : entry));
    expect(etcRows(blocked, 'all', '')[0]?.path).toBe('hosts');
    expect(etcRows(r.etc.entries, 'both-changed', 'ETC ssh').map(({ path }) => path)).toEqual(['ssh/sshd_config']);
    expect(countEtc(r.etc.entries)).toEqual({ 'both-changed': 2, 'vendor-applied': 2, 'yours-kept': 1, 'both-same': 1 });
  });

  it('search paths by words', () => {
    expect(searchFiles(r.tree.changes, 'USR less').map(({ path }) => path)).toEqual(['/usr/bin/less']);
    expect(searchFiles(r.tree.changes, ' ')).toBe(r.tree.changes);
  });

  it('say in words what has no text', () => {
    const t = ((key: string, values: object) => `${key}${Object.values(values ?? {}).join()}`) as unknown as Parameters<
      typeof sideWords
    >[0];
    const words = (side: Parameters<typeof sideWords>[2]): string => sideWords(t, createFormatter('en'), side);
    expect(words({ exists: false })).toBe('side.missing');
    expect(words({ exists: true, type: 'file', sizeBytes: 2048, mode: 0o4755, noText: 'binary' })).toBe(
      '2 kB · side.mode4755 · side.binary',
    );
    expect(words({ exists: true, type: 'symlink', linkTarget: '/x', mode: 0o777 })).toBe('side.link/x');
    expect(words({ exists: true })).toBe('side.present');
    expect([sideText({ exists: false }), sideText({ exists: true, noText: 'binary' })]).toEqual(['', undefined]);
  });
});

describe('sources', () => {
  it('offer the own variant first, and what one most likely came for', () => {
    const many = Array.from(
      { length: 20_000 },
      (_, i) => ({ ref: `os/x86_64/branch-${i}`, version: '', timestamp: 0 }) as (typeof r.refs)[number],
    );
    const all = findBranches(many, '', 'os/x86_64/branch-19999');
    expect([all.shown.length, all.found]).toEqual([mostBranches + 1, 20_000]);
    expect(all.shown[0]?.ref).toBe('os/x86_64/branch-19999');
    expect(findBranches(many, 'X86 branch-1234', '').shown.map(({ ref }) => ref)).toContain('os/x86_64/branch-1234');
    expect(findBranches(many, 'none of it', '')).toEqual({ shown: [], found: 0 });
    expect(sortBranches(r.refs).map(({ ref }) => ref)).toEqual([
      'timberline/stable/x86_64',
      'timberline/testing/x86_64',
      'other/rawhide/aarch64',
    ]);
    expect(likelyBranch(r.refs)).toBe('timberline/testing/x86_64');
    expect(likelyBranch([])).toBeUndefined();
  });

  it('write fingerprints so that they can be read out', () => {
    expect(groupedFingerprint({ ...r.releaseKey, fingerprint: 'abcdef0123' })).toBe('ABCD EF01 23');
    expect(groupedFingerprint({ ...r.releaseKey, type: 'ed25519', fingerprint: 'q1w2=' })).toBe('q1w2=');
  });
});

describe('restarts', () => {
  it('are tonight, which may be tomorrow', () => {
    const at = (hour: number, minute: number): Date => new Date(2026, 10, 25, hour, minute);
    expect(nextHour(2, at(15, 30))).toBe(new Date(2026, 10, 26, 2).getTime() / 1000);
    expect(nextHour(2, at(1, 59))).toBe(new Date(2026, 10, 25, 2).getTime() / 1000);
    expect(nextHour(2, at(2, 0))).toBe(new Date(2026, 10, 26, 2).getTime() / 1000);
    expect(nextHour(2, new Date(2026, 11, 31, 12))).toBe(new Date(2027, 0, 1, 2).getTime() / 1000);
  });

  it('survive the way into the input and back', () => {
    const seconds = new Date(2026, 0, 2, 3, 4).getTime() / 1000;
    expect(toLocalInput(seconds)).toBe('2026-01-02T03:04');
    expect(fromLocalInput(toLocalInput(seconds))).toBe(seconds);
    for (const wrong of ['', '2026-01-02', '2026-13-40T99:99']) expect(fromLocalInput(wrong)).toBeUndefined();
  });

  it('know a paused download from a cancelled one, until it is tried again', () => {
    const paused = f.job({ phase: 'cancelled', startedAt: 10, error: { code: 'job.paused', subject: 'upgrade' } });
    expect(pausedUpdateJob(f.snapshot({ pastJobs: [paused] }), undefined)).toBe(paused);
    expect(pausedUpdateJob(f.snapshot(), f.job({ phase: 'cancelled', error: { code: 'job.cancelled' } }))).toBeUndefined();
    expect(pausedUpdateJob(f.snapshot({ pastJobs: [paused] }), f.job({ phase: 'succeeded', startedAt: 20 }))).toBeUndefined();
  });
});
