// SPDX-License-Identifier: LGPL-2.1-or-later
import type { OfferedKeys, PackageRepo, PackageRepos, RemoteKey } from '../../../shared/domain/index.ts';
import * as f from './page-fixtures.ts';

const hour = 3600;

const key: RemoteKey = {
  type: 'gpg',
  fingerprint: '3C1D7A5590AA41B27E0B4F8D6F8A2D4C91B0E357',
  userIds: ['Timberline Packages <packages@timberline.example>'],
  createdAt: f.now - 400 * 24 * hour,
  expired: false,
  revoked: false,
};
export const newKey: RemoteKey = {
  ...key,
  fingerprint: '9E0477C1B5D83F2A6610C4E85A7BD21F00B3964D',
  userIds: ['Pine Extra Packages <extra@pine.example>'],
};

const repo = (id: string, name: string, line: number, more: Partial<PackageRepo> = {}): PackageRepo => ({
  ...{ id, name, line, enabled: true, file: `/etc/yum.repos.d/${id}.repo`, addresses: [`https://packages.${id}.example/43/`] },
  ...{ gpgcheck: true, keys: [{ ...key, from: '/etc/pki/rpm-gpg/timberline.asc' }], absentKeys: [] },
  ...more,
});

export const timberline = repo('timberline', 'Timberline 43', 1, { refreshedAt: f.now - 3 * hour });
export const dead = repo('larch', 'Larch builds', 1, { refreshedAt: f.now - 9 * 24 * hour });
export const untrusted = repo('pine', 'Pine Extra', 1, {
  keys: [],
  absentKeys: ['https://packages.pine.example/key.asc', 'file:///etc/pki/rpm-gpg/pine-old.asc'],
});
const { gpgcheck: _, ...unknownCheck } = repo('broken', 'Broken', 4, {
  ...{ addresses: [], keys: [] },
  problem: {
    code: 'repo-file.invalid-value',
    file: '/etc/yum.repos.d/broken.repo',
    key: 'gpgcheck',
    line: 6,
    detail: '“maybe” is neither yes nor no',
  },
});
export const allRepos: PackageRepos = {
  repos: [
    timberline,
    dead,
    untrusted,
    repo('stick', 'Packages of the stick', 1, { addresses: ['file:///run/media/packages'], gpgcheck: false, keys: [] }),
    repo('timberline-debug', 'Timberline 43 debug', 9, { enabled: false, keys: [] }),
    unknownCheck,
  ],
  problems: [],
};

export const deadRefresh = f.job({
  ...{ id: 'refresh-1', title: 'refresh-md (force)', method: 'RefreshMd', phase: 'failed', startedAt: f.now - 300, endedAt: f.now - 290 },
  ...{ messages: [], error: { code: 'rpmmd.unreachable', subject: 'larch', detail: 'Could not resolve host: packages.larch.example' } },
});

export const offered: readonly OfferedKeys[] = [{ from: 'https://packages.pine.example/key.asc', key: 'bm90IGEga2V5', keys: [newKey] }];
