// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';

/** What values of treefile keys look like. One source for validation, types, the JSON Schema and the editor's completion. */
export const text = z.string();
export const word = z.string().min(1);
export const texts = z.array(text);
export const words = z.array(word);
export const flag = z.boolean();
/** A string, or a list of them. */
export const oneOrMore = z.union([word.transform((t) => [t]), words]);
/** Numbers are taken as they are written. */
export const textOrNumber = z.union([word, z.number().transform(String)]);
export const scalar = z.union([text, z.number(), z.boolean()]);

/** Package names, each entry split at blanks; single quotes keep a version query together. */
export const packageList = texts.transform((entries) => entries.flatMap(splitPackages));

/** Split `a b 'c >= 2'` into a, b, `c >= 2`. */
export function splitPackages(entry: string): string[] {
  return [...entry.matchAll(/'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2] ?? '').filter((t) => t.trim() !== '');
}

const id = z.number().int().min(0);
export const userCheck = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('none') }),
  z.strictObject({ type: z.literal('previous') }),
  z.strictObject({ type: z.literal('file'), filename: word }),
  z.strictObject({ type: z.literal('data'), entries: z.record(text, z.union([id, z.array(id).min(1).max(2)])) }),
]);

export const metadataPlace = z.enum(['inline', 'detached', 'disabled']);

const reserved: ReadonlySet<string> = new Set(['basearch', 'releasever']);
const notReserved = (name: string): boolean => !reserved.has(name);
const reservedError = 'basearch and releasever have values of their own; use the keys of these names';
const variableName = word
  .regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, 'a name has letters, digits, “_”, “-” and “.” only')
  .refine(notReserved, reservedError);
export const variables = z.record(variableName, scalar);
export const repovars = z.record(variableName, textOrNumber);

/** Once the description of an RPM package that held a commit. */
export const rojig = z.strictObject({ name: word, summary: text, license: text, description: text.optional() });

export const repoPackages = z.array(z.strictObject({ repo: word, packages: packageList }));

/** The reader checks an inline treefile with the keys' own checks, so that its errors have lines. */
export const conditionalInclude = z.array(
  z.strictObject({ if: oneOrMore, include: z.union([word.transform((t) => [t]), words, z.record(text, z.unknown())]) }),
);

/** Where files may be put: what isn't in /usr or /etc is no part of a tree. */
const addFileTarget = word.refine((target) => {
  const relative = target.replace(/^\/+/, '');
  if (relative.split('/').includes('..')) return false;
  return /^(usr|etc|bin|sbin|lib|lib64)\//.test(relative) && !relative.startsWith('usr/local/');
}, 'a file can be put below /usr (not /usr/local) or /etc only');
export const addFiles = z.array(z.tuple([word, addFileTarget]));

/** A package, then patterns of the files to leave out of it. */
export const removeFromPackages = z.array(
  z
    .array(text)
    .min(2, 'a package and at least one pattern')
    .refine((entry) => entry.slice(1).every(isPattern), 'after the package come regular expressions, and one of these isn’t one'),
);

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern) instanceof RegExp;
  } catch {
    return false;
  }
}
