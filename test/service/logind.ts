// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Bus } from '../../shared/dbus/index.ts';
import { run, type TestHost } from './host.ts';

/** Bus policies: of logind, and of systemd, which it asks to start units. */
export const logindPolicies = ['login1', 'systemd1'].map((name) => `/usr/share/dbus-1/system.d/org.freedesktop.${name}.conf`);
const programs = ['/usr/lib/systemd/systemd-logind', '/lib/systemd/systemd-logind'];

export interface Logind {
  /** Ask logind for a lock that lasts as long as the process. */
  inhibit(what: string, who: string, why: string, mode: 'block' | 'delay'): Promise<ChildProcess>;
  /** Of ListInhibitors: what, who, why, mode. */
  inhibitors(): Promise<readonly (readonly string[])[]>;
  stop(): Promise<void>;
}

const systemd = { name: 'org.freedesktop.systemd1', path: '/org/freedesktop/systemd1', manager: 'org.freedesktop.systemd1.Manager' };

/** Says of each unit that it was started. To systemd 257, unlike 252, a person is not there before the units of theirs are. */
async function answerForSystemd(bus: Bus): Promise<void> {
  let jobs = 0;
  bus.connection.onCall = (call) => {
    if (call.member === 'Subscribe') return bus.connection.reply(call);
    if (call.member !== 'StartUnit' && call.member !== 'StopUnit')
      return bus.connection.replyError(call, 'org.freedesktop.DBus.Error.UnknownMethod', `No such method “${call.member ?? ''}”`);
    const job = `${systemd.path}/job/${++jobs}`;
    bus.connection.reply(call, 'o', [job]);
    bus.connection.signal(systemd.path, systemd.manager, 'JobRemoved', 'uoss', [jobs, job, call.body[0], 'done']);
  };
  if (!(await bus.ownName(systemd.name))) throw new Error(`${systemd.name} is taken`);
}

/**
 * The machine's own systemd-logind on a test's bus. Its state is in a folder of a mount namespace; the session of `person` (a user that is made,
 * and removed at the end) is written there as logind keeps it, since nobody can log in without systemd.
 */
export async function startLogind(host: TestHost, person?: string): Promise<Logind> {
  const program = programs.find((file) => existsSync(file));
  if (!program) throw new Error('systemd-logind is not installed');
  const state: string[] = [];
  if (person !== undefined) {
    execFileSync('useradd', ['--no-create-home', '--shell', '/usr/sbin/nologin', person]);
    const uid = execFileSync('id', ['-u', person], { encoding: 'utf8' }).trim();
    const session = `UID=${uid}\\nUSER=${person}\\nACTIVE=1\\nSTATE=active\\nREMOTE=0\\nTYPE=tty\\nCLASS=user\\nSCOPE=session-c1.scope\\nFIFO=/run/systemd/sessions/c1.ref`;
    // a session lives, and is active, as long as somebody holds its other end
    state.push('mkfifo /run/systemd/sessions/c1.ref', 'exec 9<>/run/systemd/sessions/c1.ref');
    state.push(`printf 'NAME=${person}\\nSTATE=active\\nSTOPPING=no\\nSESSIONS=c1\\n' > /run/systemd/users/${uid}`);
    state.push(`printf '${session}\\nLEADER=%s\\nAUDIT=0\\n' "$$" > /run/systemd/sessions/c1`);
  }
  const script = [
    'set -e',
    // for the namespace alone, and with a place to be mounted at
    'mkdir -p /run/systemd',
    'mount -t tmpfs tmpfs /run/systemd',
    'for each in system seats users sessions inhibit; do mkdir -p /run/systemd/$each; done',
    ...state,
    `exec ${program}`,
  ];
  const bus = await host.connect();
  await answerForSystemd(bus);
  const child = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script.join('\n')], {
    env: host.env,
    stdio: 'ignore',
  });
  const locks: ChildProcess[] = [];
  await run('gdbus', ['wait', '--system', '--timeout', '60', 'org.freedesktop.login1'], { env: host.env });
  const inhibitors = async (): Promise<string[][]> => {
    const to = ['org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager'];
    const { stdout } = await run('busctl', ['--system', '--json=short', 'call', ...to, 'ListInhibitors'], { env: host.env });
    return (JSON.parse(stdout) as { data: [string[][]] }).data[0];
  };
  const end = (process_: ChildProcess): Promise<void> =>
    new Promise((resolve) => {
      if (process_.exitCode !== null || process_.signalCode !== null) return resolve();
      process_.once('exit', () => resolve());
      process_.kill('SIGTERM');
    });
  return {
    inhibitors,
    async inhibit(what, who, why, mode) {
      const args = [`--what=${what}`, `--who=${who}`, `--why=${why}`, `--mode=${mode}`, 'cat'];
      const lock = spawn('systemd-inhibit', args, { env: host.env, stdio: ['pipe', 'ignore', 'ignore'] });
      locks.push(lock);
      for (;;) {
        if ((await inhibitors()).some((row) => row[1] === who)) return lock;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async stop() {
      for (const lock of locks) lock.stdin?.end();
      await end(child);
      bus.close();
      if (person !== undefined) execFileSync('userdel', [person], { stdio: 'ignore' });
    },
  };
}
