// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Socket } from 'node:net';
import { clientPeerLimits, type ConnectionLimits } from './limits.ts';
import { encodeMessage, messageType, noReplyExpected, type DbusMessage } from './message.ts';
import { MessageReader } from './reader.ts';

/** An error reply, a closed connection (`name` is Disconnected) or a call that nobody answered (NoReply). */
export class DbusCallError extends Error {
  readonly errorName: string;
  readonly body: readonly unknown[];

  constructor(errorName: string, text: string, body: readonly unknown[] = []) {
    super(text);
    this.name = 'DbusCallError';
    this.errorName = errorName;
    this.body = body;
  }
}

export const disconnectedError = 'org.freedesktop.DBus.Error.Disconnected';
export const noReplyError = 'org.freedesktop.DBus.Error.NoReply';

export interface CallFields {
  readonly destination?: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
  readonly flags?: number;
  /** 0 = wait for ever (a person may be typing a password). */
  readonly timeoutMs?: number;
}

interface Pending {
  readonly resolve: (message: DbusMessage) => void;
  readonly reject: (error: DbusCallError) => void;
  readonly timer?: NodeJS.Timeout;
}

/** An authenticated connection, to a bus or to a peer. Every call ends: by reply, error, timeout or the end of the connection. */
export class Connection {
  onCall: (message: DbusMessage) => void = () => undefined;
  onSignal: (message: DbusMessage) => void = () => undefined;
  readonly closed: Promise<void>;
  private readonly pending = new Map<number, Pending>();
  private serial = 0;
  private open = true;
  private readonly socket: Socket;
  private readonly limits: ConnectionLimits;
  private messageTimer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, limits: ConnectionLimits = clientPeerLimits) {
    this.socket = socket;
    this.limits = limits;
    const reader = new MessageReader(limits);
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.open = false;
        clearTimeout(this.messageTimer);
        for (const call of this.pending.values()) this.settle(call, new DbusCallError(disconnectedError, 'the connection was closed'));
        this.pending.clear();
        resolve();
      });
    });
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const message of reader.push(chunk)) this.receive(message);
        this.watch(reader);
      } catch {
        // what isn't D-Bus can't be answered
        socket.destroy();
      }
    });
    socket.resume();
  }

  get isOpen(): boolean {
    return this.open;
  }

  call(fields: CallFields): Promise<DbusMessage> {
    return new Promise((resolve, reject) => {
      const serial = this.write({ ...fields, type: messageType.call });
      if (serial === 0) return reject(new DbusCallError(disconnectedError, 'the connection is closed'));
      const timeoutMs = fields.timeoutMs ?? 25_000;
      const timer = timeoutMs > 0 ? setTimeout(() => this.expire(serial, fields.member), timeoutMs) : undefined;
      this.pending.set(serial, { resolve, reject, timer });
    });
  }

  reply(call: DbusMessage, signature = '', body: readonly unknown[] = []): void {
    if (call.flags & noReplyExpected) return;
    this.write({ type: messageType.reply, replySerial: call.serial, destination: call.sender, signature, body });
  }

  /** A text can hold what a caller sent; a NUL in it, which D-Bus knows not, must not keep the answer away. */
  replyError(call: DbusMessage, errorName: string, text: string): void {
    if (call.flags & noReplyExpected) return;
    const body = [text.replaceAll('\0', '\ufffd')];
    this.write({ type: messageType.error, replySerial: call.serial, destination: call.sender, errorName, signature: 's', body });
  }

  signal(path: string, iface: string, member: string, signature = '', body: readonly unknown[] = []): void {
    this.write({ type: messageType.signal, path, interface: iface, member, signature, body });
  }

  close(): void {
    this.socket.end();
    // a peer that never reads must not keep us
    setTimeout(() => this.socket.destroy(), 500).unref();
  }

  /** Number of the message, 0 when the connection is closed. */
  private write(message: Partial<DbusMessage> & { type: number }): number {
    if (!this.open || !this.socket.writable) return 0;
    this.serial = this.serial >= 0xfffffff0 ? 1 : this.serial + 1;
    this.socket.write(encodeMessage({ flags: 0, signature: '', body: [], ...message, serial: this.serial }));
    // an end that asks and never reads must not fill our memory
    if (this.limits.unreadBytes > 0 && this.socket.writableLength > this.limits.unreadBytes) this.socket.destroy();
    return this.serial;
  }

  /** A message that has begun has to end. */
  private watch(reader: MessageReader): void {
    if (this.limits.messageMs === 0) return;
    if (!reader.isWithin) {
      clearTimeout(this.messageTimer);
      this.messageTimer = undefined;
    } else this.messageTimer ??= setTimeout(() => this.socket.destroy(), this.limits.messageMs);
  }

  private receive(message: DbusMessage): void {
    if (message.type === messageType.call) return this.onCall(message);
    if (message.type === messageType.signal) return this.onSignal(message);
    const call = this.pending.get(message.replySerial ?? 0);
    if (!call) return;
    this.pending.delete(message.replySerial ?? 0);
    if (message.type === messageType.reply) return this.settle(call, message);
    const text = typeof message.body[0] === 'string' ? message.body[0] : '';
    this.settle(call, new DbusCallError(message.errorName ?? 'org.freedesktop.DBus.Error.Failed', text, message.body));
  }

  private expire(serial: number, member: string): void {
    const call = this.pending.get(serial);
    this.pending.delete(serial);
    if (call) this.settle(call, new DbusCallError(noReplyError, `${member} was not answered in time`));
  }

  private settle(call: Pending, outcome: DbusMessage | DbusCallError): void {
    clearTimeout(call.timer);
    if (outcome instanceof DbusCallError) call.reject(outcome);
    else call.resolve(outcome);
  }
}
