// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ConnectionLimits } from './limits.ts';
import { Decoder } from './decode.ts';
import { Encoder } from './encode.ts';
import { DbusFormatError } from './format-error.ts';
import { parseSignature, parseSingleType } from './signature.ts';
import { isBusName, isInterfaceName, isMemberName } from './valid-names.ts';
import { Variant } from './variant.ts';

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
  /** JavaScript values, see Decoder. Empty where `bodyProblem` is set. */
  readonly body: readonly unknown[];
  /** Why the body could not be read; the header is right and the call can be refused by name. */
  readonly bodyProblem?: string;
}

/** The largest message of the specification. */
export const maxMessageBytes = 128 << 20;
/** Byte order, type, flags, version, length of the body, serial, length of the header's fields. */
export const fixedHeaderBytes = 16;
const protocolVersion = 1;
export const littleEndian = 0x6c;
export const bigEndian = 0x42;

type FieldName = 'path' | 'interface' | 'member' | 'errorName' | 'replySerial' | 'destination' | 'sender' | 'signature';

/** Header fields by code (D-Bus specification, "Header Fields"); 9, the number of file descriptors, has no use without a body of ours. */
const fieldTable: readonly (readonly [name: FieldName, type: string, valid: (value: string) => boolean] | undefined)[] = [
  undefined,
  ['path', 'o', (path) => path !== '/org/freedesktop/DBus/Local'],
  ['interface', 's', (name) => isInterfaceName(name) && name !== 'org.freedesktop.DBus.Local'],
  ['member', 's', isMemberName],
  ['errorName', 's', isInterfaceName],
  ['replySerial', 'u', () => true],
  ['destination', 's', isBusName],
  ['sender', 's', isBusName],
  ['signature', 'g', () => true],
];
const descriptorsField = 9;

const needed: Readonly<Record<number, readonly FieldName[]>> = {
  [messageType.call]: ['path', 'member'],
  [messageType.reply]: ['replySerial'],
  [messageType.error]: ['replySerial', 'errorName'],
  [messageType.signal]: ['path', 'interface', 'member'],
};

const fieldsType = parseSingleType('a(yv)');

/** Marshal one message. Throws DbusFormatError when something in it isn't D-Bus: a fault of the program, not of the peer. */
export function encodeMessage(message: Omit<DbusMessage, 'bodyProblem'>): Buffer {
  const body = new Encoder();
  body.body(message.signature, message.body);
  const bodyBytes = body.written;
  const fields: [number, Variant][] = [];
  fieldTable.forEach((field, code) => {
    if (!field) return;
    const [name, type, valid] = field;
    const value = message[name];
    if (value === undefined || (name === 'signature' && value === '')) return;
    if (!valid(String(value))) throw new DbusFormatError(`“${String(value).slice(0, 80)}” is no ${name}`);
    fields.push([code, new Variant(type, value)]);
  });
  requireFields(message);
  const whole = new Encoder();
  whole.append(Buffer.from([littleEndian, message.type, message.flags, protocolVersion]));
  whole.uint32(bodyBytes.length);
  whole.uint32(message.serial);
  whole.value(fieldsType, fields, 0);
  whole.align(8);
  whole.append(bodyBytes);
  return whole.written;
}

/** Length of a message that begins with these 16 bytes. Throws DbusFormatError when no message begins like that. */
export function messageLength(bytes: Buffer): { readonly totalBytes: number; readonly headerBytes: number } {
  const endian = bytes[0];
  if ((endian !== littleEndian && endian !== bigEndian) || bytes[3] !== protocolVersion) throw new DbusFormatError('not a D-Bus message');
  const read = (at: number): number => (endian === littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const headerBytes = fixedHeaderBytes + Math.ceil(read(12) / 8) * 8;
  const totalBytes = headerBytes + read(4);
  if (totalBytes > maxMessageBytes) throw new DbusFormatError(`a message of ${totalBytes} bytes`);
  return { totalBytes, headerBytes };
}

/**
 * A whole message, or its header alone where the body is too long to be taken (`bodyProblem` says so then). What is wrong with the body is told
 * in `bodyProblem`; undefined for a message of a type that later versions of the protocol may bring. Throws DbusFormatError for a wrong header.
 */
export function decodeMessage(bytes: Buffer, limits: Pick<ConnectionLimits, 'values'>, bodyProblem?: string): DbusMessage | undefined {
  const little = bytes[0] === littleEndian;
  const [, type = 0, flags = 0] = bytes;
  const serial = little ? bytes.readUInt32LE(8) : bytes.readUInt32BE(8);
  const { headerBytes } = messageLength(bytes);
  if (type === 0) throw new DbusFormatError('a message of no type');
  if (serial === 0) throw new DbusFormatError('a message without a number');
  const header = new Decoder(bytes.subarray(0, headerBytes), little, { values: 256, descriptors: 0 }, 12);
  const { fields, descriptors } = readFields(header.value(fieldsType, 0));
  header.align(8);
  if (header.at !== headerBytes) throw new DbusFormatError('a header whose length doesn’t fit');
  if (!(type in needed)) return undefined;
  const message = { type, flags, serial, signature: '', ...fields };
  requireFields(message);
  if (bodyProblem !== undefined) return { ...message, body: [], bodyProblem };
  try {
    // descriptors can't be received by this process: an index of one leads nowhere
    if (descriptors > 0) throw new DbusFormatError('file descriptors aren’t taken');
    return {
      ...message,
      body: new Decoder(bytes.subarray(headerBytes), little, { values: limits.values, descriptors }).body(message.signature),
    };
  } catch (error) {
    if (!(error instanceof DbusFormatError)) throw error;
    return { ...message, body: [], bodyProblem: error.message };
  }
}

/** A row of the header, which the decoder made from its signature `a(yv)`. */
const isField = (row: unknown): row is readonly [number, Variant] =>
  Array.isArray(row) && typeof row[0] === 'number' && row[1] instanceof Variant;

function readFields(rows: unknown): { fields: Partial<Record<FieldName, never>>; descriptors: number } {
  const fields: Partial<Record<FieldName, unknown>> = {};
  const seen = new Set<number>();
  let descriptors = 0;
  for (const [code, { signature, value }] of Array.isArray(rows) ? rows.filter(isField) : []) {
    if (code === 0) throw new DbusFormatError('header field 0');
    if (seen.has(code)) throw new DbusFormatError(`header field ${code} twice`);
    seen.add(code);
    if (code === descriptorsField && signature === 'u') descriptors = Number(value);
    const field = fieldTable[code];
    // fields of later versions of the protocol are to be ignored
    if (!field) continue;
    const [name, type, valid] = field;
    if (signature !== type || !valid(String(value))) throw new DbusFormatError(`header field ${code} (${name}) is wrong`);
    fields[name] = value;
  }
  return { fields: fields as Partial<Record<FieldName, never>>, descriptors };
}

function requireFields(message: Partial<Record<FieldName, unknown>> & { readonly type: number; readonly serial: number }): void {
  const missing = needed[message.type]?.find((name) => message[name] === undefined);
  if (missing) throw new DbusFormatError(`a message of type ${message.type} without ${missing}`);
  if (message.replySerial === 0) throw new DbusFormatError('an answer to nothing');
  if (message.serial === 0) throw new DbusFormatError('a message without a number');
  parseSignature(String(message.signature ?? ''));
}
