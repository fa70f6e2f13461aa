// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Evr, Package } from './schemas/package.ts';

const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isAlpha = (c: number): boolean => (c >= 65 && c <= 90) || (c >= 97 && c <= 122);
const isSegment = (c: number): boolean => isDigit(c) || isAlpha(c) || c === 126 || c === 94;

/**
 * Compare two version or release strings as rpm does (rpm-version(7), rpmio/rpmvercmp.c): runs of digits as numbers, runs
 * of ASCII letters as text, `~` before everything, `^` after the base but before a longer one; all else only separates.
 * Returns -1, 0 or 1.
 */
export function compareVersions(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while (i < a.length && !isSegment(a.charCodeAt(i))) i++;
    while (j < b.length && !isSegment(b.charCodeAt(j))) j++;
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(j);
    if (x === 126 || y === 126) {
      if (x !== 126) return 1;
      if (y !== 126) return -1;
      i++;
      j++;
      continue;
    }
    if (x === 94 || y === 94) {
      if (i >= a.length) return -1;
      if (j >= b.length) return 1;
      if (x !== 94) return 1;
      if (y !== 94) return -1;
      i++;
      j++;
      continue;
    }
    if (i >= a.length || j >= b.length) break;
    const numeric = isDigit(x);
    const kind = numeric ? isDigit : isAlpha;
    const startA = i;
    const startB = j;
    while (i < a.length && kind(a.charCodeAt(i))) i++;
    while (j < b.length && kind(b.charCodeAt(j))) j++;
    if (j === startB) return numeric ? 1 : -1;
    const order = numeric ? compareDigits(a.slice(startA, i), b.slice(startB, j)) : compareText(a.slice(startA, i), b.slice(startB, j));
    if (order !== 0) return order;
  }
  if (i >= a.length && j >= b.length) return 0;
  return i >= a.length ? -1 : 1;
}

function compareDigits(a: string, b: string): -1 | 0 | 1 {
  const x = a.replace(/^0+/, '');
  const y = b.replace(/^0+/, '');
  if (x.length !== y.length) return x.length < y.length ? -1 : 1;
  return compareText(x, y);
}

function compareText(a: string, b: string): -1 | 0 | 1 {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Compare epoch, then version, then release; -1, 0 or 1. */
export function compareEvr(a: Evr, b: Evr): -1 | 0 | 1 {
  if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1;
  return compareVersions(a.version, b.version) || compareVersions(a.release, b.release);
}

/** `[epoch:]version-release`, the epoch only when it isn't 0, as rpm and dnf print it. */
export function formatEvr(evr: Evr): string {
  return `${evr.epoch > 0 ? `${evr.epoch}:` : ''}${evr.version}-${evr.release}`;
}

/** `name-[epoch:]version-release.arch`, without the architecture where that isn't known. */
export function formatNevra(p: Package): string {
  return `${p.name}-${formatEvr(p)}${p.arch && `.${p.arch}`}`;
}

/** Parse `[epoch:]version-release`; undefined when there is no release. */
export function parseEvr(text: string): Evr | undefined {
  const m = /^(?:(\d+):)?([^:-]+)-([^:-]+)$/.exec(text);
  return m ? { epoch: Number(m[1] ?? 0), version: m[2] ?? '', release: m[3] ?? '' } : undefined;
}

/** Parse `name-[epoch:]version-release.arch`; undefined when it isn't one. */
export function parseNevra(text: string): Package | undefined {
  const m = /^(.+)-((?:\d+:)?[^:-]+-[^:-]+)\.([^.-]+)$/.exec(text);
  const evr = m && parseEvr(m[2] ?? '');
  return evr ? { name: m[1] ?? '', arch: m[3] ?? '', ...evr } : undefined;
}

/** The name in a NEVRA; the text itself when it isn't one. */
export const nameInNevra = (nevra: string): string => parseNevra(nevra)?.name ?? nevra;
