// SPDX-License-Identifier: LGPL-2.1-or-later
import { compareEvr, type AvailablePackage } from '../../../shared/domain/index.ts';
import type { CatalogRequest } from '../../engine/base/ports/resolver.ts';
import { type Pointer, Scope } from '../core/index.ts';
import { takeArray } from './packages.ts';
import { pkg, query } from './raw.ts';
import { openSack } from './sack.ts';

/** The newest build of each name; see the port's description. */
export function catalog(request: CatalogRequest): AvailablePackage[] {
  using scope = new Scope();
  const { sack } = openSack(request, scope);
  const all = scope.own(query.create(sack, 0), 'HyQuery', query.free);
  const newest = new Map<string, Found>();
  for (const found of takeArray(query.run(all), read)) {
    if (found.arch === 'src' || found.arch === 'nosrc') continue;
    const known = newest.get(found.name);
    if (!known || compareEvr(found, known) > 0) newest.set(found.name, found);
  }
  return [...newest.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, epoch, version, release, repo, summary }) => ({
      name,
      evr: `${epoch > 0 ? `${epoch}:` : ''}${version}-${release}`,
      repo,
      summary,
    }));
}

type Found = ReturnType<typeof read>;

const read = (pointer: Pointer) => ({
  name: String(pkg.name(pointer)),
  epoch: Number(pkg.epoch(pointer)),
  version: String(pkg.version(pointer)),
  release: String(pkg.release(pointer)),
  arch: String(pkg.arch(pointer)),
  repo: String(pkg.reponame(pointer)),
  summary: String(pkg.summary(pointer) ?? ''),
});
