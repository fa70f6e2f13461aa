// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { startBus, type PrivateBus } from '../../main/demo/bus.ts';
import { Bus, serviceName } from '../../shared/dbus/index.ts';
import { packageMetadata } from './release-packages.ts';

export const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
export const workerFile = path.join(root, 'dist/worker/worker.mjs');
const helperFile = path.join(root, 'dist/helper/treelined.mjs');

const policies = ['org.projectatomic.rpmostree1.policy', 'org.treeline.policy'];

export const testUser = 'treeline-test';
export const otherUser = 'treeline-other';

/** root may do everything anyway; these users nothing but what a test's own rule allows. */
const denyRule = `polkit.addRule(function (action, subject) {
  if (subject.user === '${testUser}' || subject.user === '${otherUser}') return polkit.Result.NO;
});`;

export interface TestHost {
  readonly dir: string;
  readonly sysroot: string;
  readonly repo: string;
  readonly address: string;
  readonly env: NodeJS.ProcessEnv;
  readonly checksums: readonly string[];
  /** Of the last startHelper(). */
  helper: ChildProcess;
  helperLog(): string;
  startHelper(...args: string[]): Promise<void>;
  /** Moves the branch of the server to release N (1, 2, 3). */
  publish(release: number): void;
  connect(): Promise<Bus>;
  /** gdbus call as another user; rejects with gdbus's message. */
  callAs(user: string, objectPath: string, method: string, ...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

export interface HostOptions {
  /** polkit rules (JavaScript) that come before the one that denies everything. */
  readonly rules?: string;
  readonly helperArgs?: readonly string[];
  /** False: nobody on the bus to ask for permission. */
  readonly polkit?: boolean;
  /** False: the test starts the service itself. */
  readonly helper?: boolean;
  /** More D-Bus policy files, for other daemons on this bus. */
  readonly busPolicies?: readonly string[];
}

/** A bus, a polkitd, a sysroot with release 1 of a small system deployed, a repository that has three, and the real service on it. */
export async function startTestHost(options: HostOptions = {}): Promise<TestHost> {
  const dir = mkdtempSync('/dev/shm/treeline-test-');
  chmodSync(dir, 0o755);
  // boot entries are written in there, which freezes the file system for a moment: it must be one of our own
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755,size=256m', 'tmpfs', dir]);
  for (const user of [testUser, otherUser]) ensureUser(user);
  let bus: PrivateBus | undefined;
  try {
    const { sysroot, repo, checksums } = makeSystem(dir);
    bus = await startBus({
      dir: path.join(dir, 'bus'),
      busPolicies: [path.join(root, 'assets/system/org.projectatomic.rpmostree1.conf'), ...(options.busPolicies ?? [])],
      polkitActions: options.polkit === false ? [] : policies.map((file) => path.join(root, 'assets/system', file)),
      polkitRules: `${options.rules ?? ''}\n${denyRule}`,
    });
    const host = makeHost(dir, sysroot, repo, checksums, bus);
    if (options.helper !== false) await host.startHelper(...(options.helperArgs ?? []));
    return host;
  } catch (error) {
    await bus?.stop();
    unmount(dir);
    throw error;
  }
}

function makeHost(dir: string, sysroot: string, repo: string, checksums: readonly string[], bus: PrivateBus): TestHost {
  const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: bus.address };
  const connections: Bus[] = [];
  let log = '';
  const end = async (child: ChildProcess): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  };
  const host: TestHost = {
    dir,
    sysroot,
    repo,
    checksums,
    env,
    address: bus.address,
    helper: undefined as unknown as ChildProcess,
    helperLog: () => log,
    async startHelper(...args) {
      const standard = [
        `--sysroot=${sysroot}`,
        `--worker=${workerFile}`,
        `--peer-dir=${dir}/peers`,
        `--state-dir=${dir}/state`,
        `--config=${dir}/rpm-ostreed.conf`,
        `--reboot-command=touch ${dir}/rebooted`,
      ];
      host.helper = spawn(process.execPath, [helperFile, ...standard, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      host.helper.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text));
      await run('gdbus', ['wait', '--system', '--timeout', '60', serviceName], { env });
    },
    publish(release) {
      ostree([`--repo=${repo}`, 'refs', '--create=test/stable', '--force', checksums[release - 1] ?? '']);
      ostree([`--repo=${repo}`, 'summary', '-u']);
    },
    async connect() {
      const connection = await Bus.connect(bus.address);
      connections.push(connection);
      return connection;
    },
    async callAs(user, objectPath, method, ...args) {
      const call = ['gdbus', 'call', '--system', '--timeout', '30', '-d', serviceName, '-o', objectPath, '-m', method, ...args];
      return (await run('setpriv', ['--reuid', user, '--regid', user, '--clear-groups', ...call], { env })).stdout;
    },
    async stop() {
      for (const connection of connections) connection.close();
      if (host.helper) await end(host.helper);
      await bus.stop();
      unmount(dir);
    },
  };
  return host;
}

function unmount(dir: string): void {
  execFileSync('umount', ['-l', dir]);
  rmSync(dir, { recursive: true, force: true });
}

function ensureUser(name: string): void {
  try {
    execFileSync('id', ['-u', name], { stdio: 'ignore' });
  } catch {
    execFileSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', name]);
  }
}

function ostree(args: readonly string[]): string {
  return execFileSync('ostree', [...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** Three releases of a system without programs, made with the ostree command, the first one deployed. */
function makeSystem(dir: string): { sysroot: string; repo: string; checksums: string[] } {
  const repo = path.join(dir, 'repo');
  const sysroot = path.join(dir, 'sysroot');
  ostree([`--repo=${repo}`, 'init', '--mode=archive']);
  const checksums: string[] = [];
  for (const release of [1, 2, 3]) {
    const tree = path.join(dir, 'tree');
    writeTree(tree, release);
    const parent = checksums.at(-1);
    const commit = [
      `--repo=${repo}`,
      'commit',
      `--tree=dir=${tree}`,
      '-b',
      'build',
      '--bind-ref=test/stable',
      '--owner-uid=0',
      '--owner-gid=0',
    ];
    const when = `--timestamp=2026-11-0${release}T12:00:00Z`;
    const metadata = [`--add-metadata-string=version=${release}`, ...packageMetadata(release, parent)];
    checksums.push(ostree([...commit, when, ...metadata, ...(parent ? [`--parent=${parent}`] : [])]));
    rmSync(tree, { recursive: true });
  }
  ostree([`--repo=${repo}`, 'refs', '--create=test/stable', checksums[0] ?? '']);
  ostree([`--repo=${repo}`, 'summary', '-u']);
  mkdirSync(sysroot);
  ostree(['admin', 'init-fs', sysroot]);
  ostree(['admin', 'os-init', `--sysroot=${sysroot}`, 'testos']);
  ostree([`--repo=${sysroot}/ostree/repo`, 'remote', 'add', '--no-gpg-verify', 'test', `file://${repo}`]);
  ostree([`--repo=${sysroot}/ostree/repo`, 'pull', 'test', 'test/stable']);
  ostree(['admin', 'deploy', `--sysroot=${sysroot}`, '--os=testos', '--karg=root=LABEL=root', '--karg=quiet', 'test:test/stable']);
  return { sysroot, repo, checksums };
}

function writeTree(tree: string, release: number): void {
  const modules = path.join(tree, 'usr/lib/modules/6.1.0-test');
  for (const each of [
    'usr/etc',
    'usr/bin',
    'usr/sbin',
    'usr/lib64',
    'boot',
    'proc',
    'run',
    'sys',
    'dev',
    'tmp',
    'var',
    'sysroot',
    'usr/share/filler',
  ]) {
    mkdirSync(path.join(tree, each), { recursive: true });
  }
  mkdirSync(modules, { recursive: true });
  for (const each of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${each}`, path.join(tree, each));
  symlinkSync('var/roothome', path.join(tree, 'root'));
  symlinkSync('sysroot/ostree', path.join(tree, 'ostree'));
  writeFileSync(path.join(modules, 'vmlinuz'), `kernel ${release}`.repeat(1000));
  writeFileSync(path.join(modules, 'initramfs.img'), `initramfs ${release}`.repeat(1000));
  writeFileSync(
    path.join(tree, 'usr/lib/os-release'),
    `ID=testos\nNAME="Test OS"\nVERSION_ID=${release}\nPRETTY_NAME="Test OS ${release}"\n`,
  );
  writeFileSync(path.join(tree, 'usr/etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(path.join(tree, 'usr/etc/vendor.conf'), `release ${release}\n`);
  for (let index = 0; index < 200; index++) {
    writeFileSync(path.join(tree, 'usr/share/filler', String(index)), `${index} ${index % 3 === 0 ? release : 0} `.repeat(500));
  }
}

/** Directories that a job left in the service's socket directory. */
export function leftSockets(host: TestHost): string[] {
  const peers = path.join(host.dir, 'peers');
  return existsSync(peers) ? readdirSync(peers).filter((name) => name.startsWith('tx-')) : [];
}
