// SPDX-License-Identifier: LGPL-2.1-or-later
import { fstatSync } from 'node:fs';
import { encodeVariant } from '../native/core/gvariant-format.ts';
import { baseArch } from '../native/dnf/base-arch.ts';
import { sendAsMemory } from '../native/linux/send-descriptor.ts';
import { listPackages } from './db-jobs.ts';

/** Where rpm-ostree's shared library expects the answer of the program that it runs, and the byte that it checks. */
const librarySocket = 3;
const answerMark = 0xff;

export type LibraryQuestion =
  | { readonly question: 'get-basearch' }
  | { readonly question: 'varsubst-basearch'; readonly source: string }
  | { readonly question: 'packagelist-from-commit'; readonly commit: string };

/** Answer the library over its socket; without one, for a person who asks: the lines of the answer. Throws the codes of db.list. */
export async function answerLibrary(asked: LibraryQuestion): Promise<readonly string[]> {
  const listening = isSocket(librarySocket);
  if (asked.question === 'packagelist-from-commit') {
    // the library runs us in the repository
    const [listing] = listPackages({ repo: '.', revisions: [asked.commit], patterns: [], advisories: false });
    const rows = (listing?.packages ?? []).map((p) => [p.name, String(p.epoch), p.version, p.release, p.arch]);
    if (!listening) return rows.map((row) => row.join(' '));
    sendAsMemory(librarySocket, encodeVariant('ma(sssss)', rows.length > 0 ? rows : null), answerMark);
    return [];
  }
  const arch = baseArch();
  const text = asked.question === 'get-basearch' ? arch : asked.source.replace(/\$(basearch\b|\{basearch\})/g, arch);
  if (!listening) return [text];
  sendAsMemory(librarySocket, encodeVariant('s', text), answerMark);
  return [];
}

function isSocket(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isSocket();
  } catch {
    return false;
  }
}
