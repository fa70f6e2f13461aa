// SPDX-License-Identifier: LGPL-2.1-or-later
import { clientLimits, type ConnectionLimits } from './limits.ts';
import { openSocket, type AbstractConnector } from './address.ts';
import { Connection, type CallFields } from './connection.ts';
import { DbusFormatError } from './format-error.ts';
import type { DbusMessage } from './message.ts';
import { bodyOf } from './typed-body.ts';

const busName = 'org.freedesktop.DBus';
const busPath = '/org/freedesktop/DBus';
/** RequestName flag DO_NOT_QUEUE and reply PRIMARY_OWNER (D-Bus specification). */
const doNotQueue = 4;
const primaryOwner = 1;

/** A connection to a message bus: names, match rules, credentials. Rejects with DbusCallError or a plain connect Error. */
export class Bus {
  readonly connection: Connection;
  readonly uniqueName: string;

  private constructor(connection: Connection, uniqueName: string) {
    this.connection = connection;
    this.uniqueName = uniqueName;
  }

  static async connect(
    address: string,
    timeoutMs = 10_000,
    connectAbstract?: AbstractConnector,
    limits: ConnectionLimits = clientLimits,
  ): Promise<Bus> {
    const connection = new Connection(await openSocket(address, timeoutMs, connectAbstract), limits);
    const hello = await connection.call({ destination: busName, path: busPath, interface: busName, member: 'Hello', timeoutMs });
    const [uniqueName] = bodyOf(hello, 's') ?? [];
    if (uniqueName === undefined) throw new DbusFormatError('a bus that gives no name');
    return new Bus(connection, uniqueName);
  }

  call(fields: CallFields): Promise<DbusMessage> {
    return this.connection.call(fields);
  }

  async ownName(name: string): Promise<boolean> {
    return (await this.ask('RequestName', 'su', [name, doNotQueue])) === primaryOwner;
  }

  async releaseName(name: string): Promise<void> {
    await this.ask('ReleaseName', 's', [name]);
  }

  addMatch(rule: string): Promise<unknown> {
    return this.ask('AddMatch', 's', [rule]);
  }

  removeMatch(rule: string): Promise<unknown> {
    return this.ask('RemoveMatch', 's', [rule]);
  }

  /** Unique name of a name's owner; undefined when nobody has it. Doesn't activate. */
  async nameOwner(name: string): Promise<string | undefined> {
    try {
      return bodyOf(await this.askBus('GetNameOwner', 's', [name]), 's')?.[0];
    } catch {
      return undefined;
    }
  }

  async uidOf(name: string): Promise<number> {
    const [uid] = bodyOf(await this.askBus('GetConnectionUnixUser', 's', [name]), 'u') ?? [];
    if (uid === undefined) throw new DbusFormatError(`a bus that doesn’t say whose ${name} is`);
    return uid;
  }

  /** Start the service behind a name if it isn't running. Rejects with the bus's error. */
  async activate(name: string): Promise<void> {
    await this.ask('StartServiceByName', 'su', [name, 0]);
  }

  close(): void {
    this.connection.close();
  }

  private async ask(member: string, signature: string, body: readonly unknown[]): Promise<unknown> {
    return (await this.askBus(member, signature, body)).body[0];
  }

  private askBus(member: string, signature: string, body: readonly unknown[]): Promise<DbusMessage> {
    return this.call({ destination: busName, path: busPath, interface: busName, member, signature, body });
  }
}
