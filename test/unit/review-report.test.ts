// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { applyPatch } from 'diff';
import { etcFileDiff, reviewJson, reviewMarkdown, type ReviewReportInput } from '../../main/engine/host/review/report.ts';
import type { EtcFile, FileSide } from '../../shared/domain/index.ts';

const file = (text: string): FileSide => ({ exists: true, type: 'file', sizeBytes: text.length, mode: 0o644, text });
const sshd: EtcFile = {
  path: 'ssh/sshd_config',
  base: file('Port 22\nX11 no\nLast line\n'),
  yours: file('Port 2222\nX11 no\nLast line\n'),
  vendor: file('Port 22\nX11 yes\nLast line\n'),
};
const input: ReviewReportInput = {
  at: 1_780_000_000,
  summary: {
    fromId: 'os-abc.0',
    fromVersion: '1.0',
    toChecksum: 'f'.repeat(64),
    toVersion: '1.1',
    staged: true,
    kernel: { from: '6.1', to: '6.2' },
    initramfs: { changed: true, fromBytes: 30_000_000, toBytes: 31_000_000 },
    kernelArgs: { current: ['quiet'], next: ['quiet', 'a=b'], added: ['a=b'], removed: [] },
    boot: { needBytes: 50_000_000, freeBytes: 20_000_000 },
    backTo: { id: 'os-abc.0', version: '1.0' },
  },
  details: {
    fromChecksum: 'a'.repeat(64),
    fromVersion: '1.0',
    toChecksum: 'f'.repeat(64),
    toVersion: '1.1',
    toTimeSeconds: 1,
    packages: [
      {
        kind: 'upgraded',
        name: 'evil_*package*',
        arch: 'x86_64',
        from: { name: 'x', epoch: 0, version: '1', release: '1', arch: 'x86_64' },
        to: { name: 'x', epoch: 1, version: '2', release: '1', arch: 'x86_64' },
        summary: '<script>alert(1)</script> | [link](http://x) \u202e',
        changelog: [{ timeSeconds: 1_700_000_000, author: 'A <a@x>', text: '- a\n```\n# not a heading\n<b>\u001b[31m' }],
        advisories: ['ADV-1'],
      },
    ],
    advisories: [
      {
        id: 'ADV-1',
        kind: 'security',
        severity: 'critical',
        title: 'A | title\n# with lines',
        description: '````\nx',
        issuedSeconds: 1,
        references: [{ kind: 'cve', id: 'CVE-2026-1', title: '', url: '' }],
        packages: ['x-1:2-1.x86_64'],
      },
    ],
    releases: [],
    sizes: { downloadBytes: 1_500_000, downloadExact: true, downloadObjects: 3, diskBytes: 1, installedDeltaBytes: -2000, freeBytes: 1e10 },
    signatures: [],
    source: 'treeline.changes',
  },
  etc: {
    fromId: 'os-abc.0',
    toChecksum: 'f'.repeat(64),
    available: true,
    entries: [
      { path: 'ssh/sshd_config', type: 'file', vendor: 'modified', yours: 'modified', kind: 'both-changed', outcome: 'yours' },
      { path: 'a|b`c', type: 'file', vendor: 'added', yours: 'added', kind: 'both-changed', outcome: 'yours', problem: 'blocks' },
    ],
  },
  etcFiles: [sshd],
  tree: {
    fromChecksum: 'a'.repeat(64),
    toChecksum: 'f'.repeat(64),
    changes: [{ path: '/usr/bin/x', kind: 'added', type: 'file', toSizeBytes: 1 }],
    total: 5,
  },
};

test('a report in Markdown says everything', () => {
  const text = reviewMarkdown(input);
  for (const part of [
    '# Review: 1.0 → 1.1',
    'Kernel: 6.1 → 6.2',
    '50.0 MB needed, 20.0 MB free: NOT ENOUGH',
    'Kernel arguments added: `a=b`',
    'Installed size: −2.0 kB',
    '1-1 → 1:2-1',
    '### ADV-1: security, critical',
    'CVEs: CVE-2026-1',
    'both changed: yours stays',
    'THE UPDATE CAN’T BE FINISHED',
    '+ /usr/bin/x',
    '… and 4 more.',
    '-Port 22\n+Port 2222',
  ])
    expect(text).toContain(part);
});

test('advisories that nobody tells of aren’t none', () => {
  expect(reviewMarkdown(input)).not.toContain('Not known.');
  const details = input.details && { ...input.details, advisories: [], notTold: ['advisories' as const] };
  expect(reviewMarkdown({ ...input, ...(details ? { details } : {}) })).toContain('## Advisories\n\nNot known.\n');
});

test('text from elsewhere stays text', () => {
  const text = reviewMarkdown(input);
  // what is outside of fences has no markup that isn't ours
  const outside: string[] = [];
  let fence = '';
  for (const line of text.split('\n')) {
    const mark = /^ *(`{3,})(\w*)$/.exec(line);
    if (fence === '' && mark) fence = mark[1] as string;
    else if (fence !== '' && line.trim() === fence) fence = '';
    else if (fence === '') outside.push(line);
  }
  expect(fence).toBe('');
  const rest = outside.join('\n');
  expect(rest).not.toMatch(/(^|[^\\])</);
  expect(rest).not.toMatch(/[^\\]\[link/);
  expect(rest).not.toContain('not a heading');
  expect(rest).not.toMatch(/^# with/m);
  expect(rest).toContain('evil\\_\\*package\\*');
  expect(text).not.toMatch(/[\u001b\u202e]/);
  // five cells, whatever the name
  expect(rest).toContain('| `` /etc/a\\|b`c `` | file | added | added |');
});

test('the differences are patches that apply', () => {
  const { vendor, yours, missed } = etcFileDiff(sshd);
  expect(applyPatch(sshd.base.text as string, vendor)).toBe(sshd.vendor.text);
  expect(applyPatch(sshd.base.text as string, yours)).toBe(sshd.yours.text);
  expect(applyPatch(sshd.yours.text as string, missed)).toBe(sshd.vendor.text);
  const gone: EtcFile = { ...sshd, vendor: { exists: false } };
  expect(applyPatch(sshd.base.text as string, etcFileDiff(gone).vendor)).toBe('');
  const binary: EtcFile = { ...sshd, vendor: { exists: true, type: 'file', noText: 'binary' } };
  expect(etcFileDiff(binary)).toMatchObject({ vendor: '', missed: '' });
  expect(etcFileDiff(binary).yours).not.toBe('');
});

test('JSON has the same, for programs', () => {
  const report = JSON.parse(reviewJson(input)) as Record<string, unknown>;
  expect(report).toMatchObject({
    format: 1,
    kind: 'treeline-review',
    generatedAt: '2026-05-28T20:26:40Z',
    summary: input.summary,
    update: input.details,
    etc: input.etc,
    etcDiffs: [{ path: 'ssh/sshd_config' }],
    files: { total: 5 },
  });
});

test('what isn’t known is said or left out', () => {
  const little = reviewMarkdown({
    at: 0,
    summary: { ...input.summary, partial: true, backTo: { id: '', version: '' } },
    details: undefined,
    etc: { fromId: '', toChecksum: '', available: false, entries: [] },
  });
  expect(little).toContain('not known before the list of boot files is fetched');
  expect(little).toContain('Not known before the new defaults are fetched.');
  expect(little).toContain('Nothing to go back to');
  expect(little).not.toContain('## Packages');
  expect(JSON.parse(reviewJson({ at: 0, summary: input.summary }))).not.toHaveProperty('etc');
});
