// SPDX-License-Identifier: LGPL-2.1-or-later
import type {
  EtcEntry,
  EtcFile,
  EtcPreview,
  FileSide,
  Medium,
  Remote,
  RemoteKey,
  RemoteRef,
  RemoteVersion,
  RestartBlocker,
  ReviewSummary,
  ScheduledRestart,
  TreeDiff,
  TreeFile,
  UpdateDetails,
  WhatsNew,
} from '../../../shared/domain/index.ts';
import { booted, changes, details, hostileText, now, older, staged, update } from './page-fixtures.ts';

const day = 86_400;

export const summary: ReviewSummary = {
  fromId: booted.id,
  fromVersion: '43.1',
  toChecksum: update.checksum,
  toVersion: '43.2',
  staged: false,
  kernel: { from: '6.17.8-300.x86_64', to: '6.17.11-300.x86_64' },
  initramfs: { changed: true, fromBytes: 41_200_000, toBytes: 41_900_000 },
  kernelArgs: {
    current: ['root=LABEL=root', 'rw', 'quiet', 'mitigations=auto'],
    next: ['root=LABEL=root', 'rw', 'quiet', 'console=ttyS0,115200'],
    added: ['console=ttyS0,115200'],
    removed: ['mitigations=auto'],
  },
  boot: { needBytes: 63_000_000, freeBytes: 512_000_000 },
  backTo: { id: booted.id, version: '43.1' },
};

export const stagedSummary: ReviewSummary = { ...summary, staged: true };

const entry = (path: string, kind: EtcEntry['kind'], more: Partial<EtcEntry> = {}): EtcEntry => ({
  path,
  type: 'file',
  vendor: kind === 'yours-kept' ? 'unchanged' : 'modified',
  yours: kind === 'vendor-applied' ? 'unchanged' : 'modified',
  kind,
  outcome: kind === 'vendor-applied' ? 'vendor' : 'yours',
  ...more,
});

export const etc: EtcPreview = {
  fromId: booted.id,
  toChecksum: update.checksum,
  available: true,
  entries: [
    entry('chrony.conf', 'vendor-applied'),
    entry('hosts', 'yours-kept'),
    entry('pki/trust.bin', 'both-changed'),
    entry('ssh/sshd_config', 'both-changed'),
    entry('systemd/journald.conf.d/10-a-drop-in-with-a-remarkably-long-name-that-goes-on-and-on.conf', 'vendor-applied', {
      vendor: 'added',
    }),
    entry('yum.repos.d/timberline.repo', 'both-same'),
  ],
};

export const manyEtc: EtcPreview = {
  ...etc,
  entries: Array.from({ length: 2000 }, (_, index) =>
    entry(`many/file-${String(index).padStart(4, '0')}.conf`, index % 40 === 0 ? 'both-changed' : 'vendor-applied'),
  ),
};

const text = (content: string, mode = 0o600): FileSide => ({ exists: true, type: 'file', sizeBytes: content.length, mode, text: content });
const common = Array.from({ length: 30 }, (_, index) => `# ${index + 1}: a comment of the default`).join('\n');

export const sshd: EtcFile = {
  path: 'ssh/sshd_config',
  base: text(`Port 22\nPermitRootLogin yes\nX11Forwarding yes\n${common}\nUsePAM yes\n`),
  yours: text(`Port 2222\nPermitRootLogin no\nX11Forwarding yes\n${common}\nUsePAM yes\nAllowUsers robin\n`),
  vendor: text(`Port 22\nPermitRootLogin prohibit-password\nX11Forwarding no\n${common}\nUsePAM yes\n# ${hostileText}\n`),
};

export const binaryEtc: EtcFile = {
  path: 'pki/trust.bin',
  base: { exists: true, type: 'file', sizeBytes: 2048, mode: 0o644, noText: 'binary' },
  yours: { exists: true, type: 'file', sizeBytes: 2052, mode: 0o644, noText: 'binary' },
  vendor: { exists: true, type: 'file', sizeBytes: 3_400_000, mode: 0o644, noText: 'too-large' },
};

export const tree: TreeDiff = {
  fromChecksum: booted.checksum,
  toChecksum: update.checksum,
  total: 5,
  changes: [
    { path: '/usr/bin/less', kind: 'modified', type: 'file', fromSizeBytes: 190_000, toSizeBytes: 191_500 },
    { path: '/usr/bin/zram-setup', kind: 'added', type: 'file', toSizeBytes: 4200 },
    { path: '/usr/lib/os-release', kind: 'modified', type: 'file', fromSizeBytes: 210, toSizeBytes: 210 },
    { path: '/usr/lib64/libssl.so.3', kind: 'modified', type: 'symlink' },
    { path: '/usr/share/dnf/makecache.timer', kind: 'removed', type: 'file', fromSizeBytes: 120 },
  ],
};

export const manyFiles: TreeDiff = {
  ...tree,
  total: 120_000,
  changes: Array.from({ length: 2000 }, (_, index) => ({
    path: `/usr/share/doc/package-${String(index).padStart(4, '0')}/README`,
    kind: 'modified' as const,
    type: 'file' as const,
    fromSizeBytes: index,
    toSizeBytes: index + 10,
  })),
};

export const osRelease: TreeFile = {
  path: '/usr/bin/less',
  from: text('NAME=Timberline\nVERSION=43.1\nID=timberline\n', 0o644),
  to: text('NAME=Timberline\nVERSION=43.2\nID=timberline\n', 0o644),
};

export const releases: UpdateDetails['releases'] = ['43.4', '43.3', '43.2'].map((version, index) => ({
  version,
  checksum: String(index + 1).repeat(64),
  timeSeconds: now - (index + 1) * 3 * day,
  packageCount: 12 + index,
}));

export const releasesDetails: UpdateDetails = { ...details, releases, toVersion: '43.4' };

export const scheduled: ScheduledRestart = { at: now + 3 * 3600, by: 'robin', version: '43.2', postponed: 0 };
export const blockers: readonly RestartBlocker[] = [
  { kind: 'session', who: 'ada', why: '', blocks: true },
  { kind: 'inhibitor', who: 'Burner', why: 'A disc is being written', blocks: true },
  { kind: 'inhibitor', who: 'NetworkManager', why: 'turns off networks', blocks: false },
];
export const whatsNew: WhatsNew = { fromVersion: '43.0', toVersion: '43.1', checksum: booted.checksum, at: now - 120 };

export const medium: Medium = {
  path: '/run/media/robin/STICK',
  kind: 'repo',
  label: 'STICK',
  refs: [{ ref: 'timberline/stable/x86_64', checksum: update.checksum, version: '43.2', timestamp: update.timestamp }],
  updates: true,
};

export const releaseKey: RemoteKey = {
  type: 'gpg',
  fingerprint: '3C1D7A5590AA41B27E0B4F8D6F8A2D4C91B0E357',
  userIds: ['Timberline Release Key <release@timberline.example>'],
  createdAt: now - 900 * day,
  expiresAt: now + 400 * day,
  expired: false,
  revoked: false,
};

export const remotes: readonly Remote[] = [
  {
    name: 'timberline',
    url: 'https://updates.timberline.example/repo',
    gpgVerify: true,
    signVerify: false,
    keys: [releaseKey, { ...releaseKey, fingerprint: `${'A'.repeat(39)}B`, userIds: ['Old key'], expiresAt: now - 9 * day, expired: true }],
    usedBy: [booted.id, older.id, staged.id],
    file: '/etc/ostree/remotes.d/timberline.conf',
  },
  {
    name: 'lab',
    url: 'http://lab.example/a/very/long/address/that/goes/on/and/on/until/it/does/not/fit/a/narrow/window/repo',
    gpgVerify: false,
    signVerify: false,
    keys: [],
    usedBy: [],
    file: '/etc/ostree/remotes.d/lab.conf',
  },
];

const branch = (ref: string, version: string, more: Partial<RemoteRef> = {}): RemoteRef => ({
  ref,
  checksum: 'e'.repeat(64),
  version,
  timestamp: now - day,
  current: false,
  related: false,
  ...more,
});
export const refs: readonly RemoteRef[] = [
  branch('other/rawhide/aarch64', '45.0'),
  branch('timberline/stable/x86_64', '43.2', { current: true, related: true }),
  branch('timberline/testing/x86_64', '44.0', { related: true }),
];
export const versions: readonly RemoteVersion[] = ['44.0', '43.9', '43.8'].map((version, index) => ({
  checksum: String(index + 4).repeat(64),
  version,
  timestamp: now - index * 7 * day,
  deployed: index === 2,
}));

export const otherBranch: UpdateDetails = { ...details, toChecksum: 'e'.repeat(64), toVersion: '44.0' };

export const withoutChangelogs: UpdateDetails['packages'] = changes.map(
  ({ changelog: _changelog, advisories: _advisories, ...change }) => change,
);
