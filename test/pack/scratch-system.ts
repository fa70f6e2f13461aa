// SPDX-License-Identifier: LGPL-2.1-or-later
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { once } from 'node:events';

/**
 * A copy of the machine that nothing written to stays in: an overlay over / in a mount and process namespace of its own, the upper side in memory.
 * Packages are installed for real in it, and removed again.
 */
export class ScratchSystem {
  #holder: ChildProcess;
  #pid: number;
  readonly #base: string;

  private constructor(holder: ChildProcess, pid: number, base: string) {
    this.#holder = holder;
    this.#pid = pid;
    this.#base = base;
  }

  static async start(): Promise<ScratchSystem> {
    const base = mkdtempSync('/dev/shm/treeline-pack-');
    const script = [
      'set -e',
      'mount -t tmpfs -o mode=0755 tmpfs "$1"',
      'mkdir "$1/upper" "$1/work" "$1/root"',
      'mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"',
      'cd "$1/root"',
      'mount -t proc proc proc',
      'mount --rbind /dev dev',
      'mount -t tmpfs -o mode=0755 tmpfs run',
      'mount -t tmpfs -o mode=1777 tmpfs tmp',
      'mkdir run/lock',
      'echo ready',
      // ends when whoever started us is gone
      'exec cat',
    ].join('\n');
    const flags = ['--mount', '--propagation', 'private', '--pid', '--ipc', '--uts', '--fork', '--kill-child'];
    const holder = spawn('unshare', [...flags, 'sh', '-c', script, 'sh', base], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [first] = (await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit').then(() => [''])])) as [Buffer | string];
    if (!String(first).startsWith('ready')) throw new Error('the scratch system could not be made');
    const pid = Number(execFileSync('ps', ['-o', 'pid=', '--ppid', String(holder.pid)], { encoding: 'utf8' }).trim());
    const system = new ScratchSystem(holder, pid, base);
    system.#provideNode();
    // what the machine's own Treeline keeps isn't this one's: it isn't looked at, and here it was never there
    system.run('rm', '-rf', '/var/lib/treeline', '/var/cache/treeline', '/etc/treeline');
    return system;
  }

  /** Where the machine's Node.js is no Debian package, one that stands for it: same version, at the place where packages expect it. */
  #provideNode(): void {
    if (this.try('dpkg-query', '--show', '--showformat=${db:Status-Status}', 'nodejs').output === 'installed') return;
    const stub = path.join(this.root, 'tmp/nodejs');
    mkdirSync(path.join(stub, 'DEBIAN'), { recursive: true });
    const version = process.version.slice(1);
    const control = `Package: nodejs\nVersion: ${version}-1\nArchitecture: all\nMaintainer: Test <test@example.org>\nDescription: Node.js of this machine\n`;
    writeFileSync(path.join(stub, 'DEBIAN/control'), control);
    if (this.try('test', '-x', '/usr/bin/node').status !== 0) {
      mkdirSync(path.join(stub, 'usr/bin'), { recursive: true });
      symlinkSync(process.execPath, path.join(stub, 'usr/bin/node'));
    }
    this.run('dpkg-deb', '--build', '--root-owner-group', '/tmp/nodejs', '/tmp/nodejs.deb');
    this.run('dpkg', '--install', '/tmp/nodejs.deb');
    rmSync(stub, { recursive: true });
  }

  /** The system's / as this process can reach it; its mounts aren't ours. */
  get root(): string {
    return path.join(`/proc/${this.#pid}/root`, this.#base, 'root');
  }

  /** Put a file of the machine to a path in the system, of which /tmp and /run are empty at first. */
  put(file: string, target: string): void {
    copyFileSync(file, path.join(this.root, target));
  }

  /** Run a program; both outputs in one. Throws when it fails. */
  run(...words: readonly string[]): string {
    const { status, output } = this.try(...words);
    if (status !== 0) throw new Error(`${words.join(' ')}: exit code ${status}\n${output}`);
    return output;
  }

  try(...words: readonly string[]): { readonly status: number; readonly output: string } {
    const { status, stdout, stderr } = spawnSync('nsenter', [...this.#enter(), ...words], {
      encoding: 'utf8',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', HOME: '/root', MANWIDTH: '100' },
      timeout: 90_000,
    });
    return { status: status ?? 1, output: stdout + stderr };
  }

  /** Start what stays; it ends with the system. */
  spawn(...words: readonly string[]): void {
    spawn('nsenter', [...this.#enter(), ...words], { stdio: 'ignore' });
  }

  /** What of /etc, /usr and /var is other than on the machine, sorted: new or changed paths, `-` before removed ones. */
  changes(): string[] {
    const upper = path.join(`/proc/${this.#pid}/root`, this.#base, 'upper');
    return ['etc', 'usr', 'var', 'bin', 'lib', 'sbin']
      .filter((name) => existsSync(path.join(upper, name)))
      .flatMap((name) => walk(path.join(upper, name), `/${name}`))
      .sort();
  }

  async stop(): Promise<void> {
    const ended = once(this.#holder, 'exit');
    this.#holder.stdin?.end();
    await ended;
    rmSync(this.#base, { recursive: true, force: true });
  }

  #enter(): string[] {
    return ['--target', String(this.#pid), '--mount', '--pid', '--ipc', '--uts', '--', 'chroot', path.join(this.#base, 'root')];
  }
}

/** Files and links of an overlay's upper side; a character device 0:0 stands for what was removed. */
function walk(folder: string, name: string): string[] {
  return readdirSync(folder).flatMap((entry) => {
    const file = path.join(folder, entry);
    const target = `${name}/${entry}`;
    const stats = lstatSync(file);
    if (stats.isDirectory()) return walk(file, target);
    if (stats.isCharacterDevice()) return [`-${target}`];
    return [stats.isSymbolicLink() ? `${target} -> ${readlinkSync(file)}` : target];
  });
}

/** Build packages into a folder of their own; returns their paths, RPM and DEB. */
export function buildPackages(out: string, ...flags: readonly string[]): string[] {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const root = path.resolve(import.meta.dirname, '../..');
  // what the tests run with may be another Electron than the one that packages are made of
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['main/launch/pack/pack.mjs', `--out=${out}`, '--any-electron', ...flags],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, SOURCE_DATE_EPOCH: '1790000000' },
    },
  );
  if (status !== 0) throw new Error(`pack.mjs: ${stdout}${stderr}`);
  return readdirSync(out)
    .filter((name) => /\.(deb|rpm)$/.test(name))
    .sort()
    .map((name) => path.join(out, name));
}

/** The rules and service files of the system bus; it starts services as root itself, because the machine's helper for that serves only its own bus. */
export const busConfiguration = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <servicedir>/usr/share/dbus-1/system-services</servicedir>
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
  </policy>
  <includedir>/usr/share/dbus-1/system.d</includedir>
</busconfig>
`;

/** Throws when it doesn't become true. */
export async function until(condition: () => boolean, seconds = 10): Promise<void> {
  for (let i = 0; i < seconds * 10; i++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not within ${seconds} seconds: ${condition.toString()}`);
}
