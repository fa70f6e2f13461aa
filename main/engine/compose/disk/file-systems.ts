// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { partitionOf, sfdiskScript, type Layout, type Partition } from './layout.ts';
import { runProgram } from './programs.ts';

/** A file of the disk's size with nothing but the partition table. */
export function makeDisk(file: string, layout: Layout): void {
  const fd = openSync(file, 'w', 0o644);
  try {
    ftruncateSync(fd, layout.sizeBytes);
  } finally {
    closeSync(fd);
  }
  runProgram('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', file], sfdiskScript(layout));
}

/**
 * What every boot loader of the last ten years can read; newer mke2fs turns on more. No journal: boot loaders don't read one, so after a power cut
 * they would see boot entries which libostree had replaced already, and whose deployments' links it had removed (seen in test/boot/power-cut.test.ts).
 */
const bootFeatures = 'none,ext_attr,dir_index,filetype,extent,sparse_super,large_file';

/** Make an ext4 file system in its place on the disk, filled from a directory without mounting it (mke2fs -d). */
export function makeExt4(disk: string, partition: Partition, directory: string): void {
  const features = partition.role === 'boot' ? ['-O', bootFeatures] : [];
  runProgram('mke2fs', [
    ...['-q', '-F', '-t', 'ext4', '-L', partition.name, '-d', directory, '-E', `offset=${partition.startBytes}`],
    ...[...features, disk, `${partition.sizeBytes / 1024}k`],
  ]);
}

/** Make the EFI system partition with these files (path -> source file or bytes). */
export function makeEsp(disk: string, partition: Partition, files: ReadonlyMap<string, string | Buffer>): void {
  const image = `${disk}@@${partition.startBytes}`;
  const sectors = partition.sizeBytes / 512;
  runProgram('mformat', ['-i', image, '-F', '-v', partition.name, '-T', String(sectors), '-h', '16', '-s', '63', '::']);
  const made = new Set<string>();
  const scratch = mkdtempSync(path.join(tmpdir(), 'treeline-esp-'));
  try {
    for (const [name, content] of files) {
      const parts = name.split('/').slice(0, -1);
      for (let depth = 1; depth <= parts.length; depth++) {
        const directory = parts.slice(0, depth).join('/');
        if (!made.has(directory)) runProgram('mmd', ['-i', image, `::/${directory}`]);
        made.add(directory);
      }
      const source = typeof content === 'string' ? content : path.join(scratch, 'file');
      if (typeof content !== 'string') writeFileSync(source, content);
      runProgram('mcopy', ['-i', image, source, `::/${name}`]);
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Deployments are immutable (chattr +i) in an installed system; mke2fs doesn't take that over. */
export function makeImmutable(disk: string, layout: Layout, directory: string): void {
  const root = `${disk}?offset=${partitionOf(layout, 'root').startBytes}`;
  const stat = runProgram('debugfs', ['-R', `stat "/${directory}"`, root]);
  const flags = Number(/Flags: (0x[0-9a-f]+)/.exec(stat)?.[1] ?? 0x80000) | 0x10;
  runProgram('debugfs', ['-w', '-R', `set_inode_field "/${directory}" flags 0x${flags.toString(16)}`, root]);
}
