// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import type { HostSnapshot } from '../../../shared/domain/index.ts';
import { liveFacts, liveWords } from '../../../renderer/model/live.ts';
import * as f from '../../e2e/support/page-fixtures.ts';
import { liveDeployment, withMore } from '../../e2e/support/live-fixtures.ts';

const facts = (deployments: HostSnapshot['deployments']): ReturnType<typeof liveFacts> => liveFacts(f.snapshot({ deployments }));

test('only other packages on the same base are offered, and only until they are in use', () => {
  expect(facts([withMore, f.booted])?.offer).toBe(withMore);
  expect(facts([f.staged, f.booted])?.offer).toBeUndefined();
  expect(facts([f.booted])?.offer).toBeUndefined();
  expect(facts([withMore])).toBeUndefined();
  expect(liveFacts(f.snapshot({ deployments: [withMore, f.booted], service: { kind: 'rpm-ostree', version: '2025.1' } }))).toBeUndefined();
  const used = facts([withMore, liveDeployment({ commit: withMore.checksum })]);
  expect([used?.offer, used?.stays]).toEqual([undefined, true]);
  expect(facts([liveDeployment({ commit: withMore.checksum })])?.stays).toBe(false);
  // first to be finished or taken back
  expect(facts([withMore, liveDeployment({ inProgress: 'd'.repeat(64) })])?.offer).toBeUndefined();
});

test('what is in use is told by package, what isn’t known isn’t told as nothing', () => {
  expect(liveWords({ commit: 'a' })).toBeUndefined();
  expect(liveWords({ packages: [] })).toBe('');
  expect(liveWords(liveDeployment({}).live ?? {}, 1)).toBe('+ htop  …');
});
