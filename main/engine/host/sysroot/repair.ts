// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync, readFileSync, renameSync, symlinkSync, utimesSync } from 'node:fs';
import path from 'node:path';
import type { TreelineError } from '../../../../shared/errors/index.ts';
import { atomicFile } from '../../../files/index.ts';
import type { DeployOutcome } from './params.ts';
import type { JobContext } from '../../base/ports/job.ts';
import {
  bootEntries,
  entriesIn,
  loaderDamage,
  loaderLink,
  loadersWithEntries,
  ostreeArgument,
  parseTarget,
} from '../../base/boot/boot-entries.ts';
import { prettyNameOf } from './deployments.ts';
import { deploymentFolders, entryDirectory, isRunning, stateroots } from '../../base/boot/unloadable.ts';

export interface SysrootRepairPort {
  /** Why libostree doesn't load the sysroot as it is now, undefined when it does. */
  readonly problem: () => TreelineError | undefined;
  /** What a file says about a remote, undefined for nothing. */
  readonly remoteSection: (file: string, remote: string) => readonly string[] | undefined;
  readonly remotesOf: (file: string) => readonly string[];
}

/** More than can be wrong at once. */
const maxRepairs = 10;

/**
 * Mend what keeps libostree from loading a sysroot, where there is only one way to do so and nothing gets lost by it: the time of a directory, the link to the boot
 * entries, the running system's own entry, a file that says about a remote what another one says, too. Throws the problem for anything else: its next step is a person's.
 */
export function repairSysroot(sysroot: string, port: SysrootRepairPort, context: Pick<JobContext, 'message'>): DeployOutcome {
  for (let repairs = 0; repairs < maxRepairs; repairs++) {
    const problem = port.problem();
    if (!problem) return { changed: repairs > 0, staged: false };
    const done = repairOne(sysroot, problem, port);
    if (done === undefined) throw problem;
    context.message(done);
    touch(sysroot);
  }
  const problem = port.problem();
  if (problem) throw problem;
  return { changed: true, staged: false };
}

/** How libostree tells other programs that something changed. */
function touch(sysroot: string): void {
  utimesSync(stateroots(sysroot), new Date(), new Date());
}

/** What was done, undefined when nothing was. */
function repairOne(sysroot: string, problem: TreelineError, port: SysrootRepairPort): string | undefined {
  const { subject = '', detail = '', key = '' } = problem.report;
  switch (problem.code) {
    case 'sysroot.no-time':
      return `Gave ${subject} the present time`;
    case 'boot.loader-missing':
      return relinkLoader(sysroot);
    case 'boot.entry-missing':
      return writeRunningEntry(sysroot);
    case 'remote.duplicate': {
      const [own, other] = [port.remoteSection(subject, key), port.remoteSection(detail, key)];
      if (port.remotesOf(subject).length !== 1 || JSON.stringify(own) !== JSON.stringify(other)) return undefined;
      renameSync(subject, `${subject}.duplicate`);
      return `Renamed ${subject} to ${path.basename(subject)}.duplicate: ${detail} says the same`;
    }
    default:
      return undefined;
  }
}

/** Only where one directory of entries is left, and all of them lead somewhere. */
function relinkLoader(sysroot: string): string | undefined {
  const [target, ...more] = loadersWithEntries(sysroot);
  if (target === undefined || more.length > 0 || loaderDamage(sysroot) === 'it is no link') return undefined;
  const entries = entriesIn(path.join(sysroot, 'boot', target, 'entries'));
  if (!entries.every((entry) => entry.target !== undefined && entryDirectory(sysroot, entry.target) !== undefined)) return undefined;
  const link = loaderLink(sysroot);
  // in one step, as libostree does: a boot loader finds the old or the new one
  symlinkSync(target, `${link}.tmp`);
  renameSync(`${link}.tmp`, link);
  return `Made ${link} lead to ${target} again`;
}

/** As what runs was started: from the kernel's own command line. It comes after the entries that are there, so that the default stays. */
function writeRunningEntry(sysroot: string): string | undefined {
  const commandLine = readFileSync('/proc/cmdline', 'utf8').trim();
  const target = ostreeArgument(commandLine);
  const place = target === undefined ? undefined : parseTarget(target);
  const running = deploymentFolders(sysroot).find(isRunning);
  if (target === undefined || !place || running === undefined) return undefined;
  if (entryDirectory(sysroot, target) !== entryDirectory(running, '.')) return undefined;
  const files = bootFiles(sysroot, `${place.osname}-${place.bootChecksum}`);
  if (!files) return undefined;
  const others = bootEntries(sysroot);
  const version = others.length === 0 ? 1 : Math.min(...others.map((entry) => Number(entry.config['version'] ?? 1))) - 1;
  if (version < 0) return undefined;
  const prefix = others.some((entry) => entry.config['linux']?.startsWith('/boot/')) ? '/boot' : '';
  const options = commandLine.split(/\s+/).filter((word) => !/^(?:BOOT_IMAGE|initrd)=/.test(word));
  const lines = [
    `title ${prettyNameOf(running) || place.osname}`,
    `version ${version}`,
    `options ${options.join(' ')}`,
    `linux ${prefix}/ostree/${files.kernel}`,
    ...(files.initramfs === undefined ? [] : [`initrd ${prefix}/ostree/${files.initramfs}`]),
  ];
  const file = path.join(loaderLink(sysroot), 'entries', `ostree-${version}-${place.osname}.conf`);
  atomicFile(file, `${lines.join('\n')}\n`);
  return `Wrote ${file}`;
}

/** Kernel and initramfs below /boot/ostree; undefined where the kernel is missing, or something lies there that an entry would have to name, too. */
function bootFiles(sysroot: string, folder: string): { kernel: string; initramfs?: string } | undefined {
  let names: string[];
  try {
    names = readdirSync(path.join(sysroot, 'boot/ostree', folder)).filter((name) => !name.startsWith('.'));
  } catch {
    return undefined;
  }
  const kernel = names.find((name) => name.startsWith('vmlinuz'));
  const initramfs = names.find((name) => name.startsWith('initramfs'));
  if (kernel === undefined || names.length > (initramfs === undefined ? 1 : 2)) return undefined;
  return { kernel: `${folder}/${kernel}`, ...(initramfs === undefined ? {} : { initramfs: `${folder}/${initramfs}` }) };
}
