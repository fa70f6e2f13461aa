// SPDX-License-Identifier: LGPL-2.1-or-later
export const diskBootloaders = ['grub', 'systemd-boot', 'extlinux', 'none'] as const;
export type DiskBootloader = (typeof diskBootloaders)[number];
export const diskFirmwares = ['bios', 'efi', 'both'] as const;
export type DiskFirmware = (typeof diskFirmwares)[number];

/** Where the installed system gets its updates. */
export interface DiskRemote {
  readonly name: string;
  readonly url: string;
  /** Paths of public keys: OpenPGP, or ed25519 as ostree has them. None: signatures aren't demanded. */
  readonly keys: readonly string[];
}

export interface DiskParams {
  /** Path of the repository. */
  readonly repo: string;
  /** Branch, or checksum together with `ref`. */
  readonly revision: string;
  /** Branch that the system follows; missing = `revision`. */
  readonly ref?: string;
  readonly output: string;
  /** Whole size in bytes; missing = room for two more versions. */
  readonly sizeBytes?: number;
  readonly bootSizeBytes?: number;
  readonly stateroot?: string;
  readonly bootloader?: DiskBootloader;
  readonly firmware?: DiskFirmware;
  readonly rootLabel?: string;
  readonly bootLabel?: string;
  /** Kernel arguments besides root= and rw. */
  readonly kernelArgs?: readonly string[];
  readonly remote?: DiskRemote;
  /** Directory for scratch; missing = beside the output. */
  readonly workdir?: string;
}

export interface DiskOutcome {
  readonly output: string;
  readonly sizeBytes: number;
  readonly checksum: string;
  readonly version: string;
  readonly bootloader: DiskBootloader;
  readonly firmware: DiskFirmware;
}

export interface AlongsideParams {
  readonly repo: string;
  readonly revision: string;
  readonly ref?: string;
  /** Root directory of the system that is there. */
  readonly root: string;
  /** As in root= on the kernel's command line: /dev/vda1, UUID=..., LABEL=... */
  readonly rootDevice: string;
  readonly stateroot?: string;
  readonly kernelArgs?: readonly string[];
  readonly remote?: DiskRemote;
}

export interface AlongsideOutcome {
  readonly checksum: string;
  readonly version: string;
  readonly deploymentId: string;
  /** File with the entries that were added to the boot menu; missing: there is no GRUB, add them by hand. */
  readonly bootMenu?: string;
}

/** Jobs that make disks; part of Jobs in jobs/catalogue.ts. */
export interface DiskJobs {
  /** Write a bootable disk from a commit. */
  'disk.create': { params: DiskParams; result: DiskOutcome };
  /** Install a deployment beside the system that lives in a root file system. */
  'disk.install-alongside': { params: AlongsideParams; result: AlongsideOutcome };
}
