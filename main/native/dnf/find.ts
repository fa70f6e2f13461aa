// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra, type FoundPackage } from '../../../shared/domain/index.ts';
import type { FindRequest, PackageQuery } from '../../engine/base/ports/resolver.ts';
import { Handle, Scope, type Pointer } from '../core/index.ts';
import { foundOf, newestOf, takeArray } from './packages.ts';
import { compare, key, query, selector, subject } from './raw.ts';
import { isGlob, openSack } from './sack.ts';

/** See the port's description. */
export function findPackages({ cachedir, repos, releasever, query: asked, scratch }: FindRequest): FoundPackage[] {
  using scope = new Scope();
  const filelists = asked.kind !== 'search' && asked.words.some((word) => word.includes('/'));
  const { sack } = openSack({ cachedir, repos, releasever, excludes: [], cacheOnly: true, scratch, filelists }, scope);
  if (asked.kind === 'versions') return asked.words.flatMap((word) => ofEachRepo(filtered(sack, key.name, compare.eq, word)));
  return asked.kind === 'search' ? search(sack, asked.words) : asked.words.flatMap((word) => newest(matching(sack, asked.kind, word)));
}

function matching(sack: Pointer, kind: PackageQuery['kind'], word: string): FoundPackage[] {
  if (kind === 'names') return byName(sack, word).map((found) => ({ ...found, key: word }));
  return [key.provides, ...(word.startsWith('/') ? [key.file] : [])].flatMap((field) =>
    filtered(sack, field, isGlob(word) ? compare.glob : compare.eq, word),
  );
}

/** As libdnf understands what is to be installed. */
function byName(sack: Pointer, word: string): FoundPackage[] {
  using scope = new Scope();
  const wanted = scope.own(subject.create(word), 'HySubject', subject.free);
  const chosen = scope.own(subject.bestSelector(wanted, sack, null, false, null), 'HySelector', selector.free);
  return takeArray(selector.matches(chosen), foundOf);
}

/**
 * Packages in which each word is found, in the name or in the summary, in any case; a glob stands for the whole of one. The groups are rpm-ostree's: a word in
 * each of both, in names only, in summaries only.
 */
function search(sack: Pointer, words: readonly string[]): FoundPackage[] {
  const places = words.map((word) => ({ names: idsOf(sack, key.name, word), summaries: idsOf(sack, key.summary, word) }));
  const [first, ...others] = places;
  if (!first) return [];
  const both = new Map([...first.names, ...first.summaries]);
  const found = [...both].flatMap(([id, made]): FoundPackage[] => {
    if (!others.every(({ names, summaries }) => names.has(id) || summaries.has(id))) return [];
    const named = places.some(({ names }) => names.has(id));
    const summed = places.some(({ summaries }) => summaries.has(id));
    return [{ ...made, key: named && summed ? 'match_group_a' : named ? 'match_group_b' : 'match_group_c' }];
  });
  return newest(found).sort((a, b) => compareText(a.key ?? '', b.key ?? '') || compareText(a.name, b.name));
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** By what tells two packages of all repositories apart. */
function idsOf(sack: Pointer, field: number, word: string): Map<string, FoundPackage> {
  const how = (isGlob(word) ? compare.glob : compare.substr) | compare.icase;
  const packages = filtered(sack, field, how, word);
  return new Map(packages.map((found) => [`${found.repo} ${formatNevra(found)}`, found]));
}

function filtered(sack: Pointer, field: number, how: number, word: string): FoundPackage[] {
  using all = new Handle(query.create(sack, 0), 'HyQuery', query.free);
  query.filter(all.pointer, field, how, word);
  return takeArray(query.run(all.pointer), foundOf);
}

/** The newest of each repository: what it would give. */
const ofEachRepo = (packages: readonly FoundPackage[]): FoundPackage[] =>
  newestOf(packages, ({ repo, name, arch }) => `${repo} ${name}.${arch}`).sort(
    (a, b) => compareText(a.repo, b.repo) || compareText(a.arch, b.arch),
  );

/** Of each name and architecture the newest, once. */
const newest = (packages: readonly FoundPackage[]): FoundPackage[] =>
  newestOf(packages, ({ name, arch }) => `${name}.${arch}`).sort((a, b) => compareText(a.name, b.name) || compareText(a.arch, b.arch));
