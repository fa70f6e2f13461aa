// SPDX-License-Identifier: LGPL-2.1-or-later
import { compareEvr, type FoundPackage } from '../../../shared/domain/index.ts';
import type { FindRequest, PackageQuery } from '../../engine/base/ports/resolver.ts';
import { Handle, Scope, type Pointer } from '../core/index.ts';
import { takeArray } from './packages.ts';
import { compare, key, pkg, query, selector, subject } from './raw.ts';
import { isGlob, openSack } from './sack.ts';

/** See the port's description. */
export function findPackages({ cachedir, repos, releasever, query: asked, scratch }: FindRequest): FoundPackage[] {
  using scope = new Scope();
  const filelists = asked.kind !== 'search' && asked.words.some((word) => word.includes('/'));
  const { sack } = openSack({ cachedir, repos, releasever, excludes: [], cacheOnly: true, scratch, filelists }, scope);
  return asked.kind === 'search' ? search(sack, asked.words) : asked.words.flatMap((word) => newest(matching(sack, asked.kind, word)));
}

function matching(sack: Pointer, kind: PackageQuery['kind'], word: string): FoundPackage[] {
  if (kind === 'names') return byName(sack, word).map((found) => ({ ...found, key: word }));
  return [key.provides, ...(word.startsWith('/') ? [key.file] : [])].flatMap((field) =>
    filtered(sack, field, isGlob(word) ? compare.glob : compare.eq, word, read),
  );
}

/** As libdnf understands what is to be installed. */
function byName(sack: Pointer, word: string): FoundPackage[] {
  using scope = new Scope();
  const wanted = scope.own(subject.create(word), 'HySubject', subject.free);
  const chosen = scope.own(subject.bestSelector(wanted, sack, null, false, null), 'HySelector', selector.free);
  return takeArray(selector.matches(chosen), read);
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
  const packages = filtered(sack, field, how, word, read);
  return new Map(
    packages.map((found) => [`${found.repo} ${found.name} ${found.epoch}:${found.version}-${found.release} ${found.arch}`, found]),
  );
}

function filtered<T>(sack: Pointer, field: number, how: number, word: string, map: (pointer: Pointer) => T): T[] {
  using all = new Handle(query.create(sack, 0), 'HyQuery', query.free);
  query.filter(all.pointer, field, how, word);
  return takeArray(query.run(all.pointer), map);
}

/** Of each name and architecture the newest, once; source packages are for nobody who installs. */
function newest(packages: readonly FoundPackage[]): FoundPackage[] {
  const best = new Map<string, FoundPackage>();
  for (const found of packages) {
    if (found.arch === 'src' || found.arch === 'nosrc') continue;
    const id = `${found.name}.${found.arch}`;
    const known = best.get(id);
    if (!known || compareEvr(found, known) > 0) best.set(id, found);
  }
  return [...best.values()].sort((a, b) => compareText(a.name, b.name) || compareText(a.arch, b.arch));
}

const read = (pointer: Pointer): FoundPackage => ({
  name: String(pkg.name(pointer)),
  epoch: Number(pkg.epoch(pointer)),
  version: String(pkg.version(pointer)),
  release: String(pkg.release(pointer)),
  arch: String(pkg.arch(pointer)),
  repo: String(pkg.reponame(pointer)),
  summary: String(pkg.summary(pointer) ?? ''),
});
