// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { TreelineError, messageOf, systemCodeOf } from '../../shared/errors/index.ts';
import { KeyFile } from '../files/index.ts';
import { defaultSystemBus } from '../../shared/dbus/index.ts';

export interface HelperOptions {
  readonly sysroot: string;
  /** Entry file of the worker. */
  readonly worker: string;
  readonly bus: string;
  /** Program that restarts the machine, with its arguments. */
  readonly rebootCommand: readonly string[];
  readonly simulated: boolean;
  /** Where the sockets of jobs live; must be the same path for the service and its clients. */
  readonly peerDir: string;
  /** History, past jobs, what a check found. */
  readonly stateDir: string;
  readonly configFiles: readonly string[];
  /** Overrides the configuration; seconds, 0 = stay. */
  readonly idleExitSeconds?: number;
}

/** What `--help` prints. */
export const helperHelp = `treelined [OPTION]...: the system update service. Options are for tests and for other systems than the running one; see treelined(8).

  --sysroot=PATH               the system to look after (/)
  --bus=ADDRESS                the bus to be on (the system bus)
  --config=FILE                instead of the usual configuration; may be repeated
  --idle-exit-seconds=SECONDS  end after so long without clients, 0: never
  --peer-dir=DIRECTORY         sockets of running jobs (/run/treeline)
  --state-dir=DIRECTORY        history and results of checks (/var/lib/treeline)
  --reboot-command=COMMAND     what restarts the machine (systemctl reboot)
  --simulated                  a restart ends the name space
  --worker=FILE                the program that carries out jobs
`;

/** Options of `treelined`; throws usage.invalid. */
export function helperOptions(argv: readonly string[]): HelperOptions {
  let values;
  try {
    values = parseArgs({
      args: [...argv],
      strict: true,
      options: {
        sysroot: { type: 'string', default: '/' },
        worker: { type: 'string' },
        bus: { type: 'string' },
        'reboot-command': { type: 'string' },
        simulated: { type: 'boolean', default: false },
        'peer-dir': { type: 'string', default: '/run/treeline' },
        'state-dir': { type: 'string', default: '/var/lib/treeline' },
        config: { type: 'string', multiple: true },
        'idle-exit-seconds': { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new TreelineError('usage.invalid', { detail: error instanceof Error ? error.message : String(error) });
  }
  const idle = values['idle-exit-seconds'];
  if (idle !== undefined && !/^\d+$/.test(idle)) throw new TreelineError('usage.invalid', { detail: `--idle-exit-seconds=${idle}` });
  return {
    sysroot: values.sysroot,
    worker: values.worker ?? fileURLToPath(new URL('../worker/worker.mjs', import.meta.url)),
    bus: values.bus ?? process.env.DBUS_SYSTEM_BUS_ADDRESS ?? defaultSystemBus,
    rebootCommand: values['reboot-command'] ? values['reboot-command'].split(/\s+/) : ['systemctl', 'reboot'],
    simulated: values.simulated,
    peerDir: values['peer-dir'],
    stateDir: values['state-dir'],
    configFiles: values.config ?? ['/etc/rpm-ostreed.conf', '/etc/treeline/treelined.conf'],
    idleExitSeconds: idle === undefined ? undefined : Number(idle),
  };
}

export interface DaemonConfig {
  readonly automaticUpdatePolicy: 'none' | 'check' | 'stage' | 'apply';
  /** 0 = never. */
  readonly idleExitSeconds: number;
  /** Folders besides those of removable media from which updates may be taken. */
  readonly mediaDirectories: readonly string[];
  /** The file that says that packages may not be added to the base (LockLayering). */
  readonly layeringLockedBy?: string;
  /** Weak dependencies of packages that are added come along. */
  readonly recommends: boolean;
}

const policies: Readonly<Record<string, DaemonConfig['automaticUpdatePolicy']>> = {
  none: 'none',
  off: 'none',
  check: 'check',
  stage: 'stage',
  'ex-stage': 'stage',
  apply: 'apply',
};

/** [Daemon] of the files, later ones win; what can't be read or understood leaves the default and says so in the journal. */
export function readDaemonConfig(files: readonly string[], warn: (text: string) => void): DaemonConfig {
  let policy: DaemonConfig['automaticUpdatePolicy'] = 'none';
  let idleExitSeconds = 60;
  let mediaDirectories: readonly string[] = [];
  let layeringLockedBy: string | undefined;
  let recommends = true;
  for (const file of files) {
    const daemon = daemonSection(file, warn);
    const wanted = daemon('AutomaticUpdatePolicy');
    if (wanted !== undefined) {
      const known = Object.hasOwn(policies, wanted) ? policies[wanted] : undefined;
      if (known) policy = known;
      else warn(`${file}: AutomaticUpdatePolicy=${wanted} is none of ${Object.keys(policies).join(', ')}`);
    }
    const media = daemon('MediaDirectories');
    if (media !== undefined) {
      mediaDirectories = media.split(':').filter((each) => each.startsWith('/'));
      if (media !== mediaDirectories.join(':')) warn(`${file}: MediaDirectories=${media} holds what isn’t an absolute path`);
    }
    const flag = (key: string, otherwise: boolean): boolean => {
      const value = daemon(key);
      if (value === undefined) return otherwise;
      // g_key_file_get_boolean
      if (!/^(true|false|1|0)$/.test(value)) warn(`${file}: ${key}=${value} is neither true nor false`);
      return /^(true|1)$/.test(value) || (otherwise && !/^(false|0)$/.test(value));
    };
    layeringLockedBy = flag('LockLayering', layeringLockedBy !== undefined) ? (layeringLockedBy ?? file) : undefined;
    recommends = flag('Recommends', recommends);
    const timeout = daemon('IdleExitTimeout');
    if (timeout !== undefined) {
      if (/^\d+$/.test(timeout)) idleExitSeconds = Number(timeout);
      else warn(`${file}: IdleExitTimeout=${timeout} is no number of seconds`);
    }
  }
  return {
    ...{ automaticUpdatePolicy: policy, idleExitSeconds, mediaDirectories, recommends },
    ...(layeringLockedBy === undefined ? {} : { layeringLockedBy }),
  };
}

/** What a key of [Daemon] says. */
function daemonSection(file: string, warn: (text: string) => void): (key: string) => string | undefined {
  try {
    const content = new KeyFile(readFileSync(file, 'utf8'));
    return (key) => content.get('Daemon', key)?.trim();
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') warn(`${file}: ${messageOf(error)}`);
    return () => undefined;
  }
}
