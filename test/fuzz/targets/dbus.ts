// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  DbusFormatError,
  encodeMessage,
  MessageReader,
  messageType,
  peerLimits,
  serviceLimits,
  Variant,
  type DbusMessage,
} from '../../../shared/dbus/index.ts';

const common = { flags: 0, serial: 7, path: '/org/a', interface: 'a.b', member: 'M' } as const;
const variant = (signature: string, value: unknown): Variant => new Variant(signature, value);

export const seeds = [
  encodeMessage({ ...common, type: messageType.call, signature: '', body: [] }),
  encodeMessage({
    ...common,
    type: messageType.call,
    signature: 'sa{sv}',
    body: ['x', { reboot: variant('b', true), list: variant('as', ['a', 'b']) }],
  }),
  encodeMessage({ ...common, type: messageType.signal, signature: '(tt)(uu)ay', body: [[1n, 2n], [3, 4], Buffer.from('bytes')] }),
  encodeMessage({
    ...common,
    type: messageType.reply,
    replySerial: 3,
    signature: 'vdxg',
    body: [variant('v', variant('av', [])), 1.5, -1n, 'a(s)'],
  }),
  encodeMessage({ ...common, type: messageType.error, replySerial: 3, errorName: 'a.b.C', signature: 's', body: ['no'] }),
];

/**
 * Bytes as they come from a socket. What isn't D-Bus may be refused, by DbusFormatError alone; what was taken has to come back the same when it
 * is sent on, whole or byte by byte. Throws for a fault of ours only.
 */
export function target(data: Uint8Array): void {
  const bytes = Buffer.from(data);
  for (const limits of [peerLimits, serviceLimits]) {
    const whole = messagesOf(bytes, limits, bytes.length);
    const inPieces = messagesOf(bytes, limits, 7);
    if (fingerprint(whole) !== fingerprint(inPieces)) throw new Error('the cut of the stream changes what is read');
    for (const message of whole) sentOn(message);
  }
}

function messagesOf(bytes: Buffer, limits: typeof peerLimits, pieceBytes: number): DbusMessage[] {
  const reader = new MessageReader(limits);
  const messages: DbusMessage[] = [];
  try {
    for (let at = 0; at < bytes.length; at += Math.max(1, pieceBytes)) {
      for (const message of reader.push(bytes.subarray(at, at + Math.max(1, pieceBytes)))) messages.push(message);
    }
  } catch (error) {
    if (!(error instanceof DbusFormatError)) throw error;
    // the connection is closed, whatever came before
    return [];
  }
  return messages;
}

function sentOn(message: DbusMessage): void {
  if (message.bodyProblem !== undefined) {
    if (message.body.length > 0) throw new Error('a body that was refused is handed on');
    return;
  }
  const first = encodeMessage(message);
  const [again] = new MessageReader().push(first);
  if (!again || again.bodyProblem !== undefined) throw new Error(`our own message isn’t taken: ${again?.bodyProblem}`);
  if (!encodeMessage(again).equals(first)) throw new Error('a message changes on its way');
}

function fingerprint(messages: readonly DbusMessage[]): string {
  return JSON.stringify(messages, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}
