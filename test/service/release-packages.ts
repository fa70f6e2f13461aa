// SPDX-License-Identifier: LGPL-2.1-or-later
import { buildReleaseChanges, packReleaseChanges } from '../../main/engine/base/diff/index.ts';
import type { Advisory, Package } from '../../shared/domain/index.ts';

/** What the releases of a test's system are made of, by their number: a package that changes, one that stays, one that goes and one that comes. */
const made: readonly (readonly (readonly [name: string, version: string])[])[] = [
  [
    ['kernel', '1.0'],
    ['steady', '1.0'],
    ['leaving', '1.0'],
  ],
  [
    ['kernel', '2.0'],
    ['steady', '1.0'],
    ['coming', '1.0'],
  ],
  [
    ['kernel', '3.0'],
    ['steady', '1.0'],
    ['coming', '1.0'],
  ],
];

/** Release 2 brings it. */
const fix: Advisory = {
  id: 'TEST-2026:1',
  kind: 'security',
  severity: 'important',
  title: 'A fix of the kernel',
  description: 'It is better now.',
  issuedSeconds: 1000,
  references: [],
  packages: ['kernel-2.0-1.x86_64'],
};

/** Arguments of `ostree commit` that give release N its package list and what changed against its parent. */
export function packageMetadata(release: number, parent: string | undefined): string[] {
  const rows = (made[release - 1] ?? []).map(([name, version]) => `('${name}','0','${version}','1','x86_64')`);
  const changes = packReleaseChanges(
    buildReleaseChanges({
      ...(parent === undefined ? {} : { parent, parentVersion: String(release - 1) }),
      version: String(release),
      timeSeconds: release * 1000,
      from: parent === undefined ? [] : installed(release - 1),
      to: installed(release),
      advisories: release === 2 ? [fix] : [],
    }),
  );
  const bytes = [...changes].map((byte) => `0x${byte.toString(16)}`).join(',');
  return [
    `--add-metadata=rpmostree.rpmdb.pkglist=@a(sssss) [${rows.join(',')}]`,
    ...(release > 1 ? [`--add-metadata=treeline.changes=@ay [${bytes}]`] : []),
  ];
}

function installed(release: number): Parameters<typeof buildReleaseChanges>[0]['to'] {
  return (made[release - 1] ?? []).map(([name, version]) => {
    const pkg: Package = { name, epoch: 0, version, release: '1', arch: 'x86_64' };
    return {
      ...pkg,
      installedSizeBytes: 1000,
      changelog: Array.from({ length: Number(version.split('.')[0]) }, (_, index) => ({
        timeSeconds: 1_700_000_000 + index * 86_400,
        author: 'Ada <ada@example.org>',
        text: `- change ${index + 1} of ${name}`,
      })).reverse(),
    };
  });
}
