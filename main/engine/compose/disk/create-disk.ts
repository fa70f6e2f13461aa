// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { DiskPort } from '../../base/ports/disk.ts';
import { makeDisk, makeEsp, makeExt4, makeImmutable } from './file-systems.ts';
import { fillSysroot, type Filled } from './fill-sysroot.ts';
import { grubEfiImage, installGrubBios, writeGrubFiles } from './grub.ts';
import { mib, partitionOf, planLayout, type Layout } from './layout.ts';
import { installExtlinux, prepareExtlinux, systemdBootFiles } from './other-loaders.ts';
import type { DiskBootloader, DiskFirmware, DiskOutcome, DiskParams } from './params.ts';
import { runProgram } from './programs.ts';
import { requireStateroot } from '../../base/names/stateroot-name.ts';

const steps = ['copy', 'boot', 'write'] as const;

/**
 * Write a bootable raw disk from a commit: partitions, file systems filled without mounting them, a deployment as an installer makes it, and a boot
 * loader. The output appears only when it is complete. Throws `disk-image.*`, `repo.*`, `disk.full`.
 */
export function createDisk(params: DiskParams, port: DiskPort, context: JobContext): DiskOutcome {
  const bootloader = params.bootloader ?? 'grub';
  const firmware = firmwareOf(bootloader, params.firmware);
  if (process.getuid?.() !== 0) throw new TreelineError('disk-image.failed', { subject: 'Writing a disk', detail: 'it needs root' });
  const output = path.resolve(params.output);
  const checksum = port.resolve(params.repo, params.revision);
  const workdir = mkdtempSync(path.join(params.workdir ?? path.dirname(output), '.treeline-disk-'));
  const unfinished = path.join(workdir, 'disk.raw');
  try {
    const { layout, filled } = build({ params, bootloader, firmware, checksum, workdir, disk: unfinished }, port, context);
    makeImmutable(unfinished, layout, filled.deployment.directory);
    renameSync(unfinished, output);
    return { output, sizeBytes: layout.sizeBytes, checksum, version: filled.version, bootloader, firmware };
  } finally {
    rmSync(workdir, { recursive: true, force: true });
  }
}

function firmwareOf(bootloader: DiskBootloader, asked: DiskFirmware | undefined): DiskFirmware {
  const possible: readonly DiskFirmware[] =
    bootloader === 'systemd-boot' ? ['efi'] : bootloader === 'extlinux' ? ['bios'] : ['both', 'bios', 'efi'];
  const firmware = asked ?? possible[0] ?? 'both';
  if (!possible.includes(firmware))
    throw new TreelineError('usage.invalid', {
      detail: `${bootloader} doesn’t start from ${firmware} firmware, only from ${possible.join(', ')}`,
    });
  return firmware;
}

interface Plan {
  readonly params: DiskParams;
  readonly bootloader: DiskBootloader;
  readonly firmware: DiskFirmware;
  readonly checksum: string;
  readonly workdir: string;
  readonly disk: string;
}

function build(plan: Plan, port: DiskPort, context: JobContext): { layout: Layout; filled: Filled } {
  const { params, bootloader, firmware, workdir, disk } = plan;
  const stateroot = requireStateroot(params.stateroot ?? 'default');
  const rootLabel = params.rootLabel ?? 'root';
  const bootLabel = params.bootLabel ?? 'boot';
  const report = (step: number, extra: { itemsDone?: number } = {}): void =>
    context.progress({ step: steps[step] ?? '', stepIndex: step, stepCount: steps.length, fraction: step / steps.length, ...extra });
  report(0);
  const sysroot = path.join(workdir, 'sysroot');
  const boot = path.join(sysroot, 'boot');
  mkdirSync(boot, { recursive: true });
  // libostree freezes the file system of /boot for a moment while it writes boot entries: a tmpfs of its own can't be frozen
  using scratch = port.mountScratch(boot);
  if (bootloader === 'extlinux') prepareExtlinux(boot);
  mkdirSync(path.join(boot, 'efi'));
  const filled = fillSysroot(
    {
      params,
      directory: sysroot,
      checksum: plan.checksum,
      stateroot,
      bootloader,
      kernelArgs: kernelArgsOf(rootLabel, bootloader, params),
      fstab: fstabOf(bootLabel, firmware),
      copied: (count) => report(0, { itemsDone: count }),
    },
    port,
    context,
  );
  const tree = path.join(sysroot, filled.deployment.directory);
  report(1);
  const platforms = (['bios', 'efi'] as const).filter((each) => firmware === 'both' || firmware === each);
  if (bootloader === 'grub') writeGrubFiles(boot, tree, stateroot, platforms);
  const esp = espFiles(plan, tree, bootLabel);
  report(2);
  const used = Number(runProgram('du', ['-s', '-x', '--block-size=1', sysroot]).split(/\s/)[0]);
  const layout = planLayout({
    bootloader,
    firmware,
    bootLabel,
    rootLabel,
    bootSizeBytes: params.bootSizeBytes ?? 512 * mib,
    // three versions side by side, and what file systems keep for themselves
    rootMinBytes: params.sizeBytes === undefined ? used * 3 + 512 * mib : used * 1.1 + 64 * mib,
    ...(params.sizeBytes === undefined ? {} : { sizeBytes: params.sizeBytes }),
  });
  makeDisk(disk, layout);
  makeExt4(disk, partitionOf(layout, 'boot'), boot);
  scratch[Symbol.dispose]();
  makeExt4(disk, partitionOf(layout, 'root'), sysroot);
  if (firmware !== 'bios') makeEsp(disk, partitionOf(layout, 'esp'), esp);
  if (bootloader === 'grub' && firmware !== 'efi') installGrubBios(disk, layout, tree, bootLabel);
  if (bootloader === 'extlinux') installExtlinux(disk, layout, tree, path.join(workdir, 'mounted-boot'));
  return { layout, filled };
}

/**
 * /boot has no journal (see file-systems.ts): after a power cut fsck finds what a journal would have put right, and nobody is there to say yes. With
 * systemd-boot's partition types systemd would mount more than fstab says.
 */
function kernelArgsOf(rootLabel: string, bootloader: DiskBootloader, params: DiskParams): string[] {
  const discovery = bootloader === 'systemd-boot' ? ['systemd.gpt_auto=0'] : [];
  return [`root=LABEL=${rootLabel}`, 'rw', 'fsck.repair=yes', ...discovery, ...(params.kernelArgs ?? [])];
}

function espFiles({ bootloader, firmware }: Plan, tree: string, bootLabel: string): Map<string, string | Buffer> {
  if (firmware === 'bios') return new Map();
  if (bootloader === 'systemd-boot') return systemdBootFiles(tree);
  if (bootloader === 'grub') return new Map([['EFI/BOOT/BOOTX64.EFI', grubEfiImage(tree, bootLabel)]]);
  return new Map();
}

/** fstab(5). Without a journal, directories are written at once. The ESP is only for those who change its boot loader: mounted when somebody looks. */
function fstabOf(bootLabel: string, firmware: DiskFirmware): string {
  const esp = 'LABEL=EFI-SYSTEM /boot/efi vfat umask=0077,noauto,x-systemd.automount,x-systemd.idle-timeout=60 0 0\n';
  return `LABEL=${bootLabel} /boot ext4 defaults,dirsync 0 2\n${firmware === 'bios' ? '' : esp}`;
}
