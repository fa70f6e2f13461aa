// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import { didYouMean } from '../../base/names/nearest-key.ts';
import type { Place } from './treefile-parse.ts';

type Scalar = string | number | boolean;

const isScalar = (value: unknown): value is Scalar => ['string', 'number', 'boolean'].includes(typeof value);

const form = /^\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*(==|!=|<=|>=|<|>)\s*(.+?)\s*$/s;

/**
 * True if `NAME OP VALUE` holds; VALUE is true, false, a number, or text in quotes. Numbers are compared as numbers, also where one of the two is
 * text that reads as one; text by its characters. Throws treefile.invalid-value at `place`.
 */
export function holds(condition: string, variables: Readonly<Record<string, unknown>>, place: Place): boolean {
  const wrong = (detail: string): TreelineError =>
    new TreelineError('treefile.invalid-value', { ...place, key: 'conditional-include', detail });
  const [, name = '', operator = '', written = ''] = form.exec(condition) ?? [];
  if (operator === '') throw wrong(`“${condition}” isn’t a condition: expected NAME OP VALUE with OP one of == != < <= > >=`);
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (!isScalar(value)) {
    const known = Object.keys(variables).sort();
    throw wrong(`there is no variable “${name}”; there are: ${known.join(', ')}. ${didYouMean(name, known)}`.trim());
  }
  const compared = literal(written);
  if (compared === undefined) throw wrong(`“${written}” is neither true, false, a number, nor text in quotes: "${written}"`);
  const order = compare(value, compared);
  if (operator === '==') return order === 0;
  if (operator === '!=') return order !== 0;
  if (order === undefined) throw wrong(`“${name}” is ${JSON.stringify(value)}, which can’t be ordered against ${written}`);
  return { '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[operator] ?? false;
}

function literal(text: string): Scalar | undefined {
  if (text === 'true' || text === 'false') return text === 'true';
  const quoted = /^(["'])(.*)\1$/s.exec(text);
  if (quoted) return quoted[2] ?? '';
  return numberOf(text);
}

const numberOf = (value: Scalar): number | undefined => {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
};

/** Negative, zero or positive; undefined when the two have no order and aren't equal. */
function compare(a: Scalar, b: Scalar): number | undefined {
  if (typeof a === 'boolean' || typeof b === 'boolean') return a === b ? 0 : undefined;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  const [left, right] = [numberOf(a), numberOf(b)];
  return left === undefined || right === undefined ? undefined : left - right;
}
