// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatEvr, type AvailablePackage } from '../../../shared/domain/index.ts';
import type { CatalogRequest } from '../../engine/base/ports/resolver.ts';
import { Scope } from '../core/index.ts';
import { foundOf, newestOf, takeArray } from './packages.ts';
import { query } from './raw.ts';
import { openSack } from './sack.ts';

/** The newest build of each name; see the port's description. */
export function catalog(request: CatalogRequest): AvailablePackage[] {
  using scope = new Scope();
  const { sack } = openSack(request, scope);
  const all = scope.own(query.create(sack, 0), 'HyQuery', query.free);
  return newestOf(takeArray(query.run(all), foundOf), ({ name }) => name)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((found) => ({ name: found.name, evr: formatEvr(found), repo: found.repo, summary: found.summary }));
}
