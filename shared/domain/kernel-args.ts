// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../errors/index.ts';
import { argChanges } from './dropped.ts';
import type { ArgChanges } from './schemas/host.ts';

/** One kernel argument. `raw` is its exact text, quotes included; `value` is undefined for a KEY without `=`. */
export interface KernelArg {
  readonly raw: string;
  readonly key: string;
  readonly value: string | undefined;
}

/** What the kernel's isspace() takes for a blank, of ASCII. */
const blank = /[\t-\r ]/;

/**
 * Split a command line as the kernel does (lib/cmdline.c next_arg): blanks separate, except between double quotes, which may
 * stand anywhere and have no escape. Joining `raw` with blanks gives an equal command line.
 */
export function parseKernelArgs(commandLine: string): KernelArg[] {
  const args: KernelArg[] = [];
  let start = -1;
  let quoted = false;
  for (let i = 0; i <= commandLine.length; i++) {
    const c = commandLine[i];
    const end = c === undefined || (!quoted && blank.test(c));
    if (end && start >= 0) {
      args.push(parseOne(commandLine.slice(start, i)));
      start = -1;
    } else if (!end && start < 0) start = i;
    if (c === '"') quoted = !quoted;
  }
  return args;
}

/** KEY and VALUE of one argument: the whole of it or only its value may be quoted. */
function parseOne(raw: string): KernelArg {
  const whole = raw.startsWith('"') ? raw.slice(1).replace(/"$/, '') : raw;
  const equals = whole.indexOf('=');
  if (equals < 0) return { raw, key: whole, value: undefined };
  const value = whole.slice(equals + 1);
  return { raw, key: whole.slice(0, equals), value: value.startsWith('"') ? value.slice(1).replace(/"$/, '') : value };
}

export function formatKernelArgs(args: readonly KernelArg[]): string {
  return args.map((arg) => arg.raw).join(' ');
}

/** One argument as a person gives it: a value with blanks is put in quotes. Throws `kargs.invalid` for what the kernel can't read back. */
export function kernelArg(text: string): KernelArg {
  const fail = (detail: string): never => {
    throw new TreelineError('kargs.invalid', { subject: text, detail });
  };
  const trimmed = text.trim();
  if (trimmed === '') fail('it is empty');
  if (/[\0-\x08\x0a-\x1f\x7f]/.test(trimmed)) fail('it holds a control character');
  if ((trimmed.split('"').length - 1) % 2 !== 0) fail('a double quote isn’t closed');
  const parsed = parseKernelArgs(trimmed);
  const [misread] = trimmed.match(/[^\x00-\x7f]/gu)?.filter((c) => new TextEncoder().encode(c).includes(0xa0)) ?? [];
  // Latin-1's no-break space is one of its blanks, wherever the byte stands
  if (misread !== undefined && !trimmed.includes('"')) fail(`the kernel takes a byte of “${misread}” for a blank, unless it is in quotes`);
  let [arg] = parsed;
  if (parsed.length > 1) {
    if (trimmed.includes('"')) fail('quotes and blanks can’t be combined like this');
    const equals = trimmed.indexOf('=');
    if (equals < 0 || /\s/.test(trimmed.slice(0, equals))) fail('a key can’t hold blanks');
    arg = parseOne(`${trimmed.slice(0, equals)}="${trimmed.slice(equals + 1)}"`);
  }
  if (!arg || arg.key === '' || /\s/.test(arg.key)) return fail('the key is missing or holds blanks');
  return arg;
}

export interface KargsChange {
  readonly append: readonly string[];
  readonly replace: readonly string[];
  readonly remove: readonly string[];
  readonly appendIfMissing: readonly string[];
  readonly deleteIfPresent: readonly string[];
  /** Whole replacement; the other lists are applied on top of it. */
  readonly finalKargs?: string;
}

const same = (a: KernelArg, b: KernelArg): boolean => a.key === b.key && a.value === b.value;

/**
 * Apply changes in rpm-ostree's order: replace, delete, append. Only exactly what is named is touched. What follows `--` belongs to
 * init and is left alone. Throws `kargs.not-found`, `kargs.ambiguous`, `kargs.invalid`.
 */
export function changeKernelArgs(current: readonly KernelArg[], change: KargsChange): KernelArg[] {
  const base = change.finalKargs === undefined ? [...current] : parseKernelArgs(change.finalKargs).map((a) => kernelArg(a.raw));
  const split = base.findIndex((a) => a.raw === '--');
  const args = split < 0 ? base : base.slice(0, split);
  const forInit = split < 0 ? [] : base.slice(split);
  for (const text of change.replace) replaceOne(args, text);
  for (const text of change.remove) removeOne(args, kernelArg(text));
  for (const text of change.deleteIfPresent) removeAll(args, kernelArg(text));
  for (const text of change.append) args.push(kernelArg(text));
  for (const text of change.appendIfMissing) {
    const arg = kernelArg(text);
    if (!args.some((a) => same(a, arg))) args.push(arg);
  }
  return [...args, ...forInit];
}

/** What a change makes of a line, before anything is changed. */
export interface KargsPreview {
  readonly before: string;
  readonly after: string;
  /** Missing: nothing, or only the order. */
  readonly changes?: ArgChanges;
}

/** Throws as changeKernelArgs() does. */
export function previewKernelArgs(line: string, change: KargsChange): KargsPreview {
  const current = parseKernelArgs(line);
  const next = changeKernelArgs(current, change);
  const changes = argChanges(
    current.map((arg) => arg.raw),
    next.map((arg) => arg.raw),
  );
  return { before: formatKernelArgs(current), after: formatKernelArgs(next), ...(changes ? { changes } : {}) };
}

function ambiguous(key: string, found: readonly KernelArg[]): never {
  throw new TreelineError('kargs.ambiguous', { subject: key, detail: found.map((a) => a.raw).join(', ') });
}

/** KEY=NEW, or KEY=OLD=NEW where OLD is a value that KEY has now: values such as LABEL=x hold `=` themselves. */
function replaceOne(args: KernelArg[], text: string): void {
  const wanted = kernelArg(text);
  const candidates = args.filter((a) => a.key === wanted.key);
  const [first] = candidates;
  if (!first) throw new TreelineError('kargs.not-found', { subject: wanted.key });
  for (const candidate of candidates) {
    if (candidate.value === undefined || !wanted.value?.startsWith(`${candidate.value}=`)) continue;
    args[args.indexOf(candidate)] = kernelArg(`${wanted.key}=${wanted.value.slice(candidate.value.length + 1)}`);
    return;
  }
  if (!candidates.every((a) => same(a, first))) ambiguous(wanted.key, candidates);
  args[args.indexOf(first)] = wanted;
}

/** KEY names a lone one of any value; KEY=VALUE names exactly that. Of equal ones the last goes. */
function matches(args: readonly KernelArg[], wanted: KernelArg): KernelArg[] {
  const exact = args.filter((a) => same(a, wanted));
  if (exact.length > 0 || wanted.value !== undefined) return exact;
  const byKey = args.filter((a) => a.key === wanted.key);
  const [first] = byKey;
  if (first && !byKey.every((a) => same(a, first))) ambiguous(wanted.key, byKey);
  return byKey;
}

function removeOne(args: KernelArg[], wanted: KernelArg): void {
  const found = matches(args, wanted).at(-1);
  if (!found) throw new TreelineError('kargs.not-found', { subject: wanted.raw });
  args.splice(args.indexOf(found), 1);
}

function removeAll(args: KernelArg[], wanted: KernelArg): void {
  for (const found of matches(args, wanted)) args.splice(args.indexOf(found), 1);
}
