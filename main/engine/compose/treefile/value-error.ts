// SPDX-License-Identifier: LGPL-2.1-or-later
import type { z } from 'zod';
import { didYouMean } from '../../base/names/nearest-key.ts';

type Issue = z.core.$ZodIssue;

/** What is wrong with a value, and where inside it. */
export interface ValueProblem {
  readonly path: readonly (string | number)[];
  /** A key inside that isn't one. */
  readonly unknown?: string;
  readonly detail: string;
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  record: 'a map',
  object: 'a map',
};

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return `the text “${value.length > 40 ? `${value.slice(0, 39)}…` : value}”`;
  return typeof value === 'boolean' ? String(value) : `the number ${String(value)}`;
}

const at = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((inner, part) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, part) : undefined), value);

const plain = (path: readonly PropertyKey[]): (string | number)[] => path.filter((p) => typeof p !== 'symbol');

/** Put the first thing that a schema finds into words: what was expected, and what is there instead. */
export function describeProblem(error: { readonly issues: readonly Issue[] }, value: unknown): ValueProblem {
  const issue = error.issues[0];
  return issue ? problemOf(issue, value) : { path: [], detail: 'it isn’t a possible value' };
}

function problemOf(issue: Issue, root: unknown): ValueProblem {
  const path = plain(issue.path);
  const found = at(root, path);
  switch (issue.code) {
    case 'invalid_type':
      return { path, detail: `expected ${kinds[issue.expected] ?? issue.expected}, found ${kindOf(found)}` };
    case 'invalid_value': {
      const values = issue.values.map(String);
      const near = typeof found === 'string' ? didYouMean(found, values) : '';
      return { path, detail: `expected ${values.join(', ')}; found ${kindOf(found)}${near ? `. ${near}` : ''}` };
    }
    case 'unrecognized_keys': {
      const unknown = issue.keys[0] ?? '';
      return { path: [...path, unknown], unknown, detail: `“${unknown}” isn’t a key here` };
    }
    case 'invalid_union':
      return ofUnion(issue, path, root);
    case 'too_small':
    case 'too_big':
      return { path, detail: sizeProblem(issue, found) };
    case 'invalid_key': {
      const inner = issue.issues[0];
      return { path, detail: `“${String(issue.path.at(-1) ?? '')}”: ${inner?.message ?? 'not a possible name'}` };
    }
    default:
      return { path, detail: issue.message };
  }
}

function ofUnion(issue: Extract<Issue, { code: 'invalid_union' }>, path: (string | number)[], root: unknown): ValueProblem {
  const problems = issue.errors.flatMap((issues) => (issues[0] ? [issues[0]] : []));
  // the alternative whose kind fits says most
  const deeper = problems.find((each) => each.path.length > 0 || each.code !== 'invalid_type');
  if (deeper && deeper.code !== 'invalid_value') return prefixed(path, problemOf(deeper, at(root, path)));
  const expected = problems.flatMap((each) => {
    if (each.code === 'invalid_type') return [kinds[each.expected] ?? each.expected];
    return each.code === 'invalid_value' ? each.values.map(String) : [];
  });
  const options = 'discriminator' in issue && 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
  const words = [...new Set([...expected, ...options])];
  const found = at(root, path);
  const near = options.length > 0 && typeof found === 'string' ? didYouMean(found, options) : '';
  return { path, detail: `expected ${words.join(' or ') || 'another value'}, found ${kindOf(found)}${near ? `. ${near}` : ''}` };
}

const prefixed = (path: readonly (string | number)[], problem: ValueProblem): ValueProblem => ({
  ...problem,
  path: [...path, ...problem.path],
});

function sizeProblem(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>, found: unknown): string {
  if (typeof found === 'string')
    return issue.code === 'too_small' && found === '' ? 'it is empty' : `expected exactly one character, found “${found}”`;
  if (!issue.message.startsWith('Too ') && !issue.message.startsWith('Invalid')) return issue.message;
  const bound = issue.code === 'too_small' ? `at least ${String(issue.minimum)}` : `at most ${String(issue.maximum)}`;
  return Array.isArray(found) ? `expected ${bound} entries, found ${found.length}` : `expected ${bound}, found ${String(found)}`;
}
