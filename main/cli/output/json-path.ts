// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../shared/errors/index.ts';

type Step = { readonly kind: 'key'; readonly key: string } | { readonly kind: 'all' } | { readonly kind: 'index'; readonly index: number };

/**
 * All values at a JSONPath, the part of it that `status --jsonpath` needs: `$`, `.key`, `['key']`, `[N]`, `[-N]`, `[*]`, `.*`.
 * Throws usage.invalid on anything else.
 */
export function jsonPath(root: unknown, path: string): unknown[] {
  let values: unknown[] = [root];
  for (const step of parse(path)) values = values.flatMap((value) => children(value, step));
  return values;
}

function parse(path: string): Step[] {
  if (!path.startsWith('$')) throw bad(path, 'it must start with $');
  const steps: Step[] = [];
  let rest = path.slice(1);
  while (rest !== '') {
    const match = /^(?:\.(\*)|\.([\w-]+)|\[(\*)\]|\[(-?\d+)\]|\['([^']*)'\]|\["([^"]*)"\])/.exec(rest);
    if (!match) throw bad(path, `“${rest}” isn’t understood`);
    const [all, star, key, bracketStar, index, single, double] = match;
    rest = rest.slice(all.length);
    if (star || bracketStar) steps.push({ kind: 'all' });
    else if (index !== undefined) steps.push({ kind: 'index', index: Number(index) });
    else steps.push({ kind: 'key', key: key ?? single ?? double ?? '' });
  }
  return steps;
}

function children(value: unknown, step: Step): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (step.kind === 'all') return Object.values(value);
  if (step.kind === 'index') {
    const at: unknown = Array.isArray(value) ? value.at(step.index) : undefined;
    return at === undefined ? [] : [at];
  }
  return Object.hasOwn(value, step.key) ? [Reflect.get(value, step.key)] : [];
}

const bad = (path: string, why: string): TreelineError => new TreelineError('usage.invalid', { detail: `JSONPath “${path}”: ${why}` });
