// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { diffJson, diffText, listText, versionText } from '../../main/cli/db-format.ts';
import type { DiffOutcome } from '../../main/engine/jobs/index.ts';
import { parseNevra, type Advisory, type PackageChange } from '../../shared/domain/index.ts';

const pkg = (nevra: string): NonNullable<PackageChange['from']> => parseNevra(nevra)!;
const noon = Date.UTC(2026, 2, 30, 12) / 1000;
const advisory: Advisory = {
  id: 'MSA-1',
  kind: 'security',
  severity: 'important',
  title: 'two\n lines',
  description: 'd',
  issuedSeconds: noon,
  references: [{ kind: 'cve', id: 'CVE-2026-1', title: 'CVE-2026-1', url: 'https://cve.example/1' }],
  packages: ['lib-1:2-1.x86_64'],
};
const outcome: DiffOutcome = {
  fromName: 'booted deployment',
  toName: 'bbb',
  fromChecksum: 'aaa',
  toChecksum: 'bbb',
  fromVersion: '1',
  toVersion: '2',
  packages: [
    { kind: 'added', name: 'new', arch: 'noarch', to: pkg('new-1-1.noarch') },
    {
      kind: 'upgraded',
      name: 'lib',
      arch: 'i686',
      from: pkg('lib-1-1.i686'),
      to: pkg('lib-1:2-1.i686'),
    },
    {
      kind: 'upgraded',
      name: 'lib',
      arch: 'x86_64',
      from: pkg('lib-1-1.x86_64'),
      to: pkg('lib-1:2-1.x86_64'),
      changelog: [
        { timeSeconds: noon, author: 'Ida – 2-1', text: '- first\n- second' },
        { timeSeconds: noon - 86_400, author: 'Řehoř', text: '- \u001b[31mred\u001b[0m <b>' },
      ],
      advisories: ['MSA-1'],
    },
    { kind: 'downgraded', name: 'low', arch: 'x86_64', from: pkg('low-2-1.noarch'), to: pkg('low-1-1.x86_64') },
    { kind: 'removed', name: 'old', arch: 'noarch', from: pkg('old-1-1.noarch') },
  ],
  advisories: [advisory],
};

// field report 5: entries apart from each other, dates that don't follow the locale; control characters stay out of the terminal
test('block', () => {
  expect(diffText(outcome, 'block', outcome.fromName, outcome.toName)).toBe(`ostree diff commit from: booted deployment (aaa)
ostree diff commit to:   bbb
Upgraded:
  lib.i686 1-1 -> 1:2-1
  lib.x86_64 1-1 -> 1:2-1
    * 2026-03-30 Ida – 2-1
    - first
    - second

    * 2026-03-29 Řehoř
    - \\u001b[31mred\\u001b[0m <b>

Downgraded:
  low 2-1 -> 1-1 (noarch -> x86_64)
Removed:
  old-1-1.noarch
Added:
  new-1-1.noarch
Advisories:
  MSA-1  security/important  two lines
    CVE-2026-1 https://cve.example/1
`);
});

test('diff', () => {
  const plain = {
    ...outcome,
    advisories: [],
    packages: outcome.packages.map(({ changelog, ...rest }) => ({ ...rest, ...(changelog ? {} : {}) })),
  };
  expect(diffText(plain, 'diff', 'aaa', 'bbb')).toBe(`ostree diff commit from: aaa
ostree diff commit to:   bbb
+new-1-1.noarch
!lib-1-1.i686
=lib-1:2-1.i686
!lib-1-1.x86_64
=lib-1:2-1.x86_64
!low-2-1.noarch
=low-1-1.x86_64
-old-1-1.noarch
`);
});

test('json is one line of rpm-ostree’s shape, with ISO dates (field report 5)', () => {
  const text = diffText(outcome, 'json', '', '');
  expect(text.indexOf('\n')).toBe(text.length - 1);
  const json = JSON.parse(text) as { pkgdiff: [string, number, Record<string, unknown>][] };
  expect(json).toEqual(diffJson(outcome));
  expect(json).toMatchObject({
    'ostree-commit-from': 'aaa',
    'ostree-commit-to': 'bbb',
    advisories: [['MSA-1', 1, 3, ['lib-1:2-1.x86_64'], { cve_references: [['https://cve.example/1', 'CVE-2026-1']] }]],
  });
  expect(json.pkgdiff.map(([name, kind]) => [name, kind])).toEqual([
    ['new', 0],
    ['lib', 2],
    ['lib', 2],
    ['low', 3],
    ['old', 1],
  ]);
  expect(json.pkgdiff[2]?.[2]).toEqual({
    PreviousPackage: ['lib', '1-1', 'x86_64'],
    NewPackage: ['lib', '1:2-1', 'x86_64'],
    Changelog: [
      { date: '2026-03-30T12:00:00.000Z', author: 'Ida – 2-1', text: '- first\n- second' },
      { date: '2026-03-29T12:00:00.000Z', author: 'Řehoř', text: '- \u001b[31mred\u001b[0m <b>' },
    ],
    Advisories: ['MSA-1'],
  });
});

test('list and version', () => {
  const listing = { revision: 'some/ref', checksum: 'ccc', version: '1', packages: [pkg('a-1-1.noarch'), pkg('b-2:1-1.x86_64')] };
  expect(listText([listing])).toBe('ostree commit: some/ref (ccc)\n a-1-1.noarch\n b-2:1-1.x86_64\n');
  expect(versionText([{ revision: 'ccc', checksum: 'ccc', version: '1.2', rpmdbChecksum: '40:abc' }])).toBe(
    'ostree commit: ccc\n  version is:   1.2\n  rpmdbv is:    40:abc\n',
  );
});
