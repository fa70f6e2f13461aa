// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import type { JobState, PackageRepo } from '../../../shared/domain/index.ts';
import { passedOver, repoState } from '../../../renderer/model/repo-state.ts';

const repo = (more: Partial<PackageRepo> = {}): PackageRepo => ({
  ...{ id: 'pine', name: 'Pine', enabled: true, file: '/etc/yum.repos.d/pine.repo', line: 1, addresses: ['https://pine.example/'] },
  ...{ gpgcheck: true, keys: [], absentKeys: [], ...more },
});
const failed = (endedAt: number, subject = 'pine'): JobState => ({
  ...{
    id: `${endedAt}`,
    title: 'refresh-md',
    method: 'RefreshMd',
    owner: '',
    startedAt: endedAt - 5,
    endedAt,
    phase: 'failed',
    messages: [],
  },
  error: { code: 'rpmmd.unreachable', subject, detail: `at ${endedAt}` },
});

describe('what is known of a package repository', () => {
  it('tells never fetched, fetched, on this machine and unusable apart', () => {
    expect(repoState(repo(), [])).toEqual({ kind: 'never' });
    expect(repoState(repo({ refreshedAt: 100 }), [])).toEqual({ kind: 'fetched', at: 100 });
    expect(repoState(repo({ addresses: ['file:///srv/packages'] }), [])).toEqual({ kind: 'local' });
    const problem = { code: 'repo-file.syntax', subject: 'pine.repo' } as const;
    expect(repoState(repo({ problem, refreshedAt: 100 }), [failed(200)])).toEqual({ kind: 'unusable', error: problem });
  });

  it('says why the last try failed, until something was fetched', () => {
    const jobs = [failed(150), failed(200), failed(300, 'other')];
    const last = { kind: 'failed', at: 200, error: jobs[1]?.error };
    expect(repoState(repo({ refreshedAt: 100 }), jobs)).toEqual({ ...last, before: 100 });
    expect(repoState(repo(), jobs)).toEqual({ ...last, before: undefined });
    expect(repoState(repo({ refreshedAt: 210 }), jobs)).toEqual({ kind: 'fetched', at: 210 });
  });

  it('names those that a refresh passed over', () => {
    const repos = [
      repo({ name: 'fetched', refreshedAt: 205 }),
      repo({ name: 'old', refreshedAt: 100 }),
      repo({ name: 'never' }),
      repo({ name: 'off', enabled: false }),
      repo({ name: 'local', addresses: ['/srv'] }),
      repo({ name: 'unusable', problem: { code: 'repo-file.syntax' } }),
    ];
    expect(passedOver(repos, 200)).toEqual(['old', 'never']);
  });
});
