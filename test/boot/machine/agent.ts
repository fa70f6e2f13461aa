// SPDX-License-Identifier: LGPL-2.1-or-later
import net from 'node:net';

export interface Answer {
  readonly code: number;
  readonly output: string;
}

/** What the agent says first after each start. */
export interface Greeting {
  readonly upSeconds: number;
  /** Differs with every start. */
  readonly bootId: string;
  /** Value of ostree= on the kernel's command line. */
  readonly deployment: string;
}

const mark = /@@(READY|RC) ([^\n]*)\r?\n/;

/** The host's end of the serial port on which the guest's agent (guest/agent.sh) listens. One command at a time. */
export class Agent {
  readonly #path: string;
  #socket: net.Socket | undefined;
  #text = '';
  #closed = false;
  readonly #waiting: ((event: { kind: string; rest: string; output: string } | undefined) => void)[] = [];

  constructor(path: string) {
    this.#path = path;
    this.#connect();
  }

  /** Waits for the agent of a starting system. */
  async greeting(timeoutMs: number): Promise<Greeting> {
    for (;;) {
      const { kind, rest } = await this.#next(timeoutMs, 'the system to start');
      if (kind !== 'READY') continue;
      const field = (name: string): string => new RegExp(`${name}=(\\S+)`).exec(rest)?.[1] ?? '';
      return { upSeconds: Number(field('up')), bootId: field('boot'), deployment: field('deployment') };
    }
  }

  async run(command: string, timeoutMs: number): Promise<Answer> {
    this.send(command);
    const { kind, rest, output } = await this.#next(timeoutMs, command);
    if (kind !== 'RC') throw new Error(`the system restarted during: ${command}`);
    return { code: Number(rest), output: output.replace(/\r/g, '') };
  }

  /** Without waiting for an answer. */
  send(command: string): void {
    this.#socket?.write(`${command}\n`);
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
    for (const waiting of this.#waiting.splice(0)) waiting(undefined);
  }

  #connect(): void {
    if (this.#closed) return;
    const socket = net.connect(this.#path);
    socket.setEncoding('utf8');
    socket.on('data', (data: string) => {
      this.#text += data;
      this.#deliver();
    });
    // qemu makes the socket a moment after its start
    socket.on('error', () => setTimeout(() => this.#connect(), 200));
    this.#socket = socket;
  }

  #deliver(): void {
    for (let found = mark.exec(this.#text); found && this.#waiting.length > 0; found = mark.exec(this.#text)) {
      const output = this.#text.slice(0, found.index);
      this.#text = this.#text.slice(found.index + found[0].length);
      this.#waiting.shift()?.({ kind: found[1] ?? '', rest: found[2] ?? '', output });
    }
  }

  #next(timeoutMs: number, what: string): Promise<{ kind: string; rest: string; output: string }> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(done), 1);
        reject(new Error(`${timeoutMs / 1000} s were not enough for: ${what}\n${this.#text.slice(-2000)}`));
      }, timeoutMs);
      const done = (event: { kind: string; rest: string; output: string } | undefined): void => {
        clearTimeout(timer);
        if (event) resolve(event);
        else reject(new Error(`the machine was switched off during: ${what}`));
      };
      this.#waiting.push(done);
      this.#deliver();
    });
  }
}
