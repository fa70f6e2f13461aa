// SPDX-License-Identifier: LGPL-2.1-or-later
import type {
  AvailablePackage,
  ComposeCheck,
  ComposePlan,
  ComposeRelease,
  ComposeResult,
  JobState,
  PlannedPackage,
  TreefileKey,
} from '../../../shared/domain/index.ts';
import * as f from './page-fixtures.ts';

const day = 86_400;

export const treefileText = `# The desktop of Timberline
ref: timberline/\${basearch}/desktop
releasever: "43"
automatic-version-prefix: "43"
selinux: false
repos:
  - base
  - updates
packages:
  - kernel
  - openssl-libs
  - less
units:
  - sshd.service
`;

export const keys: readonly TreefileKey[] = [
  { name: 'ref', kind: 'text', values: [], about: 'The branch that is published.' },
  { name: 'repos', kind: 'repos', values: [], about: 'Repositories that packages come from.' },
  { name: 'packages', kind: 'packages', values: [], about: 'Packages to install.' },
  { name: 'selinux', kind: 'flag', values: ['true', 'false'], about: 'Label files by the tree’s policy.' },
  { name: 'recommends', kind: 'flag', values: ['true', 'false'], about: 'Install recommended packages, too.' },
  { name: 'rpmdb', kind: 'choice', values: ['sqlite', 'ndb'], about: 'Format of the package database.' },
  { name: 'remove-files', kind: 'list', values: [], about: '' },
];

export const available: readonly AvailablePackage[] = [
  { name: 'openssl', evr: '3.2.2-1', repo: 'base', summary: 'Utilities for encryption' },
  { name: 'openssl-libs', evr: '1:3.2.2-4', repo: 'updates', summary: 'Libraries for encryption' },
  { name: 'openssh', evr: '9.9p1-2', repo: 'base', summary: 'Remote shell' },
];

export const goodCheck: ComposeCheck = {
  problems: [],
  warnings: [],
  ref: 'timberline/x86_64/desktop',
  repos: ['base', 'updates', 'testing'],
  usedRepos: ['base', 'updates'],
  files: [],
};

const pkg = (name: string, sizeBytes: number, more: Partial<PlannedPackage> = {}): PlannedPackage => ({
  name,
  epoch: 0,
  version: '1.0',
  release: '1',
  arch: 'x86_64',
  summary: `What ${name} is for`,
  license: 'MIT',
  sourceRpm: `${name}-1.0-1.src.rpm`,
  installedSizeBytes: sizeBytes,
  buildTimeSeconds: f.now - 30 * day,
  repo: 'base',
  downloadBytes: Math.round(sizeBytes / 3),
  here: true,
  ...more,
});

/** `path`: of the treefile. */
export function plan(path: string, more: Partial<ComposePlan> = {}): ComposePlan {
  const packages = [
    pkg('bash', 8_400_000),
    pkg('filesystem', 12_000),
    pkg('kernel', 96_000_000, { version: '6.17.11', release: '300', repo: 'updates', here: false, named: { file: path, line: 10 } }),
    pkg('less', 410_000, { named: { file: path, line: 12 } }),
    pkg('openssl-libs', 7_900_000, { epoch: 1, version: '3.2.2', release: '4', repo: 'updates', named: { file: path, line: 11 } }),
    ...Array.from({ length: 120 }, (_, i) => pkg(`library-${String(i).padStart(3, '0')}`, 100_000 + i * 7919)),
  ];
  return {
    ref: 'timberline/x86_64/desktop',
    version: '43.20261125.0',
    unchanged: false,
    packages,
    repos: [
      { id: 'base', name: 'Timberline 43', url: 'https://packages.timberline.example/43/base', timestamp: f.now - 40 * day },
      { id: 'updates', name: 'Timberline 43 updates', url: 'https://packages.timberline.example/43/updates', timestamp: f.now - 3600 },
    ],
    previous: { checksum: 'c'.repeat(64), version: '43.20261118.0', timestamp: f.now - 7 * day },
    changes: f.changes,
    advisories: f.details.advisories,
    installedBytes: packages.reduce((sum, { installedSizeBytes = 0 }) => sum + installedSizeBytes, 0),
    downloadBytes: 32_000_000,
    ...more,
  };
}

export const releases: readonly ComposeRelease[] = [
  {
    checksum: 'c'.repeat(64),
    version: '43.20261118.0',
    timestamp: f.now - 7 * day,
    packageCount: 125,
    counts: { upgraded: 31, added: 2, removed: 1, downgraded: 1 },
  },
  {
    checksum: 'd'.repeat(64),
    version: '43.20261111.0',
    timestamp: f.now - 14 * day,
    packageCount: 124,
    counts: { upgraded: 4, added: 0, removed: 0, downgraded: 0 },
  },
  { checksum: 'e'.repeat(64), version: '43.20261104.0', timestamp: f.now - 21 * day, packageCount: 124 },
];

export const result: ComposeResult = {
  changed: true,
  ref: 'timberline/x86_64/desktop',
  checksum: 'f'.repeat(64),
  version: '43.20261125.0',
  packageCount: 125,
};

export const composeJob = (more: Partial<JobState> = {}): JobState => ({
  id: 'compose-1',
  title: 'compose tree',
  method: 'compose.tree',
  owner: 'ida',
  startedAt: f.now - 12,
  phase: 'running',
  progress: { step: 'scripts', stepIndex: 4, stepCount: 7, fraction: 0.66, itemsDone: 31, itemsTotal: 48 },
  messages: [
    'kernel-6.17.11-300.x86_64: imported',
    ...Array.from({ length: 40 }, (_, i) => `library-${i}-1.0-1.x86_64: %post: done`),
    'openssl-libs-1:3.2.2-4.x86_64: there is no user or group “ssl”; its files belong to root',
  ],
  ...more,
});
