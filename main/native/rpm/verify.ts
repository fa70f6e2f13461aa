// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import path from 'node:path';
import type { PackageVerification } from '../../engine/base/ports/rpm.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { nonNull, Scope, type Pointer } from '../core/index.ts';
import { tag } from './header.ts';
import { readLead } from './lead.ts';
import { withLog } from './log.ts';
import * as raw from './raw.ts';
import { signatureFacts } from './signature-packet.ts';

/** Public-key algorithms that every librpm verifies: RSA, DSA, EdDSA. */
const knownAlgorithms: readonly number[] = [1, 17, 22];

const armourStart = '-----BEGIN PGP';

/** Whether the first packet is a public key: number 6, in the header's old or new form (RFC 9580, 4.2). */
function beginsWithKey([first = 0]: Uint8Array): boolean {
  return (first & 0x80) !== 0 && ((first & 0x40) !== 0 ? first & 0x3f : (first & 0x3c) >> 2) === 6;
}

/** The binary packets of an armoured or binary key file. */
function packets(key: Uint8Array): Buffer {
  const bytes = Buffer.from(key);
  const text = bytes.toString('latin1');
  const start = text.indexOf(armourStart);
  if (start < 0) return bytes;
  const out: [unknown] = [null];
  const size: [number] = [0];
  // PGPARMOR_PUBKEY is 2; only the first block of a file is read, as rpm does
  const kind = raw.pgpParsePkts(text.slice(start), out, size) as number;
  if (!out[0]) throw new TreelineError('package.key-missing', { detail: `not a public key (${kind})` });
  try {
    const content = Buffer.from(koffi.decode(out[0] as bigint, koffi.array('uint8_t', size[0], 'Typed')) as Uint8Array);
    // not each rpm looks into the block
    if (kind !== 2 || !beginsWithKey(content)) throw new TreelineError('package.key-missing', { detail: 'the file holds no public key' });
    return content;
  } finally {
    raw.rpmFree(out[0]);
  }
}

/** A keyring with all certificates of all files, and their subkeys (which are what signs, often). */
function newKeyring(keys: readonly Uint8Array[], scope: Scope): Pointer<'rpmKeyring'> {
  const keyring = scope.own<'rpmKeyring'>(raw.rpmKeyringNew(), 'rpmKeyring', raw.rpmKeyringFree);
  for (const key of keys) {
    let rest: Buffer = packets(key);
    while (rest.length > 0) {
      const length: [number | bigint] = [0];
      if (raw.pgpPubKeyCertLen(rest, rest.length, length) !== 0 || Number(length[0]) === 0) break;
      addKey(keyring, rest.subarray(0, Number(length[0])));
      rest = rest.subarray(Number(length[0]));
    }
  }
  return keyring;
}

function addKey(keyring: Pointer, certificate: Buffer): void {
  const key = raw.rpmPubkeyNew(certificate, certificate.length);
  // a kind of key that this librpm doesn't know: its packages will be reported as "key missing", with the key's id
  if (!key) return;
  raw.rpmKeyringAddKey(keyring, key);
  const count: [number] = [0];
  const subkeys = raw.rpmGetSubkeys(key, count);
  if (subkeys && count[0] > 0) {
    for (const subkey of koffi.decode(subkeys, koffi.array('void *', count[0])) as Iterable<bigint>) {
      raw.rpmKeyringAddKey(keyring, subkey);
      raw.rpmPubkeyFree(subkey);
    }
  }
  if (subkeys) raw.rpmFree(subkeys);
  raw.rpmPubkeyFree(key);
}

/** See RpmPort.verifyPackage. */
export function verifyPackage(file: string, keys: readonly Uint8Array[]): PackageVerification {
  const subject = path.basename(file);
  const { signature } = readLead(file);
  const blobs = [tag.rsaHeader, tag.dsaHeader, tag.sigPgp, tag.sigGpg].flatMap((t) => signature.binary(t) ?? []);
  const facts = blobs.flatMap((blob) => signatureFacts(blob) ?? []);
  const keyIds = [...new Set(facts.map(({ keyId }) => keyId).filter(Boolean))];
  using scope = new Scope();
  const { value, log } = withLog(() => {
    const keyring = newKeyring(keys, scope);
    const ts = scope.own(raw.rpmtsCreate(), 'rpmts', raw.rpmtsFree);
    raw.rpmtsSetKeyring(ts, keyring);
    if (blobs.length === 0) return { header: raw.rpmRc.ok, whole: 1 };
    const fd = nonNull(raw.Fopen(file, 'r.ufdio'), subject);
    scope.defer(() => raw.Fclose(fd));
    const out: [unknown] = [null];
    const header = raw.rpmReadPackageFile(ts, fd, file, out) as number;
    if (out[0]) raw.headerFree(out[0]);
    // librpm judges header and payload, and that both a digest and a signature are there
    raw.rpmtsSetVfyFlags(ts, 0);
    raw.rpmtsSetVfyLevel(ts, raw.verifyAll);
    return { header, whole: raw.rpmcliVerifySignatures(ts, [file, null]) as number };
  });
  if (value.whole === 0) return { outcome: 'ok', keyIds, detail: '' };
  if (blobs.length > 0) {
    if (value.header === raw.rpmRc.noKey) return { outcome: 'key-missing', keyIds, detail: log };
    const strange = facts.find(({ algorithm }) => !knownAlgorithms.includes(algorithm));
    if (strange && /invalid OpenPGP/i.test(log))
      throw new TreelineError('package.unsupported', {
        subject,
        detail: `it is signed in a way that this system’s librpm can’t verify (${log})`,
      });
    return { outcome: 'invalid', keyIds, detail: log };
  }
  if (signature.has(tag.openPgp))
    throw new TreelineError('package.unsupported', {
      subject,
      detail: 'its signatures are in the format of rpm 6, which this system’s librpm can’t verify',
    });
  return { outcome: 'unsigned', keyIds, detail: '' };
}
