// SPDX-License-Identifier: LGPL-2.1-or-later
import { isImageReference } from '../domain/index.ts';
import { argumentLimits } from './wire/limits.ts';
import { asOptions, specOfOption } from './options.ts';
import { isVariantOf } from './wire/typed-body.ts';
import { Variant } from './wire/variant.ts';

/** The beginning of a text that is too long, with a sign that it is one. `most` in UTF-16 units. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

export function optionsProblem(options: unknown): string | undefined {
  for (const [key, variant] of Object.entries(asOptions(options))) {
    const spec = specOfOption(key);
    if (spec === undefined) continue;
    if (variant.signature !== spec.type) return `option “${key}” must be of type ${spec.type}, not ${cut(variant.signature, 40)}`;
    for (const text of isVariantOf(variant, 's') ? [variant.value] : isVariantOf(variant, '(ss)') ? variant.value : []) {
      if (hasControl(text)) return `option “${key}” holds control characters`;
      if (!spec.logged && text.length > argumentLimits.option) return `option “${key}” has more than ${argumentLimits.option} characters`;
    }
  }
  return undefined;
}

function firstOf<T>(list: readonly T[], problem: (item: T) => string | undefined): string | undefined {
  for (const item of list) {
    const found = problem(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What no method takes: lists without end, texts of megabytes, dictionaries of thousands of keys. */
export function argumentsProblem(list: readonly unknown[]): string | undefined {
  return firstOf(list, (value) => sizeProblem(value, keyTextLimit));
}

/** A key file in base64 is the longest text of all; it is an argument of its own. */
const keyTextLimit = 400 * 1024;

function sizeProblem(value: unknown, mostText: number): string | undefined {
  if (typeof value === 'string') return value.length > mostText ? `a text of ${value.length} characters` : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  if (value instanceof Variant) return sizeProblem(value.value, argumentLimits.text);
  if (Array.isArray(value)) {
    if (value.length > argumentLimits.list) return `a list of ${value.length} elements`;
    return firstOf(value, (item) => sizeProblem(item, argumentLimits.element));
  }
  const entries = Object.entries(value);
  if (entries.length > argumentLimits.keys) return `${entries.length} options`;
  return firstOf(entries, ([key, item]) => sizeProblem(key, argumentLimits.element) ?? sizeProblem(item, argumentLimits.text));
}

export const hasControl = (text: string): boolean => /[\u0000-\u001f\u007f]/.test(text);

/** A revision: checksum, version, `revision=X`, `version=X`, `:`; empty where that means "newest". */
export function revisionProblem(text: unknown, mayBeEmpty = false): string | undefined {
  if (typeof text !== 'string') return 'revision is missing';
  if (text === '') return mayBeEmpty ? undefined : 'revision is empty';
  if (text.length > 512 || hasControl(text) || text.startsWith('-')) return `“${text.slice(0, 80)}” is no revision`;
  return undefined;
}

/** What is wrong with an argument; a refspec has an error of its own on rpm-ostree's interfaces. */
export type Problem = string | { readonly refspec: string };

/**
 * `[ostree://][REMOTE:]REF` with the characters OSTree allows (ostree_parse_refspec), and no part that a path or an option could be; or a container image, whose name the
 * engine judges.
 */
export function refspecProblem(text: unknown): Problem | undefined {
  if (typeof text === 'string' && isImageReference(text) && text.length <= 512 && !/[\s\u0000-\u001f\u007f]/.test(text)) return undefined;
  if (
    typeof text !== 'string' ||
    !/^(ostree:\/\/)?([A-Za-z0-9_][\w.-]*:)?[A-Za-z0-9_][\w.+-]*(\/[A-Za-z0-9_][\w.+-]*)*$/.test(text) ||
    text.length > 512
  ) {
    return { refspec: `“${String(text).slice(0, 80)}” is no refspec ([REMOTE:]REF).` };
  }
  return undefined;
}

/** `OSNAME-CHECKSUM.SERIAL`; empty where that means the default. */
export function deploymentIdProblem(text: unknown, mayBeEmpty = false): string | undefined {
  if (mayBeEmpty && text === '') return undefined;
  return typeof text === 'string' && text.length <= 400 && /^[\w.+-]+-[0-9a-f]{64}\.\d+$/.test(text)
    ? undefined
    : `“${String(text).slice(0, 120)}” is no deployment (OSNAME-CHECKSUM.SERIAL)`;
}

export function kargsProblem(lists: readonly (readonly string[])[]): string | undefined {
  const all = lists.flat();
  if (all.length > maxKernelArguments) return `more than ${maxKernelArguments} kernel arguments`;
  for (const argument of all) {
    if (argument === '' || argument.length > 2048 || hasControl(argument)) return `“${argument.slice(0, 80)}” is no kernel argument`;
  }
  return undefined;
}

/** Arguments for dracut. */
export function initramfsProblem(regenerate: boolean, list: readonly string[]): string | undefined {
  if (!regenerate && list.length > 0) return 'arguments for an initramfs that isn’t made here';
  const wrong = list.find((argument) => argument === '' || argument.length > 4096 || hasControl(argument));
  return wrong === undefined ? undefined : `“${cut(wrong, 80)}” is no argument`;
}

/** Paths below /etc; the rest is looked at where the files are. */
export function etcFilesProblem(files: readonly string[]): string | undefined {
  const wrong = files.find((file) => !file.startsWith('/etc/') || file.length > 4096 || hasControl(file));
  return wrong === undefined ? undefined : `“${cut(wrong, 80)}” is no path below /etc`;
}

/** The kernel's own command line has room for 2048 bytes (arch/x86, COMMAND_LINE_SIZE). */
const maxKernelArguments = 512;

const cleanupElements = ['base', 'pending-deploy', 'rollback-deploy', 'repomd'];

export function cleanupProblem(list: readonly string[]): string | undefined {
  if (list.length === 0) return 'no element to clean up';
  if (new Set(list).size !== list.length) return 'an element twice';
  const unknown = list.find((element) => !cleanupElements.includes(element));
  return unknown === undefined ? undefined : `“${unknown.slice(0, 80)}” is none of ${cleanupElements.join(', ')}`;
}

export function nameProblem(text: unknown): string | undefined {
  return typeof text === 'string' && text.length <= 255 && /^[\w.+-]*$/.test(text)
    ? undefined
    : `“${String(text).slice(0, 80)}” is no name`;
}

export const first = (...problems: (Problem | undefined)[]): Problem | undefined => problems.find((problem) => problem !== undefined);
