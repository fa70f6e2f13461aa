// SPDX-License-Identifier: LGPL-2.1-or-later
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { messageOf, TreelineError } from '../../shared/errors/index.ts';
import { stopProcess } from './processes.ts';

export interface BusOptions {
  /** Runtime directory of this bus: socket, configuration, logs. Created, and removed by `stop`. Keep it short: a socket's path holds 107 bytes. */
  readonly dir: string;
  /** D-Bus policy files (`*.conf`) to include after the default policy, as /usr/share/dbus-1/system.d holds them. */
  readonly busPolicies: readonly string[];
  /** polkit action files (`*.policy`) that polkitd sees instead of the machine's. None: no polkitd is started. */
  readonly polkitActions: readonly string[];
  /** Text of the only polkit rules file that polkitd sees (JavaScript, see polkit(8)). */
  readonly polkitRules: string;
}

export interface PrivateBus {
  /** Value for DBUS_SYSTEM_BUS_ADDRESS. */
  readonly address: string;
  readonly dir: string;
  /** What the bus and polkitd have printed so far. */
  log(): string;
  stop(): Promise<void>;
}

const polkitDaemons = ['/usr/lib/polkit-1/polkitd', '/usr/libexec/polkitd', '/usr/libexec/polkit-1/polkitd'];
const polkitBusPolicies = [
  '/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf',
  '/etc/dbus-1/system.d/org.freedesktop.PolicyKit1.conf',
];

/**
 * A message bus with the rules of the system bus on a socket of its own, and a real polkitd on it. Nothing of the machine's own bus or
 * polkit configuration is touched: polkitd sees its action and rules folders through bind mounts in a mount namespace of its own.
 * Needs root for polkitd (it changes to its own user). Throws service.unreachable when a daemon doesn't come up.
 */
export async function startBus(options: BusOptions): Promise<PrivateBus> {
  const { dir } = options;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  const socket = path.join(dir, 'bus');
  const address = `unix:path=${socket}`;
  const config = path.join(dir, 'bus.conf');
  writeFileSync(config, busConfiguration(address, [...polkitBusPolicies.filter((file) => existsSync(file)), ...options.busPolicies]));
  const children: ChildProcess[] = [];
  const logFile = path.join(dir, 'bus.log');
  const bus: PrivateBus = {
    address,
    dir,
    log: () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : ''),
    async stop() {
      for (const child of children.reverse()) await stopProcess(child);
      rmSync(dir, { recursive: true, force: true });
    },
  };
  const log = openSync(logFile, 'a');
  try {
    await startDaemon(children, config, log);
    if (options.polkitActions.length > 0) await startPolkit(children, options, address, log);
  } catch (error) {
    const said = bus.log().trim().split('\n').slice(-3).join(' | ');
    await bus.stop();
    throw new TreelineError('service.unreachable', { detail: `${messageOf(error)}${said ? `: ${said}` : ''}` });
  } finally {
    closeSync(log);
  }
  return bus;
}

async function startDaemon(children: ChildProcess[], config: string, log: number): Promise<void> {
  // pdeathsig: when we are killed, the bus goes, and with it everything that lives on it
  const args = [
    '--pdeathsig',
    'TERM',
    'dbus-daemon',
    `--config-file=${config}`,
    '--nofork',
    '--nopidfile',
    '--nosyslog',
    '--print-address=3',
  ];
  const child = spawn('setpriv', args, { stdio: ['ignore', log, log, 'pipe'] });
  children.push(child);
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`dbus-daemon ended with ${code}`)));
    child.stdio[3]?.once('data', () => resolve());
  });
}

async function startPolkit(children: ChildProcess[], options: BusOptions, address: string, log: number): Promise<void> {
  const program = polkitDaemons.find((file) => existsSync(file));
  if (!program) throw new Error('polkitd is not installed');
  const actions = path.join(options.dir, 'actions');
  const rules = path.join(options.dir, 'rules.d');
  const nothing = path.join(options.dir, 'empty');
  for (const each of [actions, rules, nothing]) mkdirSync(each, { mode: 0o755 });
  for (const file of options.polkitActions) copyFileSync(file, path.join(actions, path.basename(file)));
  writeFileSync(path.join(rules, '10-treeline.rules'), options.polkitRules, { mode: 0o644 });
  const script = [
    'set -e',
    'mount --bind "$1" /usr/share/polkit-1/actions',
    'mount --bind "$3" /usr/share/polkit-1/rules.d',
    'mount --bind "$2" /etc/polkit-1/rules.d',
    'exec "$4"',
  ].join('\n');
  const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: address };
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'polkit', actions, rules, nothing, program];
  const child = spawn('unshare', args, { stdio: ['ignore', log, log], env });
  children.push(child);
  const waited = spawn('gdbus', ['wait', '--system', '--timeout', '20', 'org.freedesktop.PolicyKit1'], {
    stdio: ['ignore', log, log],
    env,
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`polkitd ended with ${code}`)));
    waited.once('error', reject);
    waited.once('exit', (code) => (code === 0 ? resolve() : reject(new Error('polkitd did not appear on the bus'))));
  });
}

/** The default policy of a system bus (see dbus-daemon(1)): nobody owns a name or is called unless an included file says so. */
function busConfiguration(address: string, includes: readonly string[]): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>${address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
    <deny send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus" send_member="UpdateActivationEnvironment"/>
  </policy>
${includes.map((file) => `  <include>${file}</include>`).join('\n')}
</busconfig>
`;
}
