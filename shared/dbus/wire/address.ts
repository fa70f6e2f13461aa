// SPDX-License-Identifier: LGPL-2.1-or-later
import { connect, Socket } from 'node:net';

/** Where the system bus listens unless the environment says otherwise (D-Bus specification, "System message bus"). */
export const defaultSystemBus = 'unix:path=/run/dbus/system_bus_socket';

/** Where a D-Bus server listens: a path in the file system, or a name without one (unix(7), "abstract"). */
export interface SocketAddress {
  readonly path?: string;
  /** Bytes of the name, without the NUL before it. */
  readonly abstract?: Buffer;
}

/** Makes a connected descriptor for an abstract name where the runtime can't. */
export type AbstractConnector = (name: Buffer, timeoutMs: number) => Promise<number>;

/** Node before 24 cuts a path at its NUL byte: it would connect to nothing or, worse, to something else. */
const connectsToAbstractNames = Number(process.versions.node.split('.')[0]) >= 24;

/** The unix sockets of a list of D-Bus addresses separated by `;`, in their order; what isn't one or isn't well escaped is left out. */
export function socketAddresses(list: string): SocketAddress[] {
  return list.split(';').flatMap((entry): SocketAddress[] => {
    if (!entry.startsWith('unix:')) return [];
    for (const pair of entry.slice('unix:'.length).split(',')) {
      const [key, text] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      const value = key === 'path' || key === 'abstract' ? unescapeValue(text) : undefined;
      if (value === undefined || value.length === 0) continue;
      if (key === 'abstract') return [{ abstract: value }];
      // a NUL would end the path for the kernel
      if (!value.includes(0)) return [{ path: value.toString('utf8') }];
    }
    return [];
  });
}

/** Path of the first address as `net` takes it: an abstract name begins with a NUL byte. Undefined when there is none. */
export function socketPath(list: string): string | undefined {
  const address = socketAddresses(list)[0];
  return address?.abstract ? `\0${address.abstract.toString('utf8')}` : address?.path;
}

/** `%` and two hexadecimal digits stand for a byte (D-Bus specification, "Server Addresses"). Undefined for a lone `%`. */
function unescapeValue(text: string): Buffer | undefined {
  if (/%(?![0-9a-f]{2})/i.test(text)) return undefined;
  const bytes = [
    ...Buffer.from(text, 'utf8')
      .toString('latin1')
      .matchAll(/%([0-9a-f]{2})|([^])/gi),
  ];
  return Buffer.from(bytes.map(([, hex, plain]) => (hex ? parseInt(hex, 16) : (plain ?? '').charCodeAt(0))));
}

/**
 * Connect and finish the EXTERNAL authentication as this process's uid: to the first address of the list that answers. Rejects with a plain
 * Error of the last one; the caller names the service.
 */
export async function openSocket(list: string, timeoutMs: number, connectAbstract?: AbstractConnector): Promise<Socket> {
  let failure: unknown = new Error(`no usable address in “${list}”`);
  for (const address of socketAddresses(list)) {
    try {
      return await openOne(address, timeoutMs, connectAbstract);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function openOne(address: SocketAddress, timeoutMs: number, connectAbstract: AbstractConnector | undefined): Promise<Socket> {
  const deadline = Date.now() + timeoutMs;
  const socket = address.abstract
    ? await abstractSocket(address.abstract, timeoutMs, connectAbstract)
    : connect({ path: address.path ?? '' });
  const late = (): void => void socket.destroy(new Error(`no answer within ${timeoutMs} ms`));
  const timer = setTimeout(late, Math.max(1, deadline - Date.now()));
  try {
    if (socket.connecting) await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    await authenticate(socket);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function abstractSocket(name: Buffer, timeoutMs: number, connectAbstract: AbstractConnector | undefined): Promise<Socket> {
  if (connectsToAbstractNames) return connect({ path: `\0${name.toString('utf8')}` });
  if (!connectAbstract) throw new Error(`this runtime can't connect to abstract sockets (${name.toString('utf8')})`);
  return new Socket({ fd: await connectAbstract(name, timeoutMs), readable: true, writable: true });
}

/** The client's side of the handshake (D-Bus specification, "Authentication Protocol"). */
async function authenticate(socket: Socket): Promise<void> {
  const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
  socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (text.includes('\r\n')) finish(() => resolve(text));
      else if (text.length > 1024) finish(() => reject(new Error('the peer speaks no D-Bus')));
    };
    const onEnd = (error?: Error): void => finish(() => reject(error ?? new Error('the peer closed the connection')));
    const finish = (then: () => void): void => {
      socket.off('data', onData).off('end', onEnd).off('error', onEnd).off('close', onEnd);
      then();
    };
    socket.on('data', onData).once('end', onEnd).once('error', onEnd).once('close', onEnd);
  });
  socket.pause();
  if (!line.startsWith('OK ')) throw new Error(`authentication refused: ${line.trim()}`);
  socket.write('BEGIN\r\n');
}
