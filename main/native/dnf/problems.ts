import { TreelineError } from '../../../shared/errors/index.ts';
import { Handle, type Pointer } from '../core/index.ts';
import { eachReldep, nevraOf, takeArray } from './packages.ts';
import { compare, goal, ignoreExcludes, key, packageSet, pkg, query } from './raw.ts';

/** True if any package, or any that isn't excluded, matches the reldep. */
function provided(sack: Pointer, reldep: Pointer, flags: number): boolean {
  using q = new Handle(query.create(sack, flags), 'HyQuery', query.free);
  query.filterReldep(q.pointer, key.provides, reldep);
  return !query.isEmpty(q.pointer);
}

function withPackages<T>(sack: Pointer, set: unknown, map: (item: Pointer) => T): T[] {
  using owned = new Handle<'DnfPackageSet'>(set, 'DnfPackageSet', packageSet.free);
  if (Number(packageSet.count(owned.pointer)) === 0) return [];
  using q = new Handle(query.create(sack, ignoreExcludes), 'HyQuery', query.free);
  query.filterPackages(q.pointer, 1, compare.eq, owned.pointer);
  return takeArray(query.run(q.pointer), map);
}

interface Missing {
  readonly subject: string;
  readonly requirement: string;
  readonly excluded: boolean;
}

function missingOf(sack: Pointer, item: Pointer): Missing[] {
  const found: Missing[] = [];
  const subject = nevraOf(item);
  eachReldep(pkg.requires(item), (reldep, text) => {
    // rich dependencies aren't a single reldep to look up; rpmlib() is the solver's own
    if (text.startsWith('(') || text.startsWith('rpmlib(')) return;
    if (provided(sack, reldep, 0)) return;
    found.push({ subject, requirement: text, excluded: provided(sack, reldep, ignoreExcludes) });
  });
  return found;
}

/**
 * Why a goal has no solution, found out by asking the sack: which package's requirement nothing provides, or only an
 * excluded package does, or which packages conflict. The solver's own words go along as detail, never parsed.
 */
export function explain(sack: Pointer, solved: Pointer, words: string): TreelineError {
  const broken = withPackages(sack, goal.brokenPackages(solved, 0), (item) => missingOf(sack, item)).flat();
  const missing = broken.find((m) => !m.excluded);
  if (missing)
    return new TreelineError('package.dependency-missing', {
      subject: missing.subject,
      detail: words,
      facts: { requirement: missing.requirement },
    });
  const excluded = broken[0];
  if (excluded)
    return new TreelineError('package.excluded', {
      subject: excluded.requirement,
      detail: words,
      facts: { requirement: excluded.requirement, requiredBy: excluded.subject },
    });
  const conflicts = withPackages(sack, goal.conflictingPackages(solved, 0), (item) => nevraOf(item));
  return new TreelineError('package.conflict', { subject: [...new Set(conflicts)].sort().join(', ') || 'The package set', detail: words });
}
