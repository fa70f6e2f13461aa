// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Displaced, Provided } from '../../engine/base/ports/resolver.ts';
import { Scope, type Pointer } from '../core/index.ts';
import { nevraOf, takeArray } from './packages.ts';
import { goal, selector, subject, systemRepo } from './raw.ts';
import { isGlob } from './sack.ts';

/** The package of the base that fulfils a request by its name, NEVRA, a provide or a file; none for a glob, which may want others, too. */
export function providedBy(sack: Pointer, spec: string): Provided[] {
  if (isGlob(spec)) return [];
  using scope = new Scope();
  const wanted = scope.own(subject.create(spec), 'HySubject', subject.free);
  const chosen = scope.own(subject.bestSelector(wanted, sack, null, false, systemRepo), 'HySelector', selector.free);
  return takeArray(selector.matches(chosen), (item) => ({ spec, by: nevraOf(item) })).slice(0, 1);
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
