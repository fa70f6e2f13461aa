// SPDX-License-Identifier: LGPL-2.1-or-later
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { TreelineError, type ErrorCode, messageOf } from '../../../../shared/errors/index.ts';
import { readRegularFile } from '../../../files/index.ts';
import { didYouMean } from '../../base/names/nearest-key.ts';
import { syntaxProblem } from './treefile-parse.ts';
import { describeProblem } from './value-error.ts';

export interface StructuredFile<T> {
  readonly data: T;
  /** The line, from 1, in which the key or value at a path stands. */
  lineOf(path: readonly (string | number)[]): number;
}

interface Kind {
  /** Code of errors about the content. */
  readonly code: ErrorCode;
  /** Keys that a misspelt one may have meant. */
  readonly keys: readonly string[];
}

/** Read a JSON or YAML file by a schema. Errors name file, line and key: `kind.code`, file.unreadable. */
export function readStructured<S extends z.ZodType>(file: string, schema: S, kind: Kind): StructuredFile<z.output<S>> {
  const lines = new LineCounter();
  const document = parseDocument(readRegularFile(file).toString(), {
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
    logLevel: 'error',
  });
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const first = kind.keys[0] ?? '';
  const wrong = (offset: number, key: string, detail: string): TreelineError =>
    new TreelineError(kind.code, { file, line: lineAt(offset), key, detail });
  const problem = document.errors[0];
  if (problem) throw wrong(problem.pos[0], first, syntaxProblem(problem.message));
  // its text isn't repeated: any file may have been named
  if (!isMap(document.contents)) throw wrong(0, first, 'expected a map of keys to values');
  let value: unknown;
  try {
    value = document.toJS();
    JSON.stringify(value);
  } catch (error) {
    throw wrong(0, first, syntaxProblem(messageOf(error)));
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const { path, detail, unknown } = describeProblem(parsed.error, value);
    const hint = unknown === undefined ? '' : didYouMean(unknown, kind.keys);
    throw wrong(offsetOf(document.contents, path), path.join('.') || first, [detail, hint].filter(Boolean).join('. '));
  }
  return { data: parsed.data, lineOf: (path) => lineAt(offsetOf(document.contents, path)) };
}

const offsetIn = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);

/** Where the key or value at a path begins, or the nearest thing around it. */
function offsetOf(root: unknown, path: readonly (string | number)[]): number {
  let node: unknown = root;
  let offset = 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find((each) => isScalar(each.key) && String(each.key.value) === String(part));
      if (!pair) break;
      offset = offsetIn(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      offset = offsetIn(node) ?? offset;
    } else break;
  }
  return offset;
}
