// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { Connection, peerLimits, userLimits } from '../../shared/dbus/index.ts';

const maxHandshakeBytes = 4096;
const handshakeTimeoutMs = 10_000;

type OnConnection = (connection: Connection, uid: number) => void;

interface Door {
  readonly socketPath: string;
  readonly server: Server;
}

/**
 * A private D-Bus server for one job. Node can't ask who connected (SO_PEERCRED), so the file system decides: each user who may follow the job
 * has a socket that belongs to him with mode 0600, in a directory that nobody but root can list or write.
 */
export class PeerServer {
  private readonly directory: string;
  private readonly onConnection: OnConnection;
  private readonly doors = new Map<number, Door>();
  private readonly connections = new Set<Connection>();

  private constructor(directory: string, onConnection: OnConnection) {
    this.directory = directory;
    this.onConnection = onConnection;
  }

  /** With a socket for its first user. Rejects with what the file system says. */
  static async listen(peerDir: string, id: string, uid: number, onConnection: OnConnection): Promise<PeerServer> {
    mkdirSync(peerDir, { recursive: true, mode: 0o711 });
    const directory = path.join(peerDir, `tx-${id}`);
    // closed until the socket has its owner
    mkdirSync(directory, { mode: 0o700 });
    const peer = new PeerServer(directory, onConnection);
    await peer.admit(uid);
    return peer;
  }

  /** A socket for one user more. */
  async admit(uid: number): Promise<void> {
    if (this.doors.has(uid)) return;
    const socketPath = path.join(this.directory, this.doors.size === 0 ? 'transaction' : `transaction-${uid}`);
    const server = createServer((socket) => {
      acceptPeer(socket, () => {
        const connection = new Connection(socket, peerLimits);
        this.connections.add(connection);
        void connection.closed.then(() => this.connections.delete(connection));
        this.onConnection(connection, uid);
      });
    });
    // those that still introduce themselves are among them: who holds sockets open keeps himself out
    server.maxConnections = userLimits.peerConnections;
    this.doors.set(uid, { socketPath, server });
    chmodSync(this.directory, 0o700);
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socketPath, resolve));
    chmodSync(socketPath, 0o600);
    if (uid !== process.getuid?.()) chownSync(socketPath, uid, -1);
    chmodSync(this.directory, 0o711);
  }

  /** Where that user connects; undefined for who was not admitted. */
  addressFor(uid: number): string | undefined {
    const door = this.doors.get(uid);
    return door && `unix:path=${door.socketPath}`;
  }

  broadcast(iface: string, member: string, signature = '', body: readonly unknown[] = []): void {
    for (const connection of this.connections) connection.signal('/', iface, member, signature, body);
  }

  /** Stop listening at once; open connections may read what was sent, for a moment. */
  close(): void {
    for (const connection of this.connections) connection.close();
    const removals = [...this.doors.values()].map(({ server, socketPath }) => {
      server.close();
      return () => unlinkSync(socketPath);
    });
    for (const remove of [...removals, () => rmdirSync(this.directory)]) {
      try {
        remove();
      } catch {
        // Node unlinks the socket itself when the server closes
      }
    }
  }
}

/** The server's side of the handshake: EXTERNAL only, no file descriptors (D-Bus specification, "Authentication Protocol"). */
function acceptPeer(socket: Socket, onReady: () => void): void {
  let text = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), handshakeTimeoutMs);
  socket.on('error', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
  const onData = (chunk: Buffer): void => {
    text = Buffer.concat([text, chunk]);
    if (text[0] === 0) text = text.subarray(1);
    for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
      const line = text.subarray(0, end).toString('latin1');
      text = text.subarray(end + 2);
      if (line === 'BEGIN') {
        clearTimeout(timer);
        socket.off('data', onData);
        socket.pause();
        if (text.length > 0) socket.unshift(text);
        onReady();
        return;
      }
      socket.write(`${handshakeAnswer(line)}\r\n`);
    }
    if (text.length > maxHandshakeBytes) socket.destroy();
  };
  socket.on('data', onData);
}

const guid = randomBytes(16).toString('hex');

function handshakeAnswer(line: string): string {
  if (/^AUTH EXTERNAL [0-9a-f]+$/i.test(line)) return `OK ${guid}`;
  if (line === 'AUTH EXTERNAL') return 'DATA';
  if (/^DATA( [0-9a-f]*)?$/i.test(line)) return `OK ${guid}`;
  if (line.startsWith('AUTH')) return 'REJECTED EXTERNAL';
  return 'ERROR';
}
