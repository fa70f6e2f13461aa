// SPDX-License-Identifier: LGPL-2.1-or-later
import { Handle, type Pointer } from '../core/index.ts';
import { eachReldep, nevraOf, takeArray } from './packages.ts';
import { compare, ignoreExcludes, key, pkg, query } from './raw.ts';

/** Which of these packages ask for which other ones of them: names by NEVRA, sorted. What stands there is asked for by none. */
export function neededBy(sack: Pointer, packages: ReadonlyMap<string, Pointer>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Set<string>>();
  for (const [nevra, pointer] of packages)
    for (const list of [pkg.requires(pointer), pkg.recommends(pointer)])
      eachReldep(list, (reldep, text) => {
        for (const provider of providersOf(sack, reldep, text)) {
          if (provider === nevra || !packages.has(provider)) continue;
          const names = found.get(provider) ?? new Set();
          found.set(provider, names.add(String(pkg.name(pointer))));
        }
      });
  return new Map([...found].map(([nevra, names]) => [nevra, [...names].sort()]));
}

function providersOf(sack: Pointer, reldep: Pointer, text: string): string[] {
  using q = new Handle(query.create(sack, ignoreExcludes), 'HyQuery', query.free);
  if (text.startsWith('/')) query.filter(q.pointer, key.file, compare.eq, text);
  else query.filterReldep(q.pointer, key.provides, reldep);
  return takeArray(query.run(q.pointer), nevraOf);
}
