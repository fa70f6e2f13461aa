// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { createHostClient, type FullHostClient } from '../../main/client/index.ts';
import { boot, type Boot } from '../../main/demo/simboot.ts';
import { run, startTestHost, type TestHost } from './host.ts';
import { until } from './peer.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** The service inside a simulated start of a test's sysroot; bus, sockets and server are reached below /dev, which is the machine's. */
export class SimulatedHost {
  readonly host: TestHost;
  readonly client: FullHostClient;
  private running: Boot;
  private log = '';

  static async start(): Promise<SimulatedHost> {
    const host = await startTestHost({ helper: false });
    const simulated = new SimulatedHost(host);
    await until(async () => (await simulated.client.snapshot()).service.kind === 'treeline');
    return simulated;
  }

  private constructor(host: TestHost) {
    this.host = host;
    this.running = this.boot();
    this.client = createHostClient({ address: host.address, clientId: 'test' });
  }

  private boot(): Boot {
    const inside = '/run/treeline-sim/treeline';
    const node = '/run/treeline-sim/node';
    const peers = `--peer-dir=${this.host.dir}/peers`;
    return boot({
      sysroot: this.host.sysroot,
      init: path.join(root, 'assets/simboot/boot.sh'),
      command: [node, `${inside}/dist/helper/treelined.mjs`, '--simulated', '--reboot-command=kill -USR1 1', peers],
      binds: [
        { source: process.execPath, target: node },
        { source: root, target: inside },
      ],
      env: { DBUS_SYSTEM_BUS_ADDRESS: this.host.address },
      onOutput: (text) => (this.log += text),
    });
  }

  /** Wait until it went down to restart, start it again, and until the service answers from the new start. */
  async restarted(version: string): Promise<void> {
    const end = await this.running.ended;
    if (end.kind !== 'restart') throw new Error(`it ended with ${end.kind}: ${this.log}`);
    this.running = this.boot();
    await until(async () => {
      const { service, deployments } = await this.client.snapshot();
      return service.kind === 'treeline' && deployments.some((each) => each.booted && each.version === version);
    });
  }

  /** Publish a composed commit as what the host's source has, take it, and start it. */
  async becomes(repo: string, checksum: string, version: string): Promise<void> {
    await this.publish(repo, checksum);
    const done = await this.client.upgrade({});
    if (done.phase !== 'succeeded') throw new Error(JSON.stringify(done.error));
    await this.client.restart();
    await this.restarted(version);
  }

  /** Let the host's source have a commit of another repository as its newest. */
  async publish(repo: string, checksum: string): Promise<void> {
    const own = `--repo=${this.host.repo}`;
    await run('ostree', [own, 'pull-local', repo, checksum]);
    await run('ostree', [own, 'refs', '--create=test/stable', '--force', checksum]);
    await run('ostree', [own, 'summary', '-u']);
  }

  /** Directory of what would start next. */
  async root(): Promise<string> {
    const [first] = (await this.client.snapshot()).deployments;
    return path.join(this.host.sysroot, 'ostree/deploy/testos/deploy', `${first?.checksum}.${first?.serial}`);
  }

  /** `NAME-VERSION` of all that rpm lists there, sorted, with blanks between. */
  async names(): Promise<string> {
    const query = ['-qa', '--qf', '%{name}-%{version} '];
    const { stdout } = await run('rpm', ['--root', await this.root(), '--dbpath', '/usr/share/rpm', ...query]);
    return stdout.trim().split(' ').sort().join(' ');
  }

  /** Run our command line against its service; resolves with what it printed. */
  async treeline(...args: readonly string[]): Promise<string> {
    const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: this.host.address };
    return (await run(process.execPath, ['dist/cli/treeline.mjs', ...args], { env })).stdout;
  }

  /** Run a program of the machine in it; resolves with what it printed. */
  async inside(program: string, ...args: readonly string[]): Promise<string> {
    return (await run('nsenter', ['--all', `--target=${this.running.initPid()}`, program, ...args])).stdout;
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.running.shutDown();
    await this.host.stop();
  }
}
