import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { TreelineError } from '../../../shared/errors/index.ts';
import { aliases, nearestKey, treefileKeys, unsupportedKeys } from './treefile-keys.ts';

/** Where something stands in a text file; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface ParsedEntry {
  readonly key: string;
  readonly value: unknown;
  readonly place: Place;
  /** Places of the items when the value is a list. */
  readonly items: readonly Place[];
}

export interface ParsedFile {
  readonly path: string;
  /** Hex SHA-256 of the bytes. */
  readonly digest: string;
  readonly entries: readonly ParsedEntry[];
}

/** rpm's name of this machine's architecture, for `packages-$arch`. */
export const machineArch: string =
  { x64: 'x86_64', arm64: 'aarch64', ppc64: 'ppc64le', s390x: 's390x', riscv64: 'riscv64' }[process.arch as string] ?? process.arch;
const packagesPerArch = /^packages-(x86_64|aarch64|ppc64le|s390x|riscv64|i686|armhfp)$/;

/**
 * Read one treefile, YAML or JSON (which is YAML), and check every key and value. `display` is the name used in errors. Errors name
 * file, line and key: treefile.unreadable, treefile.syntax, treefile.unknown-key, treefile.invalid-value, not-supported.
 */
export function parseTreefile(file: string, display = file): ParsedFile {
  const bytes = read(file, display);
  const lines = new LineCounter();
  const document = parseDocument(bytes.toString('utf8'), { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file: display, line, column: col };
  };
  const problem = document.errors[0];
  if (problem) throw new TreelineError('treefile.syntax', { ...at(problem.pos[0]), detail: problem.message.split('\n')[0] ?? '' });
  return { path: file, digest: createHash('sha256').update(bytes).digest('hex'), entries: entries(document, at, display) };
}

function read(file: string, display: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new TreelineError('treefile.unreadable', { subject: display, detail: (error as Error).message });
  }
}

function entries(document: Document, at: (offset: number) => Place, display: string): ParsedEntry[] {
  const root = document.contents;
  if (!isMap(root))
    throw new TreelineError('treefile.syntax', { file: display, line: 1, detail: 'A treefile is a map of keys to values.' });
  return root.items.map((pair) => {
    const name = pair.key;
    const place = at((name as Node | null)?.range?.[0] ?? 0);
    if (!isScalar(name) || typeof name.value !== 'string')
      throw new TreelineError('treefile.syntax', { ...place, detail: 'A key must be a string.' });
    const key = aliases[name.value] ?? name.value;
    const value = (pair.value as Node | null)?.toJS(document) as unknown;
    const items = isSeq(pair.value) ? pair.value.items.map((item) => at((item as Node).range?.[0] ?? 0)) : [];
    return { key, value: checked(key, value, place, items), place, items };
  });
}

function checked(key: string, value: unknown, place: Place, items: readonly Place[]): unknown {
  const spec = treefileKeys[packagesPerArch.test(key) ? 'packages' : key];
  if (!spec) {
    if (unsupportedKeys.has(key)) throw new TreelineError('not-supported', { ...place, key, subject: `The treefile key “${key}”` });
    const near = nearestKey(key, [...Object.keys(treefileKeys), ...unsupportedKeys]);
    throw new TreelineError('treefile.unknown-key', { ...place, key, facts: { hint: near ? `Did you mean “${near}”?` : '' } });
  }
  const result = spec.schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const index = issue?.path[0];
  const where = typeof index === 'number' ? (items[index] ?? place) : place;
  throw new TreelineError('treefile.invalid-value', { ...where, key, detail: issue?.message ?? 'not a possible value' });
}

/** Resolve a path written in a treefile, relative to that file. */
export const beside = (file: string, name: string): string => path.resolve(path.dirname(file), name);

export const isArchPackages = (key: string): string | undefined => packagesPerArch.exec(key)?.[1];
