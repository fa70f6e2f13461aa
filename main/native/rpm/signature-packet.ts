// SPDX-License-Identifier: LGPL-2.1-or-later
export interface SignatureFacts {
  /** 16 lower-case hex digits; '' when the packet doesn't say. */
  readonly keyId: string;
  /** Public-key algorithm number (RFC 9580, section 9.1): 1 RSA, 17 DSA, 19 ECDSA, 22 EdDSA. */
  readonly algorithm: number;
}

/** What an OpenPGP signature packet (RFC 9580, section 5.2) says about its key; undefined when the bytes aren't one. librpm tells it only inside a sentence. */
export function signatureFacts(blob: Buffer): SignatureFacts | undefined {
  const body = packetBody(blob);
  if (!body || body.length < 19) return undefined;
  const version = body[0];
  if (version === 3) return { keyId: body.subarray(7, 15).toString('hex'), algorithm: body[15] ?? 0 };
  if (version !== 4) return undefined;
  return { keyId: issuerOf(body) ?? '', algorithm: body[2] ?? 0 };
}

function issuerOf(body: Buffer): string | undefined {
  const hashedLength = body.readUInt16BE(4);
  const hashed = body.subarray(6, 6 + hashedLength);
  const unhashedAt = 6 + hashedLength;
  if (unhashedAt + 2 > body.length) return undefined;
  const unhashed = body.subarray(unhashedAt + 2, unhashedAt + 2 + body.readUInt16BE(unhashedAt));
  return issuer(hashed) ?? issuer(unhashed);
}

/** Body of the first packet, if it is a signature (tag 2), with old or new style length. */
function packetBody(blob: Buffer): Buffer | undefined {
  const first = blob[0] ?? 0;
  if (!(first & 0x80) || blob.length < 8) return undefined;
  if (first & 0x40) {
    if ((first & 0x3f) !== 2) return undefined;
    const [length, used] = newLength(blob, 1);
    return blob.subarray(1 + used, 1 + used + length);
  }
  if (((first >> 2) & 0xf) !== 2) return undefined;
  const bytes = [1, 2, 4][first & 3];
  if (!bytes) return undefined;
  return blob.subarray(1 + bytes, 1 + bytes + blob.readUIntBE(1, bytes));
}

function newLength(bytes: Buffer, at: number): [length: number, used: number] {
  const first = bytes[at] ?? 0;
  if (first < 192) return [first, 1];
  if (first < 255) return [((first - 192) << 8) + (bytes[at + 1] ?? 0) + 192, 2];
  return [at + 5 <= bytes.length ? bytes.readUInt32BE(at + 1) : 0, 5];
}

/** Subpacket 16 (issuer key id), or the end of 33 (issuer fingerprint of a version 4 key). */
function issuer(area: Buffer): string | undefined {
  let fromFingerprint: string | undefined;
  for (let at = 0; at < area.length;) {
    const [length, used] = newLength(area, at);
    const body = area.subarray(at + used, at + used + length);
    if (length === 0) return undefined;
    const type = (body[0] ?? 0) & 0x7f;
    if (type === 16 && body.length >= 9) return body.subarray(1, 9).toString('hex');
    if (type === 33 && body[1] === 4 && body.length >= 22) fromFingerprint = body.subarray(14, 22).toString('hex');
    at += used + length;
  }
  return fromFingerprint;
}
