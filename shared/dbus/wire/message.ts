import { marshallMessage, messageToJsFmt } from 'dbus-next/lib/marshall-compat.js';
import DBusBuffer from 'dbus-next/lib/dbus-buffer.js';
import { Variant as LibraryVariant } from 'dbus-next/lib/variant.js';

/** A value that carries its type along, in both directions. */
export interface Variant<T = unknown> {
  readonly signature: string;
  readonly value: T;
}

export const Variant = LibraryVariant as new <T>(signature: string, value: T) => Variant<T>;

/** Values of the header byte "message type" (D-Bus specification, "Message Format"). */
export const messageType = { call: 1, reply: 2, error: 3, signal: 4 } as const;
export const noReplyExpected = 1;
export const allowInteractiveAuthorization = 4;

export interface DbusMessage {
  readonly type: number;
  readonly flags: number;
  readonly serial: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly errorName?: string;
  readonly replySerial?: number;
  readonly destination?: string;
  readonly sender?: string;
  readonly signature: string;
  /** JavaScript values: a{..} as object, structs and arrays as arrays, variants as Variant, 64-bit numbers as bigint. */
  readonly body: readonly unknown[];
  /** Why the body could not be read; the header is right and the call can be refused by name. */
  readonly bodyProblem?: string;
}

/** The largest message of the specification. */
const maxMessageBytes = 128 << 20;
const headerBytes = 16;
const fieldNames = ['', 'path', 'interface', 'member', 'errorName', 'replySerial', 'destination', 'sender', 'signature', 'unixFd'] as const;
const fieldElement = {
  type: '(',
  child: [
    { type: 'y', child: [] },
    { type: 'v', child: [] },
  ],
};
const littleEndian = 0x6c;
const bigEndian = 0x42;

/** Marshal one message. Throws when body and signature don't fit: a fault of the program, not of the peer. */
export function encodeMessage(message: Omit<DbusMessage, 'bodyProblem'>): Buffer {
  return marshallMessage({ ...message, body: message.body })[0];
}

/** Cuts a byte stream into messages. Throws on bytes that are no D-Bus: the connection must be closed then. */
export class MessageReader {
  private chunks: Buffer[] = [];
  private bufferedBytes = 0;
  private wantedBytes = headerBytes;

  push(chunk: Buffer): DbusMessage[] {
    this.chunks.push(chunk);
    this.bufferedBytes += chunk.length;
    const messages: DbusMessage[] = [];
    while (this.bufferedBytes >= this.wantedBytes) {
      const bytes = this.chunks.length === 1 ? (this.chunks[0] as Buffer) : Buffer.concat(this.chunks);
      const total = messageBytes(bytes);
      if (bytes.length < total) {
        this.chunks = [bytes];
        this.wantedBytes = total;
        break;
      }
      messages.push(decodeMessage(bytes.subarray(0, total)));
      const rest = bytes.subarray(total);
      this.chunks = rest.length > 0 ? [rest] : [];
      this.bufferedBytes = rest.length;
      this.wantedBytes = headerBytes;
    }
    return messages;
  }
}

function messageBytes(bytes: Buffer): number {
  const endian = bytes[0];
  if ((endian !== littleEndian && endian !== bigEndian) || bytes[3] !== 1) throw new Error('not a D-Bus message');
  const read = (at: number): number => (endian === littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const total = headerBytes + pad8(read(12)) + read(4);
  if (total > maxMessageBytes) throw new Error(`a message of ${total} bytes`);
  return total;
}

const pad8 = (size: number): number => Math.ceil(size / 8) * 8;

function decodeMessage(bytes: Buffer): DbusMessage {
  const endian = bytes[0] as number;
  const little = endian === littleEndian;
  const fieldsBytes = little ? bytes.readUInt32LE(12) : bytes.readUInt32BE(12);
  const reader = new DBusBuffer(bytes.subarray(headerBytes), 0, endian, null, {});
  const fields: Record<string, unknown> = {};
  for (const [id, [, [value]]] of reader.readArray(fieldElement, fieldsBytes)) {
    const name = fieldNames[id];
    if (name) fields[name] = value;
  }
  reader.align(3);
  const signature = typeof fields.signature === 'string' ? fields.signature : '';
  return {
    ...(fields as object),
    type: bytes[1] as number,
    flags: bytes[2] as number,
    serial: little ? bytes.readUInt32LE(8) : bytes.readUInt32BE(8),
    signature,
    ...decodeBody(() => reader.read(signature), signature),
  };
}

function decodeBody(read: () => unknown[], signature: string): { body: unknown[]; bodyProblem?: string } {
  if (signature === '') return { body: [] };
  // an array of nothing would be read for ever; a bus never forwards it, a peer may send it
  if (signature.includes('()')) return { body: [], bodyProblem: 'an empty structure' };
  try {
    return { body: messageToJsFmt({ signature, body: read() }).body };
  } catch (error) {
    return { body: [], bodyProblem: error instanceof Error ? error.message : String(error) };
  }
}
