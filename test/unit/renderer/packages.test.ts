// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { buildRows, indexAdvisories, moveSelection, versionChange } from '../../../renderer/ui/packages/rows.ts';
import { announcementFor } from '../../../renderer/app/announcement.ts';
import { choosePair } from '../../../renderer/features/history/compare-panel.tsx';
import { jobReportText } from '../../../renderer/model/report.ts';
import * as f from '../../e2e/support/page-fixtures.ts';

const index = indexAdvisories(f.advisories);
const names = (rows: ReturnType<typeof buildRows>): string[] =>
  rows.map((row) => (row.type === 'group' ? `${row.kind} ${row.count}` : row.change.name));

describe('package rows', () => {
  it('are grouped in a fixed order with counts', () => {
    const rows = buildRows(f.changes, index, 'all', '');
    expect(rows.filter((row) => row.type === 'group').map((row) => row.key)).toEqual([
      'group:upgraded',
      'group:added',
      'group:removed',
      'group:downgraded',
    ]);
    expect(rows).toHaveLength(f.changes.length + 4);
  });

  it('are found by every word in name, summary or advisory', () => {
    expect(names(buildRows(f.changes, index, 'all', 'TLS library'))).toEqual(['upgraded 1', 'openssl-libs']);
    expect(names(buildRows(f.changes, index, 'all', 'tlsa-2026-0110'))).toEqual(['upgraded 1', 'less']);
    expect(buildRows(f.changes, index, 'all', 'openssl nothing')).toEqual([]);
  });

  it('of the security filter have a security advisory, not just any', () => {
    expect(names(buildRows(f.changes, index, 'security', ''))).toEqual(['upgraded 2', 'openssl-libs', 'less']);
  });

  it('are walked without the headings, and not beyond the ends', () => {
    const rows = buildRows(f.changes.slice(-4), index, 'all', '');
    expect(names(rows)).toEqual(['added 2', 'zram-setup', 'tzdata-legacy', 'removed 1', 'dnf-makecache', 'downgraded 1', 'pixman']);
    expect(moveSelection(rows, 2, 1)).toBe(4);
    expect(moveSelection(rows, 4, -1)).toBe(2);
    expect(moveSelection(rows, 1, -1)).toBe(1);
    expect(moveSelection(rows, 1, 10)).toBe(6);
  });

  it('show one side only for what came or went', () => {
    expect(versionChange(f.changes[0] ?? f.changes[1]!)).toBe('1:3.5.3-1 → 1:3.5.4-2');
    expect(f.changes.slice(-4, -1).map(versionChange)).toEqual(['1.4-2', '2026b-1', '4.2-1']);
  });
});

describe('announcements', () => {
  const at = (fraction: number, step = 'pull') => f.job({ progress: { step, stepIndex: 0, stepCount: 2, fraction } });
  it('are steps, tens of per cent and the end, nothing else', () => {
    expect(announcementFor(undefined, at(0))).toEqual({ kind: 'step' });
    expect(announcementFor(at(0.11), at(0.19))).toBeUndefined();
    expect(announcementFor(at(0.19), at(0.2))).toEqual({ kind: 'percent', tens: 2 });
    expect(announcementFor(at(0.29), at(0.3))).toEqual({ kind: 'percent', tens: 3 });
    expect(announcementFor(at(0.3), at(0.31, 'deploy'))).toEqual({ kind: 'step' });
    expect(announcementFor(at(0.9), f.job({ phase: 'failed' }))).toEqual({ kind: 'end' });
  });
});

describe('comparison', () => {
  it('starts with the newest two and keeps a chosen pair while both exist', () => {
    const list = [f.staged, f.booted, f.older];
    expect(choosePair(list, undefined)).toEqual([f.booted.id, f.staged.id]);
    expect(choosePair(list, [f.older.id, f.staged.id])).toEqual([f.older.id, f.staged.id]);
    expect(choosePair([f.booted, f.older], [f.older.id, f.staged.id])).toEqual([f.older.id, f.booted.id]);
    expect(choosePair([f.booted], undefined)).toBeUndefined();
  });
});

describe('the report', () => {
  it('names job, step, deployments and error in one language', () => {
    const text = jobReportText(f.job({ phase: 'failed', error: { code: 'disk.full', subject: '/sysroot' } }), f.snapshot());
    expect(text).toContain('job: upgrade (Upgrade)');
    expect(text).toContain('step: pull (2 of 4)');
    expect(text).toContain(`deployment: 43.1 ${f.booted.id}`);
    expect(text).toContain('The disk is full.');
    expect(text).toContain('Fetching 812 objects');
  });
});
