// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  noLayering,
  parseNevra,
  type DeployedPackage,
  type DeployedPackages,
  type FoundPackage,
  type Package,
  type PackageInfo,
  type PackagePlan,
  type PackageRepos,
} from '../../../shared/domain/index.ts';
import * as f from './page-fixtures.ts';

const hour = 3600;

export function pkg(nevra: string): Package {
  const parsed = parseNevra(nevra);
  if (!parsed) throw new RangeError(nevra);
  return parsed;
}

const plain: readonly (readonly [nevra: string, summary: string, bytes: number])[] = [
  ['bash-5.2.32-1.fc43.x86_64', 'The GNU Bourne Again shell', 8_200_000],
  ['glibc-2.41-3.fc43.x86_64', 'The GNU libc libraries', 18_400_000],
  ['kernel-core-6.17.4-300.fc43.x86_64', 'The Linux kernel', 98_100_000],
  ['nano-default-editor-8.3-1.fc43.noarch', 'Sets GNU nano as the default editor', 120],
  ['openssl-libs-1:3.5.4-1.fc43.x86_64', 'A general purpose cryptography library with TLS implementation', 9_400_000],
  ['systemd-258.1-1.fc43.x86_64', 'System and Service Manager', 14_900_000],
];
/** A system has many: only those in view may cost anything. */
const many = Array.from({ length: 1800 }, (_, i): readonly [string, string, number] => [
  `library-${String(i).padStart(4, '0')}-1.${i % 30}-2.fc43.x86_64`,
  `One of the many libraries, number ${i}`,
  40_000 + i * 911,
]);

export const layeredDeployment = {
  ...f.booted,
  origin: { ...f.booted.origin, layering: { ...noLayering, packages: ['htop', 'vim-enhanced', 'strace'], removals: ['firefox'] } },
  layer: {
    base: { checksum: 'e'.repeat(64), version: '43.1', timestamp: f.now },
    packages: ['htop', 'vim-enhanced'],
    modules: [],
    meta: {},
  },
};

const own: readonly DeployedPackage[] = [
  {
    ...pkg('htop-3.4.1-2.fc43.x86_64'),
    summary: 'Interactive process viewer',
    installedSizeBytes: 431_000,
    part: 'layered',
    request: 'htop',
  },
  { ...pkg('hwloc-libs-2.12.0-1.fc43.x86_64'), summary: 'Run time libraries for hwloc', installedSizeBytes: 2_900_000, part: 'layered' },
  {
    ...pkg('podman-5:5.7.0-1.fc43.x86_64'),
    summary: 'Manage Pods, Containers and Container Images',
    installedSizeBytes: 61_000_000,
    part: 'replaced',
    replaces: pkg('podman-5:5.6.2-1.fc43.x86_64'),
  },
  {
    ...pkg('printer-driver-2.1-1.x86_64'),
    summary: 'Driver for the printer on the second floor',
    installedSizeBytes: 3_100_000,
    part: 'local',
    request: 'printer-driver-2.1-1.x86_64',
  },
  {
    ...pkg('vim-enhanced-2:9.1.1775-1.fc43.x86_64'),
    summary: 'A version of the VIM editor which includes recent enhancements',
    installedSizeBytes: 4_300_000,
    part: 'layered',
    request: 'vim-enhanced',
  },
];

const base = (rows: typeof plain): readonly DeployedPackage[] =>
  rows.map(([nevra, summary, installedSizeBytes]) => ({
    ...pkg(nevra),
    summary,
    installedSizeBytes,
    license: 'GPL-2.0-or-later',
    part: 'base',
  }));

export const list: DeployedPackages = {
  deploymentId: f.booted.id,
  packages: [...base(plain), ...own, ...base(many)].sort((a, b) => (a.name < b.name ? -1 : 1)),
  removed: [{ ...pkg('firefox-144.0-1.fc43.x86_64'), summary: 'Mozilla Firefox Web browser', installedSizeBytes: 270_000_000 }],
  inactive: ['strace'],
};

export const plainList: DeployedPackages = { deploymentId: f.booted.id, packages: base([...plain, ...many]), removed: [], inactive: [] };

export const info: PackageInfo = {
  ...pkg('htop-3.4.1-2.fc43.x86_64'),
  summary: 'Interactive process viewer',
  description:
    'htop is an interactive text-mode process viewer for Linux, similar to\ntop(1).\n\nWhat it shows:\n- processors and memory\n- each process, as a list or a tree',
  url: 'https://htop.dev/',
  changelog: [
    { timeSeconds: f.now - 40 * 24 * hour, author: 'Mika Lind <mika@timberline.example> - 3.4.1-2', text: '- Rebuild for the new ncurses' },
    {
      timeSeconds: f.now - 90 * 24 * hour,
      author: 'Mika Lind <mika@timberline.example> - 3.4.1-1',
      text: '- Update to 3.4.1\n- <b>bold</b> stays text',
    },
  ],
  files: [
    { path: '/usr/bin/htop', type: 'file', sizeBytes: 389_120 },
    { path: '/usr/share/applications/htop.desktop', type: 'file', sizeBytes: 2_411 },
    { path: '/usr/share/doc/htop', type: 'directory', sizeBytes: 0 },
    { path: '/usr/share/man/man1/htop.1.gz', type: 'file', sizeBytes: 7_002 },
  ],
  requires: ['libc.so.6(GLIBC_2.38)(64bit)', 'libhwloc.so.15()(64bit)', 'ncurses-libs >= 6.4'],
  needs: ['glibc', 'hwloc-libs', 'ncurses-libs'],
  neededBy: [],
};

export const found: readonly FoundPackage[] = [
  { ...pkg('neovim-0.11.4-1.fc43.x86_64'), repo: 'timberline', summary: 'Vim-fork focused on extensibility and agility', key: 'match' },
  { ...pkg('vim-X11-2:9.1.1775-1.fc43.x86_64'), repo: 'timberline', summary: 'The VIM version of the vi editor for the X Window System' },
  {
    ...pkg('vim-enhanced-2:9.1.1775-1.fc43.x86_64'),
    repo: 'timberline',
    summary: 'A version of the VIM editor which includes recent enhancements',
  },
];

export const repos: PackageRepos = {
  repos: [
    {
      id: 'timberline',
      name: 'Timberline 43',
      enabled: true,
      file: '/etc/yum.repos.d/timberline.repo',
      line: 1,
      addresses: ['https://packages.timberline.example/43/'],
      gpgcheck: true,
      keys: [],
      absentKeys: [],
      refreshedAt: f.now - 3 * hour,
    },
    {
      id: 'timberline-debug',
      name: 'Timberline 43 debug',
      enabled: false,
      file: '/etc/yum.repos.d/timberline.repo',
      line: 9,
      addresses: ['https://packages.timberline.example/43-debug/'],
      gpgcheck: true,
      keys: [],
      absentKeys: [],
    },
  ],
  problems: [],
};

export const plan: PackagePlan = {
  layer: {
    added: [
      { ...pkg('htop-3.4.1-2.fc43.x86_64'), installedSizeBytes: 431_000, downloadBytes: 0, neededBy: [], repo: 'timberline' },
      {
        ...pkg('hwloc-libs-2.12.0-1.fc43.x86_64'),
        installedSizeBytes: 2_900_000,
        downloadBytes: 0,
        neededBy: ['htop'],
        repo: 'timberline',
      },
      {
        ...pkg('libluv-1.51.0-1.fc43.x86_64'),
        installedSizeBytes: 210_000,
        downloadBytes: 96_000,
        neededBy: ['neovim'],
        repo: 'timberline',
      },
      { ...pkg('neovim-0.11.4-1.fc43.x86_64'), installedSizeBytes: 29_800_000, downloadBytes: 8_100_000, neededBy: [], repo: 'timberline' },
      { ...pkg('podman-5:5.7.0-1.fc43.x86_64'), installedSizeBytes: 61_000_000, downloadBytes: 0, neededBy: [], repo: 'timberline' },
      { ...pkg('printer-driver-2.1-1.x86_64'), installedSizeBytes: 3_100_000, downloadBytes: 0, neededBy: [] },
      {
        ...pkg('tree-sitter-0.25.10-1.fc43.x86_64'),
        installedSizeBytes: 510_000,
        downloadBytes: 201_000,
        neededBy: ['libluv', 'neovim'],
        repo: 'timberline',
      },
    ],
    replaced: [
      { before: 'podman-5:5.6.2-1.fc43.x86_64', after: 'podman-5:5.7.0-1.fc43.x86_64' },
      { before: 'firefox-144.0-1.fc43.x86_64' },
      { before: 'nano-default-editor-8.3-1.fc43.noarch' },
    ],
    inactive: [],
    setAside: [],
  },
};

export const packageAnswers = {
  deploymentPackages: { value: list },
  packageInfo: { value: info },
  findPackages: { value: { packages: found, unknown: [] } },
  packageRepos: { value: repos },
  planPackages: { value: plan },
} as const;
