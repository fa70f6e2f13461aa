// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import { Header } from './header.ts';

const leadBytes = 96;
const introBytes = 16;
/** rpm's own limit of an index is 64 Ki entries and 256 MiB of data; a signature header is far below that. */
const signatureLimitBytes = 64 << 20;

export interface PackageLead {
  readonly signature: Header;
  /** Where the compressed payload begins, in bytes. */
  readonly payloadOffset: number;
  /** Its first bytes; fewer when it is shorter. */
  readonly payloadStart: Buffer;
}

/** Lead and signature header, read apart from librpm: which signatures there are must come from where librpm looks for them. */
export function readLead(file: string): PackageLead {
  const subject = path.basename(file);
  const corrupt = (detail: string): TreelineError => new TreelineError('package.corrupt', { subject, detail });
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    throw new TreelineError('package.corrupt', { subject, detail: (error as Error).message, file }, { cause: error });
  }
  try {
    const read = (at: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      if (readSync(fd, bytes, 0, length, at) !== length) throw corrupt('the file is cut off');
      return bytes;
    };
    const lead = read(0, leadBytes);
    if (lead.readUInt32BE(0) !== 0xedabeedb) throw corrupt('not an RPM package');
    const size = (at: number): number => {
      const intro = read(at, introBytes);
      if (intro.readUInt32BE(0) !== 0x8eade801) throw corrupt('a header is missing');
      return intro.readUInt32BE(8) * 16 + intro.readUInt32BE(12);
    };
    const signatureSize = size(leadBytes);
    if (signatureSize > signatureLimitBytes) throw corrupt('the signature header is too large');
    const signature = new Header(read(leadBytes + 8, 8 + signatureSize), subject);
    const headerAt = Math.ceil((leadBytes + introBytes + signatureSize) / 8) * 8;
    const payloadOffset = headerAt + introBytes + size(headerAt);
    const start = Buffer.alloc(introBytes);
    const payloadStart = start.subarray(0, readSync(fd, start, 0, introBytes, payloadOffset));
    return { signature, payloadOffset, payloadStart };
  } finally {
    closeSync(fd);
  }
}
