// SPDX-License-Identifier: LGPL-2.1-or-later
import { clientLimits, type ConnectionLimits } from './limits.ts';
import { DbusFormatError } from './format-error.ts';
import { decodeMessage, fixedHeaderBytes, messageLength, messageType, type DbusMessage } from './message.ts';

const smallestBuffer = 1024;
const largestKeptBuffer = 64 * 1024;

/**
 * Cuts a byte stream into messages. What is kept are the bytes that have come of one message, never longer than the limits allow: a sender that
 * announces much, or sends byte by byte, costs no more. Throws DbusFormatError when the connection must be closed: on what isn't D-Bus, and, where the limits aren't
 * `shared`, on any message that isn't right.
 */
export class MessageReader {
  private readonly limits: ConnectionLimits;
  private buffer = Buffer.alloc(smallestBuffer);
  private bufferedBytes = 0;
  private wantedBytes = fixedHeaderBytes;
  /** Of a message that isn't taken: bytes still to come. */
  private skipBytes = 0;

  constructor(limits: ConnectionLimits = clientLimits) {
    this.limits = limits;
  }

  /** True while a message has begun and isn't complete. */
  get isWithin(): boolean {
    return this.bufferedBytes > 0 || this.skipBytes > 0;
  }

  push(chunk: Buffer): DbusMessage[] {
    const messages: DbusMessage[] = [];
    let rest = this.skip(chunk);
    while (rest.length > 0) {
      const missing = this.wantedBytes - this.bufferedBytes;
      const part = rest.subarray(0, missing);
      rest = rest.subarray(part.length);
      this.keep(part);
      if (this.bufferedBytes < this.wantedBytes) break;
      const message = this.complete();
      if (message) messages.push(message);
      rest = this.skip(rest);
    }
    return messages;
  }

  /** What was wanted is there: a beginning, of which the length is now known, or all that is taken of a message. */
  private complete(): DbusMessage | undefined {
    const bytes = this.buffer.subarray(0, this.bufferedBytes);
    const { totalBytes, headerBytes } = messageLength(bytes);
    const answer = bytes[1] === messageType.reply || bytes[1] === messageType.error;
    const mostBytes = answer ? this.limits.replyBytes : this.limits.callBytes;
    const tooLong = totalBytes > mostBytes || headerBytes > this.limits.headerBytes;
    if (tooLong && !this.limits.shared) throw new DbusFormatError(`a message of ${totalBytes} bytes`);
    // of what is too long only the header is of use: the call can be refused by name
    const taken = headerBytes > this.limits.headerBytes ? fixedHeaderBytes : tooLong ? headerBytes : totalBytes;
    if (bytes.length < taken) {
      this.wantedBytes = taken;
      return undefined;
    }
    this.skipBytes = totalBytes - taken;
    try {
      return this.decode(bytes, headerBytes > taken, tooLong ? `${totalBytes} bytes are too many` : undefined);
    } finally {
      this.bufferedBytes = 0;
      this.wantedBytes = fixedHeaderBytes;
      if (this.buffer.length > largestKeptBuffer) this.buffer = Buffer.alloc(smallestBuffer);
    }
  }

  private keep(part: Buffer): void {
    const needed = this.bufferedBytes + part.length;
    if (needed > this.buffer.length) {
      // by what has come, not by what was announced
      const larger = Buffer.alloc(Math.max(needed, Math.min(this.wantedBytes, this.buffer.length * 2)));
      this.buffer.copy(larger, 0, 0, this.bufferedBytes);
      this.buffer = larger;
    }
    part.copy(this.buffer, this.bufferedBytes);
    this.bufferedBytes = needed;
  }

  private decode(bytes: Buffer, headerIsMissing: boolean, problem: string | undefined): DbusMessage | undefined {
    if (headerIsMissing) return undefined;
    let message: DbusMessage | undefined;
    try {
      message = decodeMessage(bytes, this.limits, problem);
    } catch (error) {
      if (!(error instanceof DbusFormatError) || !this.limits.shared) throw error;
      return undefined;
    }
    if (message?.bodyProblem !== undefined && !this.limits.shared) throw new DbusFormatError(message.bodyProblem);
    return message;
  }

  private skip(chunk: Buffer): Buffer {
    const skipped = Math.min(this.skipBytes, chunk.length);
    this.skipBytes -= skipped;
    return chunk.subarray(skipped);
  }
}
