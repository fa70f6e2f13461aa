// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const sh = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

export interface Part {
  /** Name of its image. */
  readonly image: string;
  /** Where it is mounted, below the sysroot. */
  readonly at: string;
  readonly type: FileSystemType;
  readonly megabytes: number;
  /** ext4 only: boot loaders read it as it lies on the disk, see ARCHITECTURE.md. Then it is mounted and repaired as on disks that we write. */
  readonly journal?: boolean;
}

export type FileSystemType = 'ext4' | 'xfs' | 'btrfs';

/** XFS takes no less than 300 MB, btrfs little less. */
const sizes: Readonly<Record<FileSystemType, number>> = { ext4: 96, xfs: 320, btrfs: 160 };

/** Root file systems of each type that this machine's kernel can mount, with /boot on it and on an ext4 of its own without a journal. */
export function layouts(): Readonly<Record<string, readonly Part[]>> {
  const mountable = readFileSync('/proc/filesystems', 'utf8');
  const types = (['ext4', 'xfs', 'btrfs'] as const).filter((type) => new RegExp(`\\t${type}$`, 'm').test(mountable));
  const root = (type: FileSystemType): Part => ({ image: 'root.img', at: '', type, megabytes: sizes[type] });
  const boot: Part = { image: 'boot.img', at: 'boot', type: 'ext4', megabytes: 24, journal: false };
  return Object.fromEntries(
    types.flatMap((type) => [
      [type, [root(type)]],
      [`${type}+boot`, [root(type), boot]],
    ]),
  );
}

export function make({ type, megabytes, journal }: Part, image: string): void {
  sh('truncate', '-s', `${megabytes}M`, image);
  if (type === 'ext4') sh('mke2fs', '-q', '-F', '-t', 'ext4', ...(journal === false ? ['-O', '^has_journal'] : ['-J', 'size=4']), image);
  else if (type === 'xfs') sh('mkfs.xfs', '-q', '-f', image);
  else sh('mkfs.btrfs', '-q', '-f', '--mixed', image);
}

/** mount(8) options; those of /boot are the ones of create-disk.ts. */
export const mountOptions = ({ type, journal }: Part): string[] =>
  type === 'xfs' ? ['-o', 'nouuid'] : journal === false ? ['-o', 'dirsync'] : [];

/** What a start does to a file system without a journal before it is mounted (`fsck.repair=yes` on the kernel's command line). */
export function repair({ journal }: Part, image: string): void {
  if (journal !== false) return;
  const { status, stdout } = spawnSync('e2fsck', ['-fy', image], { encoding: 'utf8' });
  // e2fsck(8): 1 = errors were corrected
  if (status !== 0 && status !== 1) throw new Error(`e2fsck ${status}: ${stdout}`);
}

/** Another program's word on an unmounted file system that was mounted since the cut: '' or what is wrong with it. */
export function fsck({ type }: Part, image: string): string {
  const commands: Record<FileSystemType, string[]> = {
    ext4: ['e2fsck', '-fn', image],
    xfs: ['xfs_repair', '-n', '-f', image],
    btrfs: ['btrfs', 'check', '--readonly', image],
  };
  const [program = '', ...args] = commands[type];
  try {
    sh(program, ...args);
    return '';
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    // what they were about to look at isn't what they found
    const found = `${stdout}${stderr}`
      .split('\n')
      .filter((line) => line.trim() !== '' && !/^(Phase|Pass) \d|^\s+- |^No modify flag/.test(line));
    return `${program} ${status}: ${found.join('; ').slice(0, 600)}`;
  }
}
