// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Signature } from '../../../../shared/domain/index.ts';
import { readRegularFile } from '../../../files/index.ts';
import { TreelineError, messageOf } from '../../../../shared/errors/index.ts';
import type { NamedGpgKeys, PublishRepo } from '../../base/ports/publish.ts';
import { ed25519Keys } from '../../base/trust/keys.ts';
import { verifyEd25519 } from '../../base/trust/signatures.ts';

const armour = /-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\r\n]+\r?\n)*\r?\n([A-Za-z0-9+/=\s]+?)\r?\n=[A-Za-z0-9+/]{4}\r?\n-----END/g;

/** Bytes of OpenPGP keys without their ASCII armour (RFC 9580, section 6). */
function dearmoured(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  if (!text.includes('-----BEGIN PGP')) return bytes;
  return Buffer.concat([...text.matchAll(armour)].map((m) => Buffer.from(m[1] ?? '', 'base64')));
}

/** Public keys that a command names in files: OpenPGP (armoured or binary), or ed25519 as ostree has them. */
export class TrustedKeys implements Disposable {
  readonly ed25519: readonly string[];
  readonly #keyring: Buffer;
  #gpg: NamedGpgKeys | undefined;

  /** Throws key.unreadable. */
  constructor(files: readonly string[]) {
    const gpg: Buffer[] = [];
    const ed25519: string[] = [];
    for (const file of files) {
      const bytes = read(file);
      const raw = ed25519Keys(bytes);
      if (raw) ed25519.push(...raw);
      else gpg.push(dearmoured(bytes));
    }
    this.ed25519 = ed25519;
    this.#keyring = Buffer.concat(gpg);
  }

  /** Which kinds of signature these keys can check. */
  get kinds(): readonly Signature['type'][] {
    return [...(this.#keyring.length === 0 ? [] : (['gpg'] as const)), ...(this.ed25519.length > 0 ? (['ed25519'] as const) : [])];
  }

  /** Each signature with whether one of these keys made it. */
  check(
    repo: PublishRepo,
    data: Uint8Array,
    signatures: { readonly gpg: readonly Uint8Array[]; readonly ed25519: readonly Uint8Array[] },
  ): Signature[] {
    return [
      ...(signatures.gpg.length === 0 ? [] : (this.#gpg ??= repo.namedKeys(this.#keyring)).verify(data, signatures.gpg)),
      ...verifyEd25519(data, signatures.ed25519, { trusted: this.ed25519, revoked: [] }),
    ];
  }

  [Symbol.dispose](): void {
    this.#gpg?.[Symbol.dispose]();
  }
}

function read(file: string): Buffer {
  try {
    return readRegularFile(file);
  } catch (error) {
    throw new TreelineError('key.unreadable', { subject: file, detail: messageOf(error) });
  }
}

/** Undefined when one good signature is there; else what is wrong. */
export function signatureProblem(signatures: readonly Signature[]): string | undefined {
  if (signatures.some((s) => s.valid)) return undefined;
  if (signatures.length === 0) return 'not signed';
  if (signatures.every((s) => s.keyMissing)) return `signed with unknown keys: ${signatures.map((s) => s.keyId || s.type).join(', ')}`;
  if (signatures.some((s) => s.keyExpired || s.signatureExpired)) return 'signed with an expired key';
  return 'the signature is wrong';
}
