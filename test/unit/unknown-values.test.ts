// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import type { CommitPort, RepoPort } from '../../main/engine/base/ports/sysroot.ts';
import { buildReleaseChanges, mergeReleases, packReleaseChanges, parseReleaseChanges } from '../../main/engine/base/diff/index.ts';
import { buildDetails } from '../../main/engine/host/upgrade/details.ts';
import { createFormatter } from '../../renderer/i18n/format.ts';
import { sumIfKnown, type UpdateSizes } from '../../shared/domain/index.ts';

/** What nobody tells is missing on its way to people and programs, never zero, none or empty. */

const pkg = (name: string, version: string): string[] => [name, '0', version, '1', 'noarch'];
const commit = (checksum: string, parent: string, metadata: Readonly<Record<string, unknown>>): CommitPort =>
  ({
    checksum,
    parent,
    version: checksum,
    timestamp: 1,
    metadata: new Map(),
    value: (key: string) => metadata[key],
  }) as unknown as CommitPort;
const details = (before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): ReturnType<typeof buildDetails> => {
  const [from, to] = [commit('1', '', before), commit('2', '1', after)];
  const commits = new Map([from, to].map((each) => [each.checksum, each]));
  const repo = { loadCommit: (c: string) => commits.get(c), tryLoadCommit: (c: string) => commits.get(c) } as unknown as RepoPort;
  return buildDetails(repo, from, to, () => ({}) as UpdateSizes, []);
};
const pkglist = 'rpmostree.rpmdb.pkglist';

test('an update whose commits tell packages and no advisories: which are security fixes isn’t known', () => {
  const told = details({ [pkglist]: [pkg('a', '1')] }, { [pkglist]: [pkg('a', '2')] });
  expect(told).toMatchObject({ source: 'pkglist', packages: [{ name: 'a', kind: 'upgraded' }], notTold: ['advisories', 'changelogs'] });
  expect(told.releases).toEqual([{ version: '2', checksum: '2', timeSeconds: 1 }]);
});

test('one whose commits tell them, as rpm-ostree composes: those that the update brings', () => {
  const row = (id: string, nevra: string): unknown => [id, 1 << 24, 3 << 24, [nevra], new Map()];
  const told = details(
    { [pkglist]: [pkg('a', '1'), pkg('b', '1')] },
    { [pkglist]: [pkg('a', '2'), pkg('b', '1')], 'rpmostree.advisories': [row('NEW', 'a-2-1.noarch'), row('OLD', 'b-1-1.noarch')] },
  );
  expect(told.notTold).toEqual(['changelogs']);
  expect(told.advisories).toMatchObject([{ id: 'NEW', kind: 'security', severity: 'important' }]);
  expect(told.packages).toMatchObject([{ name: 'a', advisories: ['NEW'] }]);
});

test('one whose commits tell nothing: neither packages nor anything else', () => {
  expect(details({}, {})).toMatchObject({ source: 'none', notTold: ['advisories', 'changelogs'] });
});

test('a sum with an unknown summand is unknown', () => {
  expect([sumIfKnown([1, 2]), sumIfKnown([]), sumIfKnown([1, undefined, 2])]).toEqual([3, 0, undefined]);
  expect([createFormatter('en').bytesOr(undefined), createFormatter('en').bytesOr(0)]).toEqual(['unknown', '0 byte']);
});

test('how much a release grew isn’t told when the sizes before it aren’t known, and stays so through writing, reading and merging', () => {
  const nevra = { name: 'a', epoch: 0, version: '1', release: '1', arch: 'noarch' };
  const input = {
    parent: 'p',
    parentVersion: '1',
    version: '2',
    timeSeconds: 1,
    to: [{ ...nevra, installedSizeBytes: 9 }],
    advisories: [],
  };
  const unknown = buildReleaseChanges({ ...input, from: [nevra] });
  expect(unknown).not.toHaveProperty('installedSizeDeltaBytes');
  const known = buildReleaseChanges({ ...input, from: [{ ...nevra, installedSizeBytes: 4 }] });
  expect(known.installedSizeDeltaBytes).toBe(5);
  const read = [known, unknown].map((changes) => parseReleaseChanges(packReleaseChanges(changes), 'c') ?? known);
  expect(read).toEqual([known, unknown]);
  expect(mergeReleases([known]).installedSizeDeltaBytes).toBe(5);
  expect(mergeReleases([known, unknown])).not.toHaveProperty('installedSizeDeltaBytes');
});
