// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../shared/errors/index.ts';

/** Tags of rpm/rpmtag.h that are read here. */
export const tag = {
  headerImmutable: 63,
  rsaHeader: 268,
  dsaHeader: 267,
  openPgp: 278,
  sigPgp: 1002,
  sigGpg: 1005,
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  summary: 1004,
  description: 1005,
  buildTime: 1006,
  installTime: 1008,
  size: 1009,
  license: 1014,
  url: 1020,
  arch: 1022,
  oldFileNames: 1027,
  fileSizes: 1028,
  fileStates: 1029,
  fileModes: 1030,
  fileRdevs: 1033,
  fileMtimes: 1034,
  fileDigests: 1035,
  fileLinkTos: 1036,
  fileFlags: 1037,
  fileUserName: 1039,
  fileGroupName: 1040,
  sourceRpm: 1044,
  changelogTime: 1080,
  changelogName: 1081,
  changelogText: 1082,
  fileDevices: 1095,
  fileInodes: 1096,
  fileLangs: 1097,
  sourcePackage: 1106,
  dirIndexes: 1116,
  baseNames: 1117,
  dirNames: 1118,
  payloadFormat: 1124,
  payloadCompressor: 1125,
  installColor: 1127,
  installTid: 1128,
  longFileSizes: 5008,
  longSize: 5009,
  fileCaps: 5010,
  fileDigestAlgo: 5011,
  fileSignatures: 5090,
  payloadDigest: 5092,
  rpmFormat: 5114,
} as const;

/** Bytes of one value for the number types of rpm/rpmtag.h (char, int8, int16, int32, int64). */
const width: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8 };
const typeBinary = 7;
const isText = (type: number): boolean => type === 6 || type === 8 || type === 9;

interface Entry {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

/**
 * An exported RPM header, decoded in JavaScript: one call into librpm for a package instead of one a tag. Layout (rpm's
 * "Package format" manual): two big-endian counts, 16-byte index entries (tag, type, offset, count), then the data.
 */
export class Header {
  readonly #count: number;
  readonly #data: Buffer;

  constructor(
    readonly bytes: Buffer,
    /** Names the package in errors. */
    readonly subject: string,
  ) {
    if (bytes.length < 8) throw this.#corrupt('header too short');
    this.#count = bytes.readUInt32BE(0);
    const size = bytes.readUInt32BE(4);
    const start = 8 + this.#count * 16;
    if (start + size > bytes.length) throw this.#corrupt('header is cut off');
    this.#data = bytes.subarray(start, start + size);
  }

  /**
   * A tag's index entry. Searched each time: a list of thousands of packages asks for ten of a hundred tags. The first entry of a tag counts:
   * what stands in the signed region can't be replaced by something appended.
   */
  #find(key: number): Entry | undefined {
    const bytes = this.bytes;
    for (let at = 8, end = 8 + this.#count * 16; at < end; at += 16)
      if (bytes.readInt32BE(at) === key)
        return { type: bytes.readUInt32BE(at + 4), offset: bytes.readUInt32BE(at + 8), count: bytes.readUInt32BE(at + 12) };
    return undefined;
  }

  has(key: number): boolean {
    return this.#find(key) !== undefined;
  }

  /** Numbers of an integer tag; empty when it isn't there. 64-bit values are exact up to 2^53. */
  numbers(key: number): number[] {
    const entry = this.#find(key);
    const bytes = entry && width[entry.type];
    if (!entry || !bytes) return [];
    const data = this.#data;
    if (entry.offset + entry.count * bytes > data.length) throw this.#corrupt(`tag ${key} points outside`);
    const out = new Array<number>(entry.count);
    for (let i = 0, at = entry.offset; i < entry.count; i++, at += bytes)
      out[i] = bytes === 8 ? Number(data.readBigUInt64BE(at)) : data.readUIntBE(at, bytes);
    return out;
  }

  number(key: number, otherwise = 0): number {
    return this.numbers(key)[0] ?? otherwise;
  }

  /** The raw bytes of each string of a tag, without the NUL. */
  texts(key: number): Buffer[] {
    const entry = this.#find(key);
    if (!entry || !isText(entry.type)) return [];
    const out: Buffer[] = [];
    let at = entry.offset;
    for (let i = 0; i < entry.count; i++) {
      const end = this.#data.indexOf(0, at);
      if (end < 0) throw this.#corrupt(`tag ${key} has no end`);
      out.push(this.#data.subarray(at, end));
      at = end + 1;
    }
    return out;
  }

  /** Strings; bytes that aren't UTF-8 become U+FFFD, the rest stays (field report 4). */
  strings(key: number): string[] {
    const entry = this.#find(key);
    if (!entry || !isText(entry.type) || entry.count === 0) return [];
    // decoded in one piece: a changelog has hundreds of entries, a package thousands of files. No UTF-8 sequence contains a NUL.
    const strings = this.#data.toString('utf8', entry.offset, this.#endOf(entry)).split('\0', entry.count);
    if (strings.length < entry.count) throw this.#corrupt(`tag ${key} has no end`);
    return strings;
  }

  /** The bytes of a text tag without the NULs at its end; empty when it isn't there. */
  block(key: number): Buffer {
    const entry = this.#find(key);
    if (!entry || !isText(entry.type)) return this.#data.subarray(0, 0);
    let end = this.#endOf(entry);
    while (end > entry.offset && this.#data[end - 1] === 0) end--;
    return this.#data.subarray(entry.offset, end);
  }

  /** Where the next tag's data begins, at the latest. */
  #endOf(entry: Entry): number {
    let nearest = this.#data.length;
    for (let at = 16, end = 8 + this.#count * 16; at < end; at += 16) {
      const offset = this.bytes.readUInt32BE(at);
      if (offset > entry.offset && offset < nearest) nearest = offset;
    }
    return nearest;
  }

  string(key: number): string {
    return this.strings(key)[0] ?? '';
  }

  /** Bytes of a binary tag. */
  binary(key: number): Buffer | undefined {
    const entry = this.#find(key);
    if (!entry || entry.type !== typeBinary) return undefined;
    if (entry.offset + entry.count > this.#data.length) throw this.#corrupt(`tag ${key} points outside`);
    return this.#data.subarray(entry.offset, entry.offset + entry.count);
  }

  #corrupt(detail: string): TreelineError {
    return new TreelineError('package.corrupt', { subject: this.subject, detail });
  }
}
