// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import path from 'node:path';
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node, type YAMLMap } from 'yaml';
import { TreelineError, type ErrorReport, messageOf } from '../../../../shared/errors/index.ts';
import { readRegularFile } from '../../../files/index.ts';
import { parseKickstart } from './kickstart.ts';
import { didYouMean } from '../../base/names/nearest-key.ts';
import { aliases, refusedKeys, treefileKeys } from './treefile-keys.ts';
import { splitPackages } from './treefile-values.ts';
import { describeProblem } from './value-error.ts';

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
  /** Of lists of packages, whose entries may name several: the place of each name. */
  readonly places?: readonly Place[];
  /** Of conditional-include: the entries of treefiles written in place, by their index. */
  readonly inline?: ReadonlyMap<number, readonly ParsedEntry[]>;
}

export interface ParsedFile {
  readonly path: string;
  /** Hex SHA-256 of the bytes. */
  readonly digest: string;
  readonly entries: readonly ParsedEntry[];
  /** What is ignored, and why. */
  readonly warnings: readonly ErrorReport[];
}

const packagesPerArch = /^packages-(.+)$/;
/** Those that rpm names (rpmrc) and somebody composes or composed for. */
const knownArchs: ReadonlySet<string> = new Set(
  'aarch64 alpha arm armhfp armv7hl i386 i686 ia64 loongarch64 mips mips64el mipsel ppc ppc64 ppc64le riscv64 s390 s390x sparc64 x86_64'.split(
    ' ',
  ),
);

/**
 * Read one treefile (YAML, JSON which is YAML, or a kickstart) and check every key and value. `display` is the name used in errors. An unknown key is
 * an error; in JSON, where it is rpm-ostree's way to write a comment, a warning. Errors name file, line and key: treefile.unreadable,
 * treefile.syntax, treefile.unknown-key, treefile.refused-key, treefile.invalid-value. `draft`: to be taken for the file's content.
 */
export function parseTreefile(file: string, display = file, draft?: string): ParsedFile {
  const bytes = draft === undefined ? read(file, display) : Buffer.from(draft);
  const text = bytes.toString('utf8');
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (file.endsWith('.ks')) return { path: file, digest, ...parseKickstart(text, display) };
  const reader = new Reader(text, display, isJson(file, text));
  return { path: file, digest, entries: reader.entries(), warnings: reader.warnings };
}

function read(file: string, display: string): Buffer {
  try {
    return readRegularFile(file);
  } catch (error) {
    throw new TreelineError(
      'treefile.unreadable',
      { subject: display, detail: TreelineError.report(error).detail ?? '' },
      { cause: error },
    );
  }
}

function isJson(file: string, text: string): boolean {
  const extension = path.extname(file);
  return extension === '.json' || (!['.yaml', '.yml'].includes(extension) && text.trimStart().startsWith('{'));
}

/** Any file may be named as an include: of one that isn't a treefile, no word is repeated. */
const looksLikeKey = (name: string): boolean => /^[A-Za-z$_][\w.$-]{0,63}$/.test(name);

/** The YAML reader's words about a mistake, without the text that it found there. */
export const syntaxProblem = (message: string): string =>
  (message.split('\n')[0] ?? '').replace(/: .*$/, '').replace(/ (sequence|character) .*$/, ' $1');

interface Member {
  readonly name: string;
  readonly at: Node | null;
  readonly value: Node | null;
}

/** What a document holds at a place; null where that is nothing. */
const nodeOf = (value: unknown): Node | null => (isNode(value) ? value : null);

class Reader {
  readonly warnings: ErrorReport[] = [];
  readonly #document: Document;
  readonly #lines = new LineCounter();
  readonly #display: string;
  readonly #json: boolean;
  readonly #empty: boolean;

  constructor(text: string, display: string, json: boolean) {
    this.#display = display;
    this.#json = json;
    this.#empty = text.trim() === '';
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      uniqueKeys: true,
      intAsBigInt: true,
      merge: true,
      prettyErrors: false,
      logLevel: 'error',
    });
    const problem = this.#document.errors[0] ?? this.#document.warnings[0];
    if (problem) {
      const detail = syntaxProblem(problem.message);
      throw new TreelineError('treefile.syntax', {
        ...this.#at(problem.pos[0]),
        detail: problem.code === 'DUPLICATE_KEY' ? 'The same key stands here twice.' : detail,
      });
    }
  }

  entries(): ParsedEntry[] {
    const root = this.#document.contents;
    // nothing but comments: a file whose lines were all taken out for now
    if ((root === null || (isScalar(root) && root.value === null)) && !this.#json && !this.#empty) return [];
    if (!isMap(root))
      throw new TreelineError('treefile.syntax', { file: this.#display, line: 1, detail: 'A treefile is a map of keys to values.' });
    return this.#entriesOf(root);
  }

  #entriesOf(map: YAMLMap): ParsedEntry[] {
    const seen = new Map<string, Place>();
    return this.#members(map, new Set()).flatMap(({ name, at, value }) => {
      const place = this.#placeOf(at);
      const key = aliases[name] ?? name;
      const before = seen.get(key);
      if (before)
        throw new TreelineError('treefile.syntax', {
          ...place,
          key: name,
          detail: `“${key}” stands in line ${before.line} already, in another spelling.`,
        });
      seen.set(key, place);
      return this.#entry(key, place, value);
    });
  }

  /** A map's pairs, with those that `<<` brings in; own ones win. */
  #members(map: YAMLMap, within: ReadonlySet<YAMLMap>): Member[] {
    if (within.has(map)) throw new TreelineError('treefile.syntax', { ...this.#placeOf(map), detail: 'The map contains itself.' });
    const members: Member[] = [];
    const merged: Member[] = [];
    for (const { key: given, value: said } of map.items) {
      const pair = { key: nodeOf(given), value: nodeOf(said) };
      const name: unknown = isScalar(pair.key) ? pair.key.value : undefined;
      if (typeof name === 'symbol' || name === '<<') {
        const sources = isSeq(pair.value) ? pair.value.items.map(nodeOf) : [pair.value];
        for (const source of sources) {
          const target = this.#resolved(source);
          if (!isMap(target))
            throw new TreelineError('treefile.syntax', { ...this.#placeOf(pair.key), key: '<<', detail: '“<<” takes an alias of a map.' });
          merged.push(...this.#members(target, new Set([...within, map])));
        }
      } else if (typeof name === 'string' && !looksLikeKey(name))
        throw new TreelineError('treefile.syntax', {
          ...this.#placeOf(pair.key),
          detail: 'No key of a treefile looks like this: is it one?',
        });
      else if (typeof name === 'string') members.push({ name, at: pair.key, value: pair.value });
      else throw new TreelineError('treefile.syntax', { ...this.#placeOf(pair.key), detail: 'A key must be a string.' });
    }
    const names = new Set(members.map((m) => m.name));
    for (const member of merged) {
      if (names.has(member.name)) continue;
      names.add(member.name);
      members.push(member);
    }
    return members;
  }

  #entry(key: string, place: Place, node: Node | null): ParsedEntry[] {
    const arch = isArchPackages(key);
    const spec = treefileKeys[arch === undefined ? key : 'packages'];
    if (!spec) {
      const reason = refusedKeys[key];
      if (reason !== undefined) throw new TreelineError('treefile.refused-key', { ...place, key, detail: reason });
      const hint = didYouMean(key, [...Object.keys(treefileKeys), ...Object.keys(refusedKeys)]);
      const unknown = { ...place, key, facts: { hint } };
      if (!this.#json) throw new TreelineError('treefile.unknown-key', unknown);
      this.warnings.push({ code: 'treefile.unknown-key', ...unknown });
      return [];
    }
    const value = this.#plain(node, place, key);
    // a key whose lines were all taken out says nothing
    if (value === null) return [];
    if (arch !== undefined && !knownArchs.has(arch))
      this.warnings.push({ code: 'treefile.unknown-key', ...place, key, facts: { hint: `No architecture of rpm’s is called ${arch}.` } });
    if (key === 'rojig')
      this.warnings.push({ code: 'treefile.unknown-key', ...place, key, facts: { hint: 'It is obsolete and makes nothing.' } });
    const result = spec.schema.safeParse(value);
    if (!result.success) {
      const { path: inside, detail, unknown } = describeProblem(result.error, value);
      const where = this.#placeIn(node, inside) ?? place;
      const hint = unknown === undefined ? '' : didYouMean(unknown, ['repo', 'packages', 'if', 'include', 'type', 'filename', 'entries']);
      throw new TreelineError('treefile.invalid-value', { ...where, key, detail: [detail, hint].filter(Boolean).join('. ') });
    }
    const list = this.#resolved(node);
    const items = isSeq(list) ? list.items.map((item) => this.#placeOf(nodeOf(item), place)) : [];
    const perName = spec === treefileKeys['packages'] || key.endsWith('-packages') ? namePlaces(value, items) : undefined;
    const inline = key === 'conditional-include' && isSeq(list) ? this.#inline(list.items.map(nodeOf)) : undefined;
    return [{ key, value: result.data, place, items, ...(perName ? { places: perName } : {}), ...(inline ? { inline } : {}) }];
  }

  /** Treefiles written in place, checked as files are. */
  #inline(items: readonly (Node | null)[]): Map<number, readonly ParsedEntry[]> {
    const found = new Map<number, readonly ParsedEntry[]>();
    items.forEach((item, i) => {
      const condition = this.#resolved(item);
      const include = isMap(condition) ? this.#resolved(nodeOf(condition.get('include', true))) : null;
      if (isMap(include)) found.set(i, this.#entriesOf(include));
    });
    return found;
  }

  /** A node as plain values. What refers to itself, or multiplies by aliases without end, is refused. */
  #plain(node: Node | null, place: Place, key: string): unknown {
    try {
      const value: unknown = node?.toJS(this.#document);
      JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
      return withNumbers(value ?? null, keepsNumbers.has(key) ? (exact) => exact : String);
    } catch (error) {
      const detail = error instanceof TypeError ? 'it contains itself' : syntaxProblem(messageOf(error));
      throw new TreelineError('treefile.syntax', { ...place, key, detail: `“${key}”: ${detail}.` });
    }
  }

  #resolved(node: Node | null): Node | null {
    return isAlias(node) ? nodeOf(node.resolve(this.#document)) : node;
  }

  /** Where the value at a path inside of a node stands, or the nearest thing around it. */
  #placeIn(node: Node | null, inside: readonly (string | number)[]): Place | undefined {
    let at = this.#resolved(node);
    let place: Place | undefined;
    for (const part of inside) {
      let next: Node | null | undefined;
      if (isMap(at)) {
        const pair = at.items.find((each) => isScalar(each.key) && String(each.key.value) === String(part));
        if (!pair) break;
        place = this.#placeOf(nodeOf(pair.key), place);
        next = nodeOf(pair.value);
      } else if (isSeq(at)) {
        next = nodeOf(at.items[Number(part)]);
        if (next) place = this.#placeOf(next, place);
      }
      if (!next) break;
      at = this.#resolved(next);
    }
    return place;
  }

  #placeOf(node: Node | null, otherwise?: Place): Place {
    const offset = node?.range?.[0];
    return offset === undefined ? (otherwise ?? this.#at(0)) : this.#at(offset);
  }

  #at(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.#display, line: Math.max(1, line), column: Math.max(1, col) };
  }
}

/** Whose values are handed on as they are. */
const keepsNumbers: ReadonlySet<string> = new Set(['add-commit-metadata', 'metadata']);

/** Integers as numbers; those that are too large to be exact as such, as `large` has them. */
export function withNumbers(value: unknown, large: (exact: bigint) => unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : large(value);
  if (Array.isArray(value)) return value.map((inner) => withNumbers(inner, large));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withNumbers(inner, large)]));
}

const namePlaces = (value: unknown, items: readonly Place[]): Place[] =>
  (Array.isArray(value) ? value : []).flatMap((entry: unknown, i) => {
    const place = items[i];
    return typeof entry === 'string' && place ? splitPackages(entry).map(() => place) : [];
  });

/** Resolve a path written in a treefile, relative to that file. */
export const beside = (file: string, name: string): string => path.resolve(path.dirname(file), name);

/** The architecture of a key like `packages-x86_64`. */
export const isArchPackages = (key: string): string | undefined =>
  refusedKeys[key] === undefined ? packagesPerArch.exec(key)?.[1] : undefined;
