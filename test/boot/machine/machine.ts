// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Agent, type Answer, type Greeting } from './agent.ts';

export interface MachineOptions {
  readonly disk: string;
  /** Directory for the socket and the console's text. */
  readonly directory: string;
  /** Port of a server on this machine that the guest sees as http://10.0.2.100. Nothing else is there for it. */
  readonly port: number;
  /** Path of an EFI firmware; missing = BIOS. */
  readonly efi?: string;
}

const startMs = 600_000;

/** A virtual machine without KVM: two processors, a disk, a network card that reaches one server. */
export class Machine {
  readonly #options: MachineOptions;
  #process: ChildProcess | undefined;
  #agent: Agent | undefined;

  constructor(options: MachineOptions) {
    this.#options = options;
  }

  get #console(): string {
    return path.join(this.#options.directory, 'console.log');
  }

  /** Switch on, wait until the agent answers. */
  async start(): Promise<Greeting> {
    const { directory } = this.#options;
    const socket = path.join(directory, 'agent.sock');
    rmSync(socket, { force: true });
    const child = spawn('nice', ['-n', '4', 'qemu-system-x86_64', ...this.#arguments(socket)], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr?.on('data', (data: Buffer) => (said = `${said}${data.toString('utf8')}`.slice(-2000)));
    this.#process = child;
    const agent = new Agent(socket);
    this.#agent = agent;
    child.once('close', () => agent.close());
    try {
      return await agent.greeting(startMs);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${said}\n--- console ---\n${this.consoleText().slice(-4000)}`, { cause: error });
    }
  }

  run(command: string, timeoutMs = 300_000): Promise<Answer> {
    if (!this.#agent) throw new Error('the machine is off');
    return this.#agent.run(command, timeoutMs);
  }

  /** As run, and the command has to succeed; its output. */
  async ok(command: string, timeoutMs?: number): Promise<string> {
    const { code, output } = await this.run(command, timeoutMs);
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output}`);
    return output;
  }

  /** Don't wait for the answer. */
  begin(command: string): void {
    this.#agent?.send(command);
  }

  /** An orderly restart: the guest shuts down, starts again, and its agent answers. */
  async restart(): Promise<Greeting> {
    if (!this.#agent) throw new Error('the machine is off');
    this.#agent.send('systemctl --no-block reboot');
    try {
      return await this.#agent.greeting(startMs);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n--- console ---\n${this.consoleText().slice(-4000)}`, { cause: error });
    }
  }

  /** Pull the plug. What the guest hasn't written yet is lost. */
  async cutPower(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    this.#agent?.close();
    this.#agent = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  consoleText(): string {
    return existsSync(this.#console) ? readFileSync(this.#console, 'latin1') : '';
  }

  #arguments(socket: string): string[] {
    const { disk, port, efi } = this.#options;
    const forward = `guestfwd=tcp:10.0.2.100:80-cmd:busybox nc 127.0.0.1 ${port}`;
    return [
      ...['-accel', 'tcg,thread=multi,tb-size=512', '-smp', '2', '-m', '1536', '-cpu', 'max'],
      ...['-display', 'none', '-nodefaults', '-no-user-config', '-serial', `file:${this.#console}`],
      ...(efi === undefined ? [] : ['-drive', `if=pflash,format=raw,readonly=on,file=${efi}`]),
      // when qemu is killed, what it wrote stays with the kernel of this machine: flushing to the real disk would only take time
      ...['-drive', `file=${disk},if=virtio,format=raw,cache=unsafe`, '-device', 'virtio-rng-pci'],
      ...['-device', 'virtio-serial-pci', '-chardev', `socket,id=agent,path=${socket},server=on,wait=off`],
      ...['-device', 'virtserialport,chardev=agent,name=agent'],
      ...['-netdev', `user,id=net,restrict=on,${forward}`, '-device', 'virtio-net-pci,netdev=net,romfile='],
    ];
  }
}
