// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { TreelineError, type ErrorReport } from '../../../../shared/errors/index.ts';
import { hasShape, isObject } from '../../../files/index.ts';
import { holds } from './conditions.ts';
import { treefileKeys, type TreefileKeyName, type WrittenValue } from './treefile-keys.ts';
import { machineArch } from '../../base/names/machine-arch.ts';
import { beside, isArchPackages, parseTreefile, type ParsedEntry, type ParsedFile, type Place } from './treefile-parse.ts';

/** What one treefile, or several together, say. */
export interface Merged {
  readonly values: Map<string, unknown>;
  readonly places: Map<string, Place>;
  readonly files: { path: string; digest: string }[];
  readonly warnings: ErrorReport[];
  /** Directories of the files read, in the order their finalize.d would run. */
  readonly directories: string[];
  /** Paths of files that the treefiles give as absolute ones. */
  readonly absolute: Set<string>;
}

export interface RepoPackages {
  readonly repo: string;
  readonly packages: readonly string[];
  readonly place: Place;
}

export type PostprocessStep = { readonly inline: string; readonly place: Place } | { readonly script: string; readonly place: Place };

const itemKey = (key: string, item: string): string => `${key}\0${item}`;

/** Where a key, or an item of a list, stands. */
export const placeIn = (places: ReadonlyMap<string, Place>, key: string, item?: string): Place | undefined =>
  places.get(item === undefined ? key : itemKey(key, item)) ?? places.get(key);

const deepest = 50;

/** Reads a treefile with everything that it includes. */
export class TreefileLoader {
  /** Real path of a file -> what included it, where. */
  readonly #seen = new Map<string, Place | undefined>();

  load(absolute: string, display: string, draft?: string): Merged {
    this.#seen.set(realpath(absolute), undefined);
    return this.#file(absolute, display, { parents: [absolute], variables: {}, ...(draft === undefined ? {} : { draft }) });
  }

  #file(absolute: string, display: string, context: Context): Merged {
    const parsed = parseTreefile(absolute, display, context.draft);
    const merged = this.#entries(parsed.entries, { path: absolute, display }, context);
    merged.files.unshift({ path: absolute, digest: parsed.digest });
    merged.warnings.unshift(...parsed.warnings);
    merged.directories.push(path.dirname(absolute));
    return merged;
  }

  /** Own entries, then includes in their order: what is there wins over what comes later, and lists are put behind what is included later. */
  #entries(entries: ParsedFile['entries'], at: Location, context: Context): Merged {
    const own = ownEntries(entries, at.path);
    const find = (key: string): ParsedEntry | undefined => entries.find((e) => e.key === key);
    const include = find('include');
    for (const [i, name] of (written(include, 'include') ?? []).entries())
      join(own, this.#include(name, include?.items[i] ?? include?.place, 'include', at, context, own));
    const byArch = find('arch-include');
    for (const name of written(byArch, 'arch-include')?.[machineArch] ?? [])
      join(own, this.#include(name, byArch?.place, 'arch-include', at, context, own));
    this.#conditional(find('conditional-include'), own, at, context);
    return own;
  }

  #conditional(entry: ParsedEntry | undefined, own: Merged, at: Location, context: Context): void {
    for (const [i, { if: conditions, include }] of (written(entry, 'conditional-include') ?? []).entries()) {
      const place = entry?.items[i] ?? entry?.place ?? { file: at.display, line: 1, column: 1 };
      // an included file's variables count, too; what includes this one has the last word
      const known = variablesOf(own, context.variables);
      if (!conditions.every((condition) => holds(condition, known, place))) continue;
      const inline = entry?.inline?.get(i);
      if (inline) join(own, this.#entries(inline, at, { ...context, variables: known, draft: undefined }));
      else if (Array.isArray(include))
        for (const name of include) join(own, this.#include(name, place, 'conditional-include', at, context, own));
    }
  }

  #include(name: string, place: Place | undefined, key: string, at: Location, context: Context, own: Merged): Merged {
    const target = beside(at.path, name);
    const wrong = (detail: string): TreelineError => new TreelineError('treefile.include', { ...place, key, subject: name, detail });
    if (!existsSync(target)) throw wrong('there is no such file');
    const loop = context.parents.findIndex((parent) => realpath(parent) === realpath(target));
    if (loop >= 0) {
      const way = [...context.parents.slice(loop), target].map((file) => path.basename(file)).join(' → ');
      throw wrong(`it includes itself: ${way}`);
    }
    if (this.#seen.has(realpath(target))) {
      const before = this.#seen.get(realpath(target));
      throw wrong(`it is included already, in ${before ? `${before.file}, line ${before.line}` : 'another place'}: once is enough`);
    }
    if (context.parents.length >= deepest) throw wrong(`includes are nested more than ${deepest} deep`);
    this.#seen.set(realpath(target), place);
    const display = path.isAbsolute(name) ? name : path.join(path.dirname(at.display), name);
    return this.#file(target, display, { parents: [...context.parents, target], variables: variablesOf(own, context.variables) });
  }
}

interface Location {
  readonly path: string;
  readonly display: string;
}

interface Context {
  readonly parents: readonly string[];
  /** Of the including files. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly draft?: string | undefined;
}

/** What an entry says, when it is of this key: the reader checked it by the key's schema. */
const written = <K extends TreefileKeyName>(entry: ParsedEntry | undefined, key: K): WrittenValue<K> | undefined =>
  entry?.key === key ? (entry.value as WrittenValue<K>) : undefined;

/** Values of keys that are kept with their places, and with whole paths. */
interface LocatedValues {
  readonly postprocess: readonly PostprocessStep[];
  readonly 'postprocess-script': PostprocessStep;
  readonly 'add-files': readonly { readonly source: string; readonly target: string; readonly place: Place }[];
  readonly 'repo-packages': readonly RepoPackages[];
}
export type MergedValue<K extends TreefileKeyName> = K extends keyof LocatedValues ? LocatedValues[K] : WrittenValue<K>;

/** A key's value, that of included files joined; all that gets in here under a key was checked by its schema. */
export const valueIn = <K extends TreefileKeyName>({ values }: Pick<Merged, 'values'>, key: K): MergedValue<K> | undefined =>
  values.get(key) as MergedValue<K> | undefined;

function realpath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/** Variables for conditions and substitution, with the built-in ones. */
export function variablesOf(merged: Merged, outer: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const releasever = merged.values.get('releasever');
  return {
    ...valueIn(merged, 'variables'),
    ...(releasever === undefined ? {} : { releasever }),
    ...outer,
    basearch: machineArch,
  };
}

const including: ReadonlySet<string> = new Set(['include', 'arch-include', 'conditional-include']);

function ownEntries(entries: readonly ParsedEntry[], file: string): Merged {
  const merged: Merged = { values: new Map(), places: new Map(), files: [], warnings: [], directories: [], absolute: new Set() };
  for (const entry of entries) {
    if (including.has(entry.key)) continue;
    const arch = isArchPackages(entry.key);
    if (arch !== undefined && arch !== machineArch) continue;
    const key = arch !== undefined || entry.key === 'bootstrap-packages' ? 'packages' : entry.key;
    const value = located(entry, file);
    for (const name of fileNames(entry)) if (path.isAbsolute(name)) merged.absolute.add(name);
    const before = merged.values.get(key);
    merged.values.set(key, before === undefined ? value : [before, value].flat());
    if (!merged.places.has(key)) merged.places.set(key, entry.place);
    if (Array.isArray(entry.value)) notePlaces(merged.places, key, entry);
  }
  return merged;
}

/** Package lists are split at blanks: each name gets the place of the entry that it stands in. */
function notePlaces(places: Map<string, Place>, key: string, entry: ParsedEntry): void {
  const values: readonly unknown[] = Array.isArray(entry.value) ? entry.value : [];
  const exact = values.length === entry.items.length;
  values.forEach((item, i) => {
    const name = hasShape(item, { repo: 'string' }) ? item.repo : item;
    if (typeof name !== 'string') return;
    const place = (exact ? entry.items[i] : entry.places?.[i]) ?? entry.place;
    if (!places.has(itemKey(key, name))) places.set(itemKey(key, name), place);
  });
}

/** What a key's value names as files, as it is written. */
function fileNames(entry: ParsedEntry): string[] {
  const check = written(entry, 'check-passwd') ?? written(entry, 'check-groups');
  if (check) return check.type === 'file' ? [check.filename] : [];
  const script = written(entry, 'postprocess-script');
  return [...(script === undefined ? [] : [script]), ...(written(entry, 'add-files') ?? []).map(([source]) => source)];
}

/** A file that a key's value names. Whoever adds such a key says so in its table: what these files hold takes part in the input hash. */
function fileOf(key: string, treefile: string, name: string): string {
  if (treefileKeys[key]?.namesFiles !== true) throw new TypeError(`${key} isn’t declared as one that names files`);
  return beside(treefile, name);
}

/** Values that name files are resolved while it is known which treefile they stand in. */
function located(entry: ParsedEntry, file: string): unknown {
  const placeOf = (i: number): Place => entry.items[i] ?? entry.place;
  const check = written(entry, 'check-passwd') ?? written(entry, 'check-groups');
  if (check?.type === 'file') return { ...check, filename: fileOf(entry.key, file, check.filename) };
  const script = written(entry, 'postprocess-script');
  if (script !== undefined) return { script: fileOf(entry.key, file, script), place: entry.place } satisfies PostprocessStep;
  const values = {
    postprocess: written(entry, 'postprocess')?.map((inline, i) => ({ inline, place: placeOf(i) })),
    'add-files': written(entry, 'add-files')?.map(([source, target], i) => ({
      source: fileOf(entry.key, file, source),
      target,
      place: placeOf(i),
    })),
    'repo-packages': written(entry, 'repo-packages')?.map((each, i) => ({ ...each, place: placeOf(i) })),
  } satisfies { [K in keyof LocatedValues]?: LocatedValues[K] | undefined };
  return values.postprocess ?? values['add-files'] ?? values['repo-packages'] ?? entry.value;
}

function join(into: Merged, included: Merged): void {
  for (const [key, value] of included.values) {
    const own = into.values.get(key);
    const merge = treefileKeys[key]?.merge;
    if (own === undefined) into.values.set(key, value);
    else if (merge === 'append') into.values.set(key, [value, own].flat());
    else if (merge === 'map' && isObject(value) && isObject(own)) into.values.set(key, { ...value, ...own });
  }
  for (const [key, place] of included.places) if (!into.places.has(key)) into.places.set(key, place);
  into.files.push(...included.files);
  into.warnings.push(...included.warnings);
  into.directories.unshift(...included.directories);
  for (const name of included.absolute) into.absolute.add(name);
}

/** Files of finalize.d beside the treefiles (edition 2024), in the order in which they run: of included files first, then by name. */
export function finalizeScripts(directories: readonly string[]): string[] {
  return [...new Set(directories)].flatMap((directory) => {
    const at = path.join(directory, 'finalize.d');
    if (!existsSync(at) || !statSync(at).isDirectory()) return [];
    return readdirSync(at)
      .filter((name) => !name.startsWith('.') && !name.endsWith('~'))
      .sort()
      .map((name) => path.join(at, name));
  });
}
