// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';

/** What libostree takes as the remote of a refspec `REMOTE:REF` (ostree_parse_refspec): `\w` with Unicode's letters and digits. */
const possible = /^[\p{L}\p{N}_][-._\p{L}\p{N}]*$/u;

/** The name is part of file names: NAME.trustedkeys.gpg, refs/remotes/NAME. */
const maxBytes = 200;

/** Throws `remote.invalid-name` with what is wrong with it. */
export function requireRemoteName(name: string): void {
  const detail = problemOf(name);
  if (detail !== undefined) throw new TreelineError('remote.invalid-name', { subject: shown(name), detail });
}

function problemOf(name: string): string | undefined {
  if (name === '') return 'a name is needed';
  // U+FFFD is what is left of bytes that weren't UTF-8, a lone surrogate is no text either
  if (/\ufffd|\p{Surrogate}/u.test(name)) return 'it isn’t valid UTF-8';
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name)) return 'it holds a control character or line break';
  const odd = [...name].find((c) => !/[-._\p{L}\p{N}]/u.test(c));
  if (odd !== undefined) return odd === ' ' ? 'it holds a blank' : `it holds “${odd}”`;
  if (!possible.test(name)) return `it begins with “${name.charAt(0)}”`;
  if (name === 'ostree-metadata') return 'libostree uses it itself';
  return Buffer.byteLength(name) > maxBytes ? `it is longer than ${maxBytes} bytes` : undefined;
}

const shown = (name: string): string => name.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '\ufffd').slice(0, 80);

/** Throws `remote.invalid-url`. */
export function requireRemoteUrl(url: string): void {
  const bare = url.replace(/^(?:metalink|mirrorlist)=/, '');
  const fail = (detail: string): never => {
    throw new TreelineError('remote.invalid-url', { subject: shown(url), detail });
  };
  if (/[\u0000-\u0020\u007f]/.test(bare)) fail('it holds a blank or a control character');
  if (!/^(?:https?|file):\/\//i.test(bare)) fail('it begins with neither https://, http:// nor file://');
  if (!URL.canParse(bare)) fail('it can’t be read as an address');
  const { protocol, hostname, pathname } = new URL(bare);
  if (protocol !== 'file:' && hostname === '') fail('it names no server');
  if (protocol === 'file:' && pathname === '/') fail('it names no directory');
}
