// SPDX-License-Identifier: LGPL-2.1-or-later
import { Connection, iface, openSocket, type Bus, type DbusMessage } from '../../shared/dbus/index.ts';

export interface Seen {
  readonly where: 'bus' | 'peer';
  readonly path: string;
  readonly member: string;
  readonly body: readonly unknown[];
}

export const sysroot = '/org/projectatomic/rpmostree1/Sysroot';
export const os = '/org/projectatomic/rpmostree1/testos';
const service = 'org.projectatomic.rpmostree1';

export async function call(
  bus: Bus,
  path: string,
  interfaceName: string,
  member: string,
  signature = '',
  body: readonly unknown[] = [],
): Promise<readonly unknown[]> {
  return (await bus.call({ destination: service, path, interface: interfaceName, member, signature, body, timeoutMs: 30_000 })).body;
}

/** Asks for a job and connects to its socket, without starting it. */
export async function openJob(
  bus: Bus,
  path: string,
  interfaceName: string,
  member: string,
  signature: string,
  body: readonly unknown[],
): Promise<{ address: string; peer: Connection }> {
  const address = (await call(bus, path, interfaceName, member, signature, body)).at(-1) as string;
  return { address, peer: new Connection(await openSocket(address, 60_000)) };
}

export const start = async (peer: Connection): Promise<boolean> =>
  (await peer.call({ path: '/', interface: iface.transaction, member: 'Start' })).body[0] as boolean;

/** Resolves with the arguments of Finished. */
export function finished(peer: Connection, seen: Seen[] = []): Promise<[boolean, string]> {
  return new Promise((resolve, reject) => {
    void peer.closed.then(() => reject(new Error('the socket was closed before Finished')));
    peer.onSignal = (signal: DbusMessage) => {
      seen.push({ where: 'peer', path: signal.path ?? '', member: signal.member ?? '', body: signal.body });
      if (signal.member === 'Finished') resolve(signal.body as unknown as [boolean, string]);
    };
  });
}

/** Start a job, wait for its end. */
export async function runJob(
  bus: Bus,
  path: string,
  interfaceName: string,
  member: string,
  signature: string,
  body: readonly unknown[],
): Promise<[boolean, string]> {
  const { peer } = await openJob(bus, path, interfaceName, member, signature, body);
  const end = finished(peer);
  await start(peer);
  const result = await end;
  peer.close();
  return result;
}

/** Waits for a condition. The limit is there to end a test that would wait for ever, and holds on a machine that is busy. */
export const until = async (condition: () => boolean | Promise<boolean>, withinMs = 60_000): Promise<void> => {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};
