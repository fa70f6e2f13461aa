import { connect, type Socket } from 'node:net';

/** Where the system bus listens unless the environment says otherwise (D-Bus specification, "System message bus"). */
export const defaultSystemBus = 'unix:path=/run/dbus/system_bus_socket';

/**
 * Socket path of a D-Bus address: the first `unix:path=` or `unix:abstract=` entry of a list separated by `;`.
 * An abstract name starts with a NUL byte. Undefined when there is none.
 */
export function socketPath(address: string): string | undefined {
  for (const entry of address.split(';')) {
    const [transport, rest = ''] = [entry.slice(0, entry.indexOf(':')), entry.slice(entry.indexOf(':') + 1)];
    if (transport !== 'unix') continue;
    for (const pair of rest.split(',')) {
      const [key, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (key === 'path') return decodeURIComponent(value);
      if (key === 'abstract') return `\0${decodeURIComponent(value)}`;
    }
  }
  return undefined;
}

/** Connect and finish the EXTERNAL authentication as this process's uid. Rejects with a plain Error; the caller names the service. */
export async function openSocket(address: string, timeoutMs: number): Promise<Socket> {
  const path = socketPath(address);
  if (path === undefined) throw new Error(`no usable address in “${address}”`);
  // Node before 24 cuts a path at its NUL byte and would connect to nothing or, worse, something else
  if (path.startsWith('\0') && Number(process.versions.node.split('.')[0]) < 24) {
    throw new Error(`this runtime can't connect to abstract sockets (${address})`);
  }
  const socket = connect({ path });
  const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    await authenticate(socket);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
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
