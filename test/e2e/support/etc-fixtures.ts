// SPDX-License-Identifier: LGPL-2.1-or-later
import type { EtcDifference, EtcDrift, EtcOwnFile, FileSide } from '../../../shared/domain/index.ts';
import { booted } from './page-fixtures.ts';
import { binaryEtc, sshd } from './review-fixtures.ts';

const different = (path: string, kind: EtcDifference['kind'], more: Partial<EtcDifference> = {}): EtcDifference => ({
  path,
  type: 'file',
  kind,
  ...more,
});

export const drift: EtcDrift = {
  deploymentId: booted.id,
  entries: [
    different('NetworkManager/system-connections/A network with a remarkably long name that goes on and on.nmconnection', 'added'),
    different('chrony.conf', 'removed'),
    different('fstab', 'modified', { machinesOwn: true }),
    different('machine-id', 'added', { machinesOwn: true }),
    different('pki/trust.bin', 'modified'),
    different('ssh/sshd_config', 'modified'),
    different('sudoers.d', 'modified', { type: 'directory' }),
    different('vconsole.conf', 'modified'),
  ],
  hiddenCount: 3,
};

const text = (content: string): FileSide => ({ exists: true, type: 'file', sizeBytes: content.length, mode: 0o644, text: content });
const gone: FileSide = { exists: false };
const directory = (mode: number): FileSide => ({ exists: true, type: 'directory', sizeBytes: 0, mode });

export const ownFile: EtcOwnFile = { path: 'ssh/sshd_config', base: sshd.base, yours: sshd.yours };
export const ownFileNext: EtcOwnFile = { ...ownFile, next: { version: '43.2', side: sshd.vendor } };
export const ownDirectory: EtcOwnFile = { path: 'sudoers.d', base: directory(0o750), yours: directory(0o755) };
export const removedFile: EtcOwnFile = { path: 'chrony.conf', base: text('pool time.timberline.example iburst\n'), yours: gone };
export const unreadableFile: EtcOwnFile = {
  path: 'shadow',
  base: { ...binaryEtc.base, noText: 'unreadable' },
  yours: { ...binaryEtc.yours, noText: 'unreadable' },
};
