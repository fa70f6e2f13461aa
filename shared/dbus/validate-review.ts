// SPDX-License-Identifier: LGPL-2.1-or-later
import { hasControl } from './validate.ts';

const shown = (text: unknown): string => String(text).slice(0, 120);

/** 64 hexadecimal digits; empty where that means "what is staged, else what the last check found". */
export function checksumProblem(text: unknown, mayBeEmpty = false): string | undefined {
  if (mayBeEmpty && text === '') return undefined;
  return typeof text === 'string' && /^[0-9a-f]{64}$/.test(text) ? undefined : `“${shown(text)}” is no checksum`;
}

function pathProblem(text: unknown): string | undefined {
  if (typeof text !== 'string' || text === '' || text.length > 4096 || text.includes('\0')) return `“${shown(text)}” is no path`;
  const parts = text.replace(/^\//, '').split('/');
  return parts.some((part) => part === '' || part === '.' || part === '..') ? `“${shown(text)}” isn’t a plain path` : undefined;
}

/** Relative to /etc, without `..` and without a leading slash. */
export function etcPathProblem(text: unknown): string | undefined {
  return typeof text === 'string' && text.startsWith('/') ? `“${shown(text)}” isn’t relative to /etc` : pathProblem(text);
}

/** The same of a file that a person is asked about: it is shown as it is. */
export function shownEtcPathProblem(text: unknown): string | undefined {
  return etcPathProblem(text) ?? (hasControl(String(text)) ? 'the path holds control characters' : undefined);
}

/** Absolute path in a tree, without `..`; empty where that means the whole tree. */
export function treePathProblem(text: unknown, mayBeEmpty = false): string | undefined {
  if (mayBeEmpty && text === '') return undefined;
  return typeof text === 'string' && !text.startsWith('/') ? `“${shown(text)}” isn’t absolute` : pathProblem(text);
}

/** Form of a medium's path: absolute, plain. Where it may lie, and that no link leads elsewhere, is for the service to see. */
export function mediumPathProblem(text: unknown, mayBeEmpty = false): string | undefined {
  return treePathProblem(text, mayBeEmpty) ?? (hasControl(String(text)) ? 'the path holds control characters' : undefined);
}

/** A name to look something up by; which names a new remote may have is said by the job that adds it. */
export function remoteNameProblem(text: unknown): string | undefined {
  if (typeof text !== 'string' || text === '' || text.length > 255 || hasControl(text)) return `“${shown(text)}” is no name of a remote`;
  return /[/\\]|^[.-]/.test(text) ? `“${shown(text)}” is no name of a remote` : undefined;
}

/** Addresses libostree can fetch from. file: is among them, as an administrator may have a local mirror. */
export function urlProblem(text: unknown, mayBeEmpty = false): string | undefined {
  if (mayBeEmpty && text === '') return undefined;
  if (typeof text !== 'string' || text.length > 2000 || hasControl(text)) return `“${shown(text)}” is no address`;
  return /^(mirrorlist=)?(https?|file):\/\/[^\s]+$/.test(text) ? undefined : `“${shown(text)}” is no http, https or file address`;
}

/** Keyrings of distributions are some 10 kB. */
const maxKeyBytes = 256 * 1024;

/** A key file's content in base64. */
export function keyProblem(text: unknown): string | undefined {
  if (typeof text !== 'string' || text === '') return 'the key is empty';
  if (text.length > (maxKeyBytes * 4) / 3 + 4) return `a key file has at most ${maxKeyBytes} bytes`;
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0 ? undefined : 'the key isn’t base64';
}

const maxFingerprints = 50;

/** Fingerprints the caller has seen: at least one, in the form the service tells them. */
export function fingerprintsProblem(texts: readonly string[]): string | undefined {
  if (texts.length === 0) return 'no fingerprint was named';
  if (texts.length > maxFingerprints) return `at most ${maxFingerprints} keys at once`;
  const odd = texts.find((text) => !/^[\w+/=:. -]{8,128}$/.test(text));
  return odd === undefined ? undefined : `“${shown(odd)}” is no fingerprint`;
}
