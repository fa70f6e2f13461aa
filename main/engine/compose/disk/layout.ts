// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { DiskBootloader, DiskFirmware } from './params.ts';

export const mib = 2 ** 20;
const sectorBytes = 512;

export interface Partition {
  readonly role: 'bios-boot' | 'esp' | 'boot' | 'root';
  /** GPT name, also the label of its file system. */
  readonly name: string;
  /** Partition type GUID of the Discoverable Partitions Specification, or of GRUB's BIOS boot partition. */
  readonly type: string;
  readonly startBytes: number;
  readonly sizeBytes: number;
  /** GPT attribute that a legacy BIOS boot sector looks for. */
  readonly legacyBoot: boolean;
}

export interface Layout {
  readonly sizeBytes: number;
  readonly partitions: readonly Partition[];
}

const types = {
  'bios-boot': '21686148-6449-6E6F-744E-656564454649',
  esp: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  // systemd-boot looks for this one; to systemd it would also say that the ESP belongs at /efi, which a tree doesn't have
  xbootldr: 'BC13C2FF-59E6-4262-A352-B275FD6F7172',
  boot: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
  root: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
} as const;

export interface LayoutRequest {
  readonly bootloader: DiskBootloader;
  readonly firmware: DiskFirmware;
  readonly bootLabel: string;
  readonly rootLabel: string;
  readonly bootSizeBytes: number;
  /** What the root file system must hold at least. */
  readonly rootMinBytes: number;
  /** Whole size; missing = as the minimum demands. */
  readonly sizeBytes?: number;
}

/**
 * Partitions on whole MiB: BIOS boot (GRUB on BIOS), ESP (EFI), /boot (ext4, what boot loaders read), root (ext4, the rest). Throws
 * `disk-image.too-small` when `sizeBytes` leaves less than `rootMinBytes`.
 */
export function planLayout(request: LayoutRequest): Layout {
  const { bootloader, firmware } = request;
  const wanted: [Partition['role'], string, number][] = [];
  if (bootloader === 'grub' && firmware !== 'efi') wanted.push(['bios-boot', 'BIOS-BOOT', mib]);
  if (firmware !== 'bios') wanted.push(['esp', 'EFI-SYSTEM', 64 * mib]);
  wanted.push(['boot', request.bootLabel, up(request.bootSizeBytes)]);
  const before = wanted.reduce((sum, [, , size]) => sum + size, mib);
  // the last MiB is the second copy of the table
  const minimum = before + up(request.rootMinBytes) + mib;
  const sizeBytes = request.sizeBytes === undefined ? minimum : Math.floor(request.sizeBytes / mib) * mib;
  if (sizeBytes < minimum)
    throw new TreelineError('disk-image.too-small', { subject: `${sizeBytes} bytes`, detail: `${minimum} bytes are needed` });
  wanted.push(['root', request.rootLabel, sizeBytes - before - mib]);
  let startBytes = mib;
  const partitions = wanted.map(([role, name, size]) => {
    const type = types[role === 'boot' && bootloader === 'systemd-boot' ? 'xbootldr' : role];
    const partition = { role, name, type, startBytes, sizeBytes: size, legacyBoot: role === 'boot' && bootloader === 'extlinux' };
    startBytes += size;
    return partition;
  });
  return { sizeBytes, partitions };
}

const up = (bytes: number): number => Math.ceil(bytes / mib) * mib;

/** Input of sfdisk(8). */
export function sfdiskScript(layout: Layout): string {
  const lines = layout.partitions.map(({ startBytes, sizeBytes, type, name, legacyBoot }) =>
    [
      `start=${startBytes / sectorBytes}, size=${sizeBytes / sectorBytes}, type=${type}, name="${name}"`,
      ...(legacyBoot ? [', attrs=LegacyBIOSBootable'] : []),
    ].join(''),
  );
  return `label: gpt\nunit: sectors\n${lines.join('\n')}\n`;
}

export function partitionOf(layout: Layout, role: Partition['role']): Partition {
  const found = layout.partitions.find((partition) => partition.role === role);
  if (!found) throw new TreelineError('internal.unexpected', { detail: `the disk has no ${role} partition` });
  return found;
}
