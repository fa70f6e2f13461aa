// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError, type ErrorReport } from '../../../shared/errors/index.ts';
import { Handle, pointersOf, ptrArrayUnref, type Pointer } from '../core/index.ts';
import { hiddenByModule, hiddenError, type Hidden } from './modules.ts';
import { archesOf, eachReldep, nevraOf, takeArray } from './packages.ts';
import { compare, goal, ignoreExcludes, key, packageSet, pkg, query } from './raw.ts';

function withPackages<T>(sack: Pointer, set: unknown, map: (item: Pointer) => T): T[] {
  using owned = new Handle<'DnfPackageSet'>(set, 'DnfPackageSet', packageSet.free);
  if (Number(packageSet.count(owned.pointer)) === 0) return [];
  using q = new Handle(query.create(sack, ignoreExcludes), 'HyQuery', query.free);
  query.filterPackages(q.pointer, key.package, compare.eq, owned.pointer);
  return takeArray(query.run(q.pointer), map);
}

interface Missing {
  readonly subject: string;
  readonly requirement: string;
  /** Names of excluded packages that would provide it. */
  readonly excluded: readonly string[];
  /** They themselves. */
  readonly unseen: readonly Pointer[];
}

/** What a package requires and nothing, or only something excluded, provides; and who provides the rest. */
function inspect(
  sack: Pointer,
  item: Pointer,
  arches: ReadonlySet<string>,
): { missing: Missing[]; providers: Pointer[]; owners: unknown[] } {
  const subject = nevraOf(item);
  const missing: Missing[] = [];
  const providers: Pointer[] = [];
  const owners: unknown[] = [];
  eachReldep(pkg.requires(item), (reldep, text) => {
    // rich dependencies aren't a single reldep to look up; rpmlib() is the solver's own
    if (text.startsWith('(') || text.startsWith('rpmlib(')) return;
    const found = providersOf(sack, reldep, 0);
    owners.push(found);
    const list = pointersOf(found).filter((each) => arches.has(String(pkg.arch(each))));
    providers.push(...list);
    if (list.length === 0) {
      const hidden = providersOf(sack, reldep, ignoreExcludes);
      owners.push(hidden);
      const fitting = pointersOf(hidden).filter((each) => arches.has(String(pkg.arch(each))));
      const names = new Set(fitting.map((each) => String(pkg.name(each))));
      missing.push({ subject, requirement: text, excluded: [...names].sort(), unseen: fitting });
    }
  });
  return { missing, providers, owners };
}

function providersOf(sack: Pointer, reldep: Pointer, flags: number): unknown {
  using q = new Handle(query.create(sack, flags), 'HyQuery', query.free);
  query.filterReldep(q.pointer, key.provides, reldep);
  return query.run(q.pointer);
}

/** The first unmet requirement of a package that the solver calls broken, on the way from what was asked for to what it needs. */
function firstMissing(
  sack: Pointer,
  repos: readonly Pointer[],
  broken: ReadonlySet<string>,
  candidates: ReadonlySet<string>,
): (Omit<Missing, 'unseen'> & { readonly hidden: Hidden | undefined }) | undefined {
  const arches = archesOf(sack);
  const seen = new Set<string>();
  const owners: unknown[] = [];
  using all = new Handle(query.create(sack, 0), 'HyQuery', query.free);
  const packages = query.run(all.pointer);
  try {
    let level = pointersOf(packages).filter((item) => candidates.has(nevraOf(item)));
    while (level.length > 0) {
      const next: Pointer[] = [];
      for (const item of level) {
        const nevra = nevraOf(item);
        if (seen.has(nevra)) continue;
        seen.add(nevra);
        const found = inspect(sack, item, arches);
        owners.push(...found.owners);
        const [missing] = found.missing;
        if (broken.has(nevra) && missing) return { ...missing, hidden: hiddenByModule(sack, repos, missing.unseen) };
        next.push(...found.providers);
      }
      level = next;
    }
    return undefined;
  } finally {
    for (const array of [...owners, packages]) if (array) ptrArrayUnref(array);
  }
}

/** What repositories that were left out have isn't known: whoever misses something is told of them. */
export function namingUnasked(error: unknown, warnings: readonly ErrorReport[]): unknown {
  const unasked = warnings.flatMap(({ code, subject }) => (code === 'rpmmd.unreachable' && subject !== undefined ? [subject] : []));
  if (unasked.length === 0 || !(error instanceof TreelineError)) return error;
  const { code, report } = error;
  return new TreelineError(code, { ...report, facts: { ...report.facts, unasked: unasked.join(', ') } }, { cause: error });
}

/**
 * Why a goal has no solution, found out by asking the sack: which package's requirement nothing provides, or only a
 * package that is excluded or hidden by a module does, or which packages conflict. The solver's own words go along as detail, never parsed.
 */
export function explain(
  sack: Pointer,
  repos: readonly Pointer[],
  solved: Pointer,
  candidates: ReadonlySet<string>,
  words: string,
): TreelineError {
  const broken = new Set(withPackages(sack, goal.brokenPackages(solved, 0), nevraOf));
  const missing = firstMissing(sack, repos, broken, candidates);
  if (missing?.hidden) return hiddenError(missing.hidden, { requirement: missing.requirement, requiredBy: missing.subject }, words);
  if (missing && missing.excluded.length > 0)
    return new TreelineError('package.excluded', {
      subject: missing.excluded.join(', '),
      detail: words,
      facts: { requirement: missing.requirement, requiredBy: missing.subject },
    });
  if (missing)
    return new TreelineError('package.dependency-missing', {
      subject: missing.subject,
      detail: words,
      facts: { requirement: missing.requirement },
    });
  const conflicts = withPackages(sack, goal.conflictingPackages(solved, 0), nevraOf);
  return new TreelineError('package.conflict', { subject: [...new Set(conflicts)].sort().join(', ') || 'The package set', detail: words });
}
