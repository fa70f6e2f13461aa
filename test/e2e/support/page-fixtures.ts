// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  noLayering,
  treelineVersion,
  type Advisory,
  type AvailableUpdate,
  type Deployment,
  type DiskUse,
  type HistoryEntry,
  type HostSnapshot,
  type JobState,
  type PackageChange,
  type Signature,
  type UpdateDetails,
  type UpdateSizes,
} from '../../../shared/domain/index.ts';

/** A fixed "now" would make every relative time old; everything is relative to the start of the tests instead. */
export const now = Math.floor(Date.now() / 1000);
const hour = 3600;
const day = 24 * hour;
const sum = (letter: string): string => letter.repeat(64);

export const goodSignature: Signature = {
  type: 'gpg',
  valid: true,
  keyId: '6F8A2D4C91B0E357',
  fingerprint: '3C1D7A5590AA41B27E0B4F8D6F8A2D4C91B0E357',
  userName: 'Timberline Release Key',
  userEmail: 'release@timberline.example',
  timeSeconds: now - 9 * day,
  keyMissing: false,
  keyExpired: false,
  keyRevoked: false,
  signatureExpired: false,
};

export function deployment(version: string, letter: string, more: Partial<Deployment> = {}): Deployment {
  const checksum = sum(letter);
  return {
    id: `timberline-${checksum}.0`,
    osname: 'timberline',
    checksum,
    serial: 0,
    bootChecksum: sum('9'),
    index: 0,
    booted: false,
    staged: false,
    pinned: false,
    rollback: false,
    finalizationLocked: false,
    unlocked: 'none',
    version,
    timestamp: now - 20 * day,
    deployedAt: now - 12 * day,
    origin: {
      refspec: 'timberline:timberline/stable/x86_64',
      remote: 'timberline',
      ref: 'timberline/stable/x86_64',
      layering: noLayering,
    },
    signatures: [goodSignature],
    verified: true,
    kernelArgs: ['root=LABEL=root', 'rw', 'quiet', `ostree=/ostree/boot.1/timberline/${sum('9')}/0`],
    bootConfig: { title: `Timberline ${version}`, options: 'root=LABEL=root rw quiet' },
    baseMeta: { version: { type: 's', value: version } },
    commitPresent: true,
    ...more,
  };
}

export const booted = deployment('43.1', 'a', { booted: true });
export const older = deployment('43.0', 'b', { index: 1, rollback: true, timestamp: now - 40 * day, deployedAt: now - 33 * day });
export const staged = deployment('43.2', 'c', { staged: true, timestamp: now - 2 * day, deployedAt: now - 60 });

export const sizes: UpdateSizes = {
  downloadBytes: 48_300_000,
  downloadExact: true,
  downloadObjects: 812,
  diskBytes: 121_000_000,
  installedDeltaBytes: 3_400_000,
  freeBytes: 21_400_000_000,
};

export const update: AvailableUpdate = {
  checksum: sum('c'),
  version: '43.2',
  timestamp: now - 2 * day,
  refspec: 'timberline:timberline/stable/x86_64',
  counts: { upgraded: 31, downgraded: 1, added: 2, removed: 1 },
  security: { count: 3, worst: 'important' },
  sizes,
  signatures: [goodSignature],
  rolledBackFrom: false,
};

export function snapshot(more: Partial<HostSnapshot> = {}): HostSnapshot {
  return {
    service: { kind: 'treeline', version: treelineVersion },
    hostname: 'birch',
    osname: 'timberline',
    prettyName: 'Timberline Linux 43.1',
    simulated: false,
    deployments: [booted, older],
    check: { kind: 'available', checkedAt: now - 2 * hour, update },
    automaticUpdatePolicy: 'none',
    pastJobs: [],
    ...more,
  };
}

export function job(more: Partial<JobState> = {}): JobState {
  return {
    id: 'job-7',
    title: 'upgrade',
    method: 'Upgrade',
    owner: 'robin',
    startedAt: now - 40,
    phase: 'running',
    progress: {
      step: 'pull',
      stepIndex: 1,
      stepCount: 4,
      fraction: 0.37,
      bytesDone: 21_700_000,
      bytesTotal: 48_300_000,
      bytesPerSecond: 2_900_000,
      secondsLeft: 10,
    },
    messages: ['Resolving timberline:timberline/stable/x86_64', 'Fetching 812 objects'],
    ...more,
  };
}

export const advisories: readonly Advisory[] = [
  {
    id: 'TLSA-2026-0107',
    kind: 'security',
    severity: 'important',
    title: 'openssl: memory read beyond a buffer in certificate parsing',
    description:
      'A crafted certificate made the parser read beyond its buffer. A client that connects to a malicious server could crash or disclose memory.\n\nRestart services that use the library after updating.',
    issuedSeconds: now - 4 * day,
    references: [
      { kind: 'cve', id: 'CVE-2026-21001', title: '', url: 'https://example.invalid/CVE-2026-21001' },
      { kind: 'cve', id: 'CVE-2026-21002', title: '', url: 'https://example.invalid/CVE-2026-21002' },
    ],
    packages: ['openssl-libs-1:3.5.4-2.x86_64', 'openssl-1:3.5.4-2.x86_64'],
  },
  {
    id: 'TLSA-2026-0110',
    kind: 'security',
    severity: 'low',
    title: 'less: escape sequences in file names',
    description: 'File names with escape sequences were printed raw.',
    issuedSeconds: now - 3 * day,
    references: [{ kind: 'cve', id: 'CVE-2026-21444', title: '', url: '' }],
    packages: ['less-679-1.x86_64'],
  },
  {
    id: 'TLBA-2026-0031',
    kind: 'bugfix',
    severity: 'none',
    title: 'systemd: timers after suspend',
    description: 'Timers fire at the right time after a suspend.',
    issuedSeconds: now - 6 * day,
    references: [],
    packages: ['systemd-258.2-1.x86_64'],
  },
];

const evr = (name: string, version: string, release: string, epoch = 0, arch = 'x86_64') => ({ name, arch, epoch, version, release });

export const hostileText = '<img src=x onerror="document.title=\'owned\'"><b>bold</b> &amp; \u202Egnp.exe';

export const changes: readonly PackageChange[] = [
  {
    kind: 'upgraded',
    name: 'openssl-libs',
    arch: 'x86_64',
    from: evr('openssl-libs', '3.5.3', '1', 1),
    to: evr('openssl-libs', '3.5.4', '2', 1),
    summary: 'A general purpose cryptography library with TLS implementation',
    sizeDeltaBytes: 12_288,
    advisories: ['TLSA-2026-0107'],
    changelog: [
      {
        timeSeconds: now - 4 * day,
        author: 'Mika Lind <mika@timberline.example> - 1:3.5.4-2',
        text: '- Fix CVE-2026-21001\n- Fix CVE-2026-21002',
      },
      { timeSeconds: now - 15 * day, author: 'Mika Lind <mika@timberline.example> - 1:3.5.4-1', text: '- Update to 3.5.4' },
    ],
  },
  {
    kind: 'upgraded',
    name: 'less',
    arch: 'x86_64',
    from: evr('less', '678', '1'),
    to: evr('less', '679', '1'),
    summary: 'A text file browser similar to more, but better',
    advisories: ['TLSA-2026-0110'],
    changelog: [{ timeSeconds: now - 3 * day, author: 'Ada Roth', text: hostileText }],
  },
  {
    kind: 'upgraded',
    name: 'systemd',
    arch: 'x86_64',
    from: evr('systemd', '258.1', '3'),
    to: evr('systemd', '258.2', '1'),
    summary: 'System and Service Manager',
    advisories: ['TLBA-2026-0031'],
    changelog: [
      { timeSeconds: now - 6 * day, author: 'Ada Roth', text: '- Update to 258.2\n- Timers fire at the right time after a suspend' },
    ],
  },
  ...Array.from({ length: 28 }, (_, index): PackageChange => ({
    kind: 'upgraded',
    name: `lib${['pine', 'larch', 'spruce', 'cedar', 'alder', 'rowan', 'hazel'][index % 7]}${index}`,
    arch: 'x86_64',
    from: evr(`lib${index}`, `1.${index}`, '1'),
    to: evr(`lib${index}`, `1.${index}.1`, '1'),
    summary: 'Shared library of the demo distribution',
    changelog: [{ timeSeconds: now - 8 * day, author: 'Build Bot', text: '- Rebuilt' }],
  })),
  {
    kind: 'added',
    name: 'zram-setup',
    arch: 'noarch',
    to: evr('zram-setup', '1.4', '2', 0, 'noarch'),
    summary: 'Compressed swap in memory',
  },
  {
    kind: 'added',
    name: 'tzdata-legacy',
    arch: 'noarch',
    to: evr('tzdata-legacy', '2026b', '1', 0, 'noarch'),
    summary: 'Old time zone names',
  },
  { kind: 'removed', name: 'dnf-makecache', arch: 'noarch', from: evr('dnf-makecache', '4.2', '1', 0, 'noarch'), summary: 'Cache timer' },
  {
    kind: 'downgraded',
    name: 'pixman',
    arch: 'x86_64',
    from: evr('pixman', '0.46', '1'),
    to: evr('pixman', '0.45.9', '3'),
    summary: 'Pixel manipulation',
  },
];

export const details: UpdateDetails = {
  fromChecksum: booted.checksum,
  fromVersion: '43.1',
  toChecksum: update.checksum,
  toVersion: '43.2',
  toTimeSeconds: update.timestamp,
  packages: changes,
  advisories,
  releases: [{ version: '43.2', checksum: update.checksum, timeSeconds: update.timestamp, packageCount: changes.length }],
  sizes: update.sizes,
  signatures: [goodSignature],
  source: 'treeline.changes',
};

/** 2,000 packages, each with a changelog. */
export const manyChanges: readonly PackageChange[] = Array.from({ length: 2000 }, (_, index) => ({
  kind: index % 50 === 0 ? 'added' : 'upgraded',
  name: `package-${String(index).padStart(4, '0')}`,
  arch: 'x86_64',
  ...(index % 50 === 0 ? {} : { from: evr('p', `1.${index}`, '1') }),
  to: evr('p', `1.${index}`, '2'),
  summary: `Package number ${index}`,
  changelog: Array.from({ length: 5 }, (_entry, entry) => ({
    timeSeconds: now - entry * day,
    author: 'Build Bot <bot@timberline.example>',
    text: `- Change ${entry} of package ${index}\n- Another line of it`,
  })),
}));

export const diskUse: DiskUse = {
  repoBytes: 3_900_000_000,
  freeBytes: 21_400_000_000,
  totalBytes: 64_000_000_000,
  bootFreeBytes: 512_000_000,
  bootTotalBytes: 1_000_000_000,
  deployments: [
    { id: booted.id, exclusiveBytes: 310_000_000, bootBytes: 62_000_000 },
    { id: older.id, exclusiveBytes: 274_000_000, bootBytes: 61_000_000 },
    { id: staged.id, exclusiveBytes: 121_000_000, bootBytes: 63_000_000 },
  ],
};

const robin = { uid: 1000, name: 'robin', client: 'Treeline' };

export const historyEntries: readonly HistoryEntry[] = [
  {
    id: '5',
    at: now - 60,
    action: 'stage',
    result: 'ok',
    by: robin,
    fromVersion: '43.1',
    toVersion: '43.2',
    kernelArgs: { added: ['audit=1'], removed: ['quiet'] },
  },
  {
    id: '4',
    at: now - 3 * hour,
    action: 'stage',
    result: 'failed',
    by: robin,
    fromVersion: '43.1',
    toVersion: '43.2',
    error: { code: 'repo.unreachable', subject: 'timberline', detail: 'Connection refused' },
  },
  {
    id: '3b',
    at: now - 2 * day,
    action: 'initramfs-etc',
    result: 'ok',
    by: robin,
    subject: '-/etc/crypttab +/etc/a-directory-with-a-long-name/and-a-file-in-it-whose-name-goes-on-and-on.conf',
  },
  { id: '3', at: now - 12 * day, action: 'boot', result: 'ok', by: { uid: 0, name: 'root', client: 'treelined' }, toVersion: '43.1' },
  {
    id: '2',
    at: now - 12 * day - 90,
    action: 'finalized',
    result: 'ok',
    by: { uid: 0, name: 'root', client: 'treelined' },
    toVersion: '43.1',
  },
  {
    id: '1',
    at: now - 33 * day,
    action: 'cancelled',
    result: 'cancelled',
    by: { uid: 1000, name: 'robin', client: 'treeline' },
    toVersion: '43.1',
  },
];

export const pastJobs: readonly JobState[] = [
  job({
    id: 'past-1',
    phase: 'succeeded',
    startedAt: now - 2 * hour,
    endedAt: now - 2 * hour + 31,
    title: 'upgrade',
    messages: ['Staged 43.2'],
  }),
  job({
    id: 'past-2',
    phase: 'failed',
    startedAt: now - 3 * hour,
    endedAt: now - 3 * hour + 8,
    error: { code: 'repo.unreachable', subject: 'https://updates.timberline.example/repo', detail: 'Connection refused' },
    messages: ['Resolving timberline:timberline/stable/x86_64'],
  }),
  job({
    id: 'past-3',
    phase: 'cancelled',
    method: 'Rollback',
    title: 'rollback',
    startedAt: now - 2 * day,
    endedAt: now - 2 * day + 2,
    messages: [],
  }),
];
