// SPDX-License-Identifier: LGPL-2.1-or-later
import { Option, type Command } from 'commander';
import { TreelineError } from '../../shared/errors/index.ts';
import { diskBootloaders, diskFirmwares, type DiskBootloader, type DiskFirmware, type DiskParams } from '../engine/compose/disk/params.ts';
import { followJob, reportErrors } from './follow-job.ts';
import { repeated } from './signing-options.ts';
import { standardOutput } from './output/terminal.ts';

interface DiskOptions {
  readonly repo: string;
  readonly ref?: string;
  readonly size?: string;
  readonly bootSize?: string;
  readonly stateroot?: string;
  readonly bootloader?: DiskBootloader;
  readonly firmware?: DiskFirmware;
  readonly rootLabel?: string;
  readonly bootLabel?: string;
  readonly karg: readonly string[];
  readonly remote?: string;
  readonly remoteUrl?: string;
  readonly remoteKey: readonly string[];
  readonly workdir?: string;
}

/** `treeline compose disk`: a bootable raw disk from a commit. */
export function addDiskCommand(compose: Command): void {
  compose
    .command('disk')
    .description('Write a bootable raw disk from a commit')
    .argument('<revision>', 'branch, or checksum together with --ref')
    .argument('<output>', 'file to write')
    .requiredOption('-r, --repo <path>', 'OSTree repository with the commit')
    .option('--ref <branch>', 'branch that the system follows (default: the revision)')
    .option('--size <size>', 'size of the disk, as 8G or 900M (default: room for two updates)')
    .option('--boot-size <size>', 'size of /boot (default: 512M)')
    .option('--stateroot <name>', 'name of the stateroot (default: default)')
    .addOption(new Option('--bootloader <name>', 'boot loader (default: grub)').choices(diskBootloaders))
    .addOption(new Option('--firmware <kind>', 'what starts it (default: what the boot loader can)').choices(diskFirmwares))
    .option('--root-label <label>', 'label of the root file system (default: root)')
    .option('--boot-label <label>', 'label of the boot file system (default: boot)')
    .option('--karg <argument>', 'kernel argument (may be repeated)', repeated, [])
    .option('--remote <name>', 'source that the system gets updates from')
    .option('--remote-url <url>', 'its address')
    .option('--remote-key <file>', 'its public key, OpenPGP or ed25519 (may be repeated); none: signatures aren’t demanded', repeated, [])
    .option('--workdir <path>', 'scratch space (default: beside the output)')
    .action(async (revision: string, output: string, options: DiskOptions, command: Command) => {
      // --stateroot is an option of the whole command line, too, which takes it wherever it stands
      const { quiet = false, stateroot } = command.optsWithGlobals<{ quiet?: boolean; stateroot?: string }>();
      await reportErrors(async () => {
        const outcome = await followJob('disk.create', paramsOf(revision, output, { ...options, ...(stateroot ? { stateroot } : {}) }), {
          quiet,
        });
        const version = outcome.version === '' ? outcome.checksum.slice(0, 12) : outcome.version;
        standardOutput.print(
          `${outcome.output}: ${version}, ${Math.round(outcome.sizeBytes / 2 ** 20)} MiB, ${outcome.bootloader} (${outcome.firmware})`,
        );
        return 0;
      });
    });
}

interface AlongsideOptions extends Pick<DiskOptions, 'repo' | 'ref' | 'stateroot' | 'karg' | 'remote' | 'remoteUrl' | 'remoteKey'> {
  readonly root: string;
}

/** `treeline compose install-alongside`: a deployment beside the system that a root file system holds. */
export function addAlongsideCommand(compose: Command): void {
  compose
    .command('install-alongside')
    .description('Install a commit into the root file system of another system, which stays as it is')
    .argument('<revision>', 'branch, or checksum together with --ref')
    .argument('<directory>', 'root directory of the other system')
    .requiredOption('-r, --repo <path>', 'OSTree repository with the commit')
    .requiredOption('--root <device>', 'its file system for the kernel: UUID=..., LABEL=..., /dev/...')
    .option('--ref <branch>', 'branch that the system follows (default: the revision)')
    .option('--stateroot <name>', 'name of the stateroot (default: default)')
    .option('--karg <argument>', 'kernel argument (may be repeated)', repeated, [])
    .option('--remote <name>', 'source that the system gets updates from')
    .option('--remote-url <url>', 'its address')
    .option('--remote-key <file>', 'its public key, OpenPGP or ed25519 (may be repeated); none: signatures aren’t demanded', repeated, [])
    .action(async (revision: string, directory: string, options: AlongsideOptions, command: Command) => {
      const { quiet = false, stateroot } = command.optsWithGlobals<{ quiet?: boolean; stateroot?: string }>();
      const { root, karg, remote: _, remoteUrl: __, remoteKey: ___, ...plain } = options;
      await reportErrors(async () => {
        const params = {
          ...plain,
          ...(stateroot ? { stateroot } : {}),
          ...remoteOf(options),
          revision,
          root: directory,
          rootDevice: root,
          kernelArgs: karg,
        };
        const outcome = await followJob('disk.install-alongside', params, { quiet });
        standardOutput.print(
          `${outcome.deploymentId}: ${outcome.bootMenu ?? 'no GRUB there: add the entries of /boot/loader to its boot menu'}`,
        );
        return 0;
      });
    });
}

function remoteOf({ remote, remoteUrl, remoteKey }: Pick<DiskOptions, 'remote' | 'remoteUrl' | 'remoteKey'>): Pick<DiskParams, 'remote'> {
  if ((remote === undefined) !== (remoteUrl === undefined))
    throw new TreelineError('usage.invalid', { detail: '--remote and --remote-url belong together' });
  return remote !== undefined && remoteUrl !== undefined ? { remote: { name: remote, url: remoteUrl, keys: remoteKey } } : {};
}

function paramsOf(revision: string, output: string, options: DiskOptions): DiskParams {
  const { karg, remote: _, remoteUrl: __, remoteKey: ___, size, bootSize, ...plain } = options;
  return {
    ...plain,
    revision,
    output,
    kernelArgs: karg,
    ...(size === undefined ? {} : { sizeBytes: bytesOf('--size', size) }),
    ...(bootSize === undefined ? {} : { bootSizeBytes: bytesOf('--boot-size', bootSize) }),
    ...remoteOf(options),
  };
}

function bytesOf(option: string, text: string): number {
  const [, number, unit = ''] = /^(\d+)([MG])$/.exec(text) ?? [];
  if (number === undefined) throw new TreelineError('usage.invalid', { detail: `${option} ${text}: a number with M or G is needed` });
  return Number(number) * (unit === 'G' ? 2 ** 30 : 2 ** 20);
}
