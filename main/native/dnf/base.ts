// SPDX-License-Identifier: LGPL-2.1-or-later
import { nameInNevra } from '../../../shared/domain/index.ts';
import type { Displaced, Provided } from '../../engine/base/ports/resolver.ts';
import { Handle, Scope, type Pointer } from '../core/index.ts';
import { nevraOf, takeArray } from './packages.ts';
import { compare, goal, key, pkg, query, selector, subject, systemRepo } from './raw.ts';
import { isGlob } from './sack.ts';

/**
 * The package of the base that fulfils a request by its name, NEVRA, a provide or a file; none for a glob, which may want others, too. `without`: names of those
 * that are left out of it.
 */
export function providedBy(sack: Pointer, spec: string, without: readonly string[] = []): Provided[] {
  if (isGlob(spec)) return [];
  using scope = new Scope();
  const wanted = scope.own(subject.create(spec), 'HySubject', subject.free);
  const chosen = scope.own(subject.bestSelector(wanted, sack, null, false, systemRepo), 'HySelector', selector.free);
  return takeArray(selector.matches(chosen), (item) => ({ spec, by: nevraOf(item) }))
    .filter(({ by }) => !without.includes(nameInNevra(by)))
    .slice(0, 1);
}

/** Ask a goal to take packages of the base away, by their names; what the base hasn't is passed over. */
export function eraseFromBase(solving: Pointer, sack: Pointer, names: readonly string[]): void {
  for (const name of names) {
    using q = new Handle(query.create(sack, 0), 'HyQuery', query.free);
    query.filter(q.pointer, key.reponame, compare.eq, systemRepo);
    query.filter(q.pointer, key.name, compare.eq, name);
    takeArray(query.run(q.pointer), (item) => goal.erase(solving, item));
  }
}

/** What the base has of a name. */
export function installedAs(sack: Pointer, name: string): { readonly nevra: string; readonly arch: string }[] {
  using q = new Handle(query.create(sack, 0), 'HyQuery', query.free);
  query.filter(q.pointer, key.reponame, compare.eq, systemRepo);
  query.filter(q.pointer, key.name, compare.eq, name);
  return takeArray(query.run(q.pointer), (item) => ({ nevra: nevraOf(item), arch: String(pkg.arch(item)) }));
}

/** What a solved goal replaces and removes of the base. */
export function displacedBy(solved: Pointer): Displaced[] {
  const replacing = [goal.upgrades, goal.downgrades, goal.reinstalls, goal.installs].flatMap((list) =>
    takeArray(list(solved), (item) =>
      takeArray(goal.obsoletedBy(solved, item), (old) => ({ installed: nevraOf(old), by: nevraOf(item) })),
    ).flat(),
  );
  const replaced = new Set(replacing.map(({ installed }) => installed));
  const gone = takeArray(goal.erasures(solved), nevraOf).filter((installed) => !replaced.has(installed));
  return [...replacing, ...gone.map((installed) => ({ installed }))].sort((a, b) => (a.installed < b.installed ? -1 : 1));
}
