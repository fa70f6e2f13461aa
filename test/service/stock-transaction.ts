// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { encodeMessage, iface, MessageReader, messageType, type DbusMessage } from '../../shared/dbus/index.ts';

/** In which order the end of a job reaches its client, as a daemon may well send it. */
export const finishOrders = ['with-start', 'before-start', 'later', 'with-start-then-closed', 'instead-of-start-then-closed'] as const;
/** `closed`: the daemon goes away without an end. */
export type FinishOrder = (typeof finishOrders)[number] | 'closed';

export interface StockJob {
  readonly order: FinishOrder;
  /** Error text; success when missing. */
  readonly failure?: string;
  /** Carried out when the job starts. */
  readonly effect?: () => void;
}

/** A job's private socket as rpm-ostreed has it: one client, EXTERNAL, `Start`, then `Finished`. Returns its D-Bus address. */
export async function serveStockJob(
  at: { dir: string; abstract: boolean },
  serial: number,
  job: StockJob,
): Promise<{ address: string; server: Server }> {
  const server = createServer((socket) => {
    // a client that is ended resets its connection
    socket.on('error', () => socket.destroy());
    void converse(socket, job).catch(() => socket.destroy());
  });
  const name = `${at.dir}/dbus-${serial}`;
  if (at.abstract) server.listen({ fd: abstractListener(name) });
  else server.listen({ path: name });
  await once(server, 'listening');
  return { address: `unix:${at.abstract ? 'abstract' : 'path'}=${path.join(at.dir, `dbus-${serial}`)},guid=${'0'.repeat(32)}`, server };
}

/** A listening descriptor on an abstract name: no supported Node.js before 24 makes one. */
function abstractListener(name: string): number {
  const libc = koffi.load('libc.so.6');
  const descriptor = libc.func('int socket(int, int, int)')(1, 1 | 0o4000, 0) as number;
  const address = Buffer.concat([Buffer.from([1, 0, 0]), Buffer.from(name)]);
  const bound = libc.func('int bind(int, const uint8_t *, uint32_t)')(descriptor, address, address.length) as number;
  if (bound !== 0 || (libc.func('int listen(int, int)')(descriptor, 5) as number) !== 0) throw new Error(`bind @${name}`);
  return descriptor;
}

async function converse(socket: Socket, job: StockJob): Promise<void> {
  let greeting = '';
  const reader = new MessageReader();
  let serial = 0;
  const encode = (message: Partial<DbusMessage> & { type: number }): Buffer =>
    encodeMessage({ flags: 0, signature: '', body: [], ...message, serial: ++serial });
  const signal = (member: string, signature = '', body: readonly unknown[] = []): Buffer =>
    encode({ type: messageType.signal, path: '/', interface: iface.transaction, member, signature, body });
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    let rest = chunk;
    if (!greeting.includes('BEGIN\r\n')) {
      greeting += chunk.toString('latin1');
      if (greeting.includes('AUTH EXTERNAL') && !greeting.includes('BEGIN')) socket.write(`OK ${'0'.repeat(32)}\r\n`);
      const begin = greeting.indexOf('BEGIN\r\n');
      if (begin < 0) continue;
      rest = Buffer.from(greeting.slice(begin + 'BEGIN\r\n'.length), 'latin1');
    }
    for (const call of reader.push(rest)) {
      if (call.member !== 'Start') continue;
      job.effect?.();
      const reply = encode({ type: messageType.reply, replySerial: call.serial, signature: 'b', body: [true] });
      const text = signal('Message', 's', ['one line']);
      const end = signal('Finished', 'bs', [job.failure === undefined, job.failure ?? '']);
      if (job.order === 'before-start') socket.write(Buffer.concat([end, reply, text]));
      else if (job.order === 'with-start') socket.write(Buffer.concat([reply, text, end]));
      else if (job.order === 'with-start-then-closed') socket.end(Buffer.concat([reply, end]));
      else if (job.order === 'closed') socket.end(reply);
      else if (job.order === 'instead-of-start-then-closed') socket.end(end);
      else {
        socket.write(Buffer.concat([reply, text]));
        setImmediate(() => socket.write(end));
      }
    }
  }
}
