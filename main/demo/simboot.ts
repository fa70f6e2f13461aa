// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../shared/errors/index.ts';
import { simulatedOnceFile } from '../engine/host/bootloader/index.ts';

export interface BootEntry {
  readonly file: string;
  /** The kernel command line without BOOT_IMAGE. */
  readonly options: string;
  readonly linux: string;
  /** Directory of the deployment. */
  readonly deployment: string;
  readonly stateroot: string;
}

export interface Bind {
  readonly source: string;
  readonly target: string;
  readonly writable?: boolean;
}

export interface BootOptions {
  readonly sysroot: string;
  /** Path of assets/simboot/boot.sh. */
  readonly init: string;
  /** What runs inside: a service that is started again when it ends, or with `once` a command after which the system shuts down. */
  readonly command: readonly string[];
  readonly once?: boolean;
  readonly binds?: readonly Bind[];
  /** The whole environment inside, besides PATH, HOME and LANG. */
  readonly env?: Readonly<Record<string, string>>;
  /** 0 = the default entry, 1 = the next in the boot menu. */
  readonly menuEntry?: number;
  /** With `once`: end without finalizing what is staged. */
  readonly powerCut?: boolean;
  /** Words put before `ostree admin finalize-staged`, to inject faults. */
  readonly finalizeWrap?: string;
  /** Inside a user namespace; needed when not root, and keeps FIFREEZE away (see `boot`). */
  readonly userNamespace?: boolean;
  readonly onOutput?: (text: string) => void;
}

/** `restart`: the system asked to be started again. `code` is that of the `once` command, 90 when finalizing failed. */
export interface BootEnd {
  readonly kind: 'off' | 'restart' | 'failed';
  readonly code: number;
}

export interface Boot {
  readonly entry: BootEntry;
  readonly ended: Promise<BootEnd>;
  /** Pid of the init process as seen from outside, once it runs: for `nsenter`. */
  initPid(): number | undefined;
  shutDown(): Promise<BootEnd>;
  restart(): Promise<BootEnd>;
  /** SIGKILL to everything inside. Only for a sysroot on tmpfs or in a user namespace (see `boot`). */
  powerCut(): Promise<BootEnd>;
}

const restartCode = 3;

/**
 * The entry that GRUB, systemd-boot or zipl would take (Boot Loader Specification type 1: highest `version` first), checked as a boot loader
 * and the initramfs would: kernel, initramfs and deployment exist. `once`: file name of the entry to take instead, if it is there. Throws
 * sysroot.invalid.
 */
export function pickBootEntry(sysroot: string, menuEntry = 0, once?: string): BootEntry {
  const folder = path.join(sysroot, 'boot/loader/entries');
  const invalid = (detail: string): TreelineError => new TreelineError('sysroot.invalid', { subject: sysroot, detail });
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.conf'));
  } catch {
    throw invalid('there are no boot entries');
  }
  const entries = names.map((name) => ({ file: path.join(folder, name), fields: readEntry(path.join(folder, name)) }));
  entries.sort((a, b) => Number(b.fields.get('version') ?? 0) - Number(a.fields.get('version') ?? 0) || b.file.localeCompare(a.file));
  const taken = entries.find((each) => path.basename(each.file) === once) ?? entries[menuEntry];
  if (!taken) throw invalid(`there is no boot entry ${menuEntry + 1}`);
  const options = taken.fields.get('options') ?? '';
  const link = options
    .split(/\s+/)
    .findLast((word) => word.startsWith('ostree='))
    ?.slice('ostree='.length);
  if (!link) throw invalid(`${taken.file} has no ostree= argument`);
  let deployment: string;
  try {
    deployment = realpathSync(path.join(sysroot, link));
  } catch {
    throw invalid(`${taken.file} points to ${link}, which does not exist`);
  }
  const stateroot = /\/ostree\/deploy\/([^/]+)\/deploy\/[^/]+$/.exec(deployment)?.[1];
  if (!stateroot) throw invalid(`${deployment} is not a deployment`);
  for (const key of ['linux', 'initrd']) {
    const file = taken.fields.get(key);
    // paths in an entry are relative to the file system that holds /boot
    const candidates = file ? [path.join(sysroot, 'boot', file.replace(/^\/boot\//, '/')), path.join(sysroot, file)] : [];
    if (file && !candidates.some((each) => (statSync(each, { throwIfNoEntry: false })?.size ?? 0) > 0)) throw invalid(`${file} is missing`);
  }
  return { file: taken.file, options, linux: taken.fields.get('linux') ?? '', deployment, stateroot };
}

/** What was asked for to be started once. It is forgotten before it is started, as GRUB does: if it doesn't start, the default does. */
function takeOnce(sysroot: string): string | undefined {
  const file = path.join(sysroot, simulatedOnceFile);
  try {
    const id = readFileSync(file, 'utf8').trim();
    rmSync(file);
    return id;
  } catch {
    return undefined;
  }
}

function readEntry(file: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [, key, value] = /^(\S+)\s+(.*)$/.exec(line.trim()) ?? [];
    if (key !== undefined && value !== undefined) fields.set(key, value);
  }
  return fields;
}

/**
 * Start a sysroot without a boot loader, a kernel or a virtual machine: see the design of the simulated restart in ARCHITECTURE.md.
 * Danger: writing boot entries freezes (FIFREEZE) the file system that holds /boot while it is root who does it. The sysroot must never lie
 * on the machine's root file system then: give it a tmpfs or an image of its own.
 */
export function boot(options: BootOptions): Boot {
  const entry = pickBootEntry(options.sysroot, options.menuEntry, takeOnce(options.sysroot));
  const namespaces = ['--mount', '--pid', '--ipc', '--uts', '--fork', '--propagation', 'private'];
  if (options.userNamespace) namespaces.unshift('--user', '--map-root-user');
  else refuseRootFileSystem(options.sysroot);
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
    ...options.env,
    SIM_SYSROOT: realpathSync(options.sysroot),
    SIM_DEPLOYMENT: entry.deployment,
    SIM_STATEROOT: entry.stateroot,
    SIM_CMDLINE: `BOOT_IMAGE=${entry.linux} ${entry.options}`,
    SIM_BINDS: (options.binds ?? []).map((bind) => `${bind.source}\t${bind.target}\t${bind.writable ? 'rw' : 'ro'}`).join('\n'),
    SIM_ONCE: options.once ? '1' : '',
    SIM_POWER_CUT: options.powerCut ? '1' : '',
    SIM_FINALIZE_WRAP: options.finalizeWrap ?? '',
  };
  // its own process group: Ctrl+C at a terminal reaches the supervisor, which shuts down in order
  const child = spawn('unshare', [...namespaces, 'bash', options.init, ...options.command], {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => options.onOutput?.(text));
  child.stdin.on('error', () => undefined);
  const state = { done: false };
  const ended = new Promise<BootEnd>((resolve, reject) => {
    child.once('error', (error) => reject(new TreelineError('sysroot.invalid', { subject: 'unshare', detail: error.message })));
    child.once('close', (code) => {
      state.done = true;
      if (code === restartCode && !options.once) resolve({ kind: 'restart', code: 0 });
      else resolve({ kind: code === 0 || options.once ? 'off' : 'failed', code: code ?? 137 });
    });
  });
  const initPid = (): number | undefined => (child.pid === undefined || state.done ? undefined : firstChild(child.pid));
  /** Repeated, because bash loses a signal that comes between a look at its flag and its wait. */
  const signalUntilEnd = async (signal: NodeJS.Signals): Promise<BootEnd> => {
    const send = (): void => {
      const pid = initPid();
      if (pid !== undefined) process.kill(pid, signal);
    };
    send();
    const timer = setInterval(send, 500);
    return ended.finally(() => clearInterval(timer));
  };
  return {
    entry,
    ended,
    initPid,
    shutDown: () => signalUntilEnd('SIGTERM'),
    restart: () => signalUntilEnd('SIGUSR1'),
    powerCut: () => signalUntilEnd('SIGKILL'),
  };
}

function firstChild(pid: number): number | undefined {
  try {
    const first = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0];
    return first ? Number(first) : undefined;
  } catch {
    return undefined;
  }
}

function refuseRootFileSystem(sysroot: string): void {
  if (statSync(sysroot).dev !== statSync('/').dev) return;
  throw new TreelineError('sysroot.invalid', {
    subject: sysroot,
    detail: 'it lies on the machine’s root file system, which writing boot entries would freeze',
  });
}
