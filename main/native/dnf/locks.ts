// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError, type ErrorReport } from '../../../shared/errors/index.ts';
import type { PackageLock, ResolveRequest } from '../../engine/base/ports/resolver.ts';
import { Handle, pointersOf, ptrArrayUnref, type Pointer } from '../core/index.ts';
import { digestOf, evrOf, nevraOf } from './packages.ts';
import { compare, key, packageSet, pkg, query, sack } from './raw.ts';

/**
 * Leave only the locked builds of locked packages; with `lockedOnly`, only these; of repositories for locked packages, nothing else. Returns locks
 * of builds that no repository has: such a package isn't locked. Throws lockfile.package-missing for one with `lockedOnly`, and lockfile.digest-mismatch.
 */
export function applyLocks(packages: Pointer, request: Pick<ResolveRequest, 'repos' | 'locks' | 'lockedOnly'>): ErrorReport[] {
  const locks = request.locks ?? [];
  const restricted = request.repos.filter((repo) => repo.lockedOnly).map((repo) => repo.id);
  if (locks.length === 0 && restricted.length === 0 && !request.lockedOnly) return [];
  using unwanted = new Handle(packageSet.create(packages), 'DnfPackageSet', packageSet.free);
  const locked = new Set<string>();
  const missing: ErrorReport[] = [];
  for (const lock of locks) {
    const chosen = choose(packages, lock, unwanted.pointer);
    if (Array.isArray(chosen)) for (const nevra of chosen) locked.add(nevra);
    else if (request.lockedOnly) throw new TreelineError('lockfile.package-missing', chosen);
    else missing.push({ code: 'lockfile.package-missing', ...chosen });
  }
  const leaveOut = (item: Pointer): void => {
    if (!locked.has(nevraOf(item))) packageSet.add(unwanted.pointer, item);
  };
  if (request.lockedOnly) each(packages, undefined, leaveOut);
  else for (const id of restricted) each(packages, [key.reponame, id], leaveOut);
  sack.addExcludes(packages, unwanted.pointer);
  return missing;
}

/** The builds that fit a lock; all others of the name go to `unwanted`. Or what to say about a lock that none fits: then it holds nothing back. */
function choose(packages: Pointer, lock: PackageLock, unwanted: Pointer): string[] | Partial<ErrorReport> {
  const fitting: string[] = [];
  const builds: string[] = [];
  let otherDigest: string | undefined;
  const visit = (found: (item: Pointer, fits: boolean) => void): void =>
    each(packages, [key.name, lock.name], (item) => {
      if (pkg.arch(item) === 'src') return;
      const evr = evrOf(item);
      const sameBuild = lock.evra === undefined ? plain(lock.evr ?? '') === evr : plain(lock.evra) === `${evr}.${String(pkg.arch(item))}`;
      const digest = sameBuild && lock.digest !== undefined ? digestOf(item) : undefined;
      const text = digest && `${digest.algorithm}:${digest.hex}`;
      if (text !== undefined && text !== lock.digest) otherDigest = text;
      found(item, sameBuild && (text === undefined || text === lock.digest));
    });
  visit((item, fits) => {
    builds.push(nevraOf(item));
    if (fits) fitting.push(nevraOf(item));
  });
  if (fitting.length > 0) {
    visit((item, fits) => void (fits || packageSet.add(unwanted, item)));
    return fitting;
  }
  const where = { subject: `${lock.name}-${lock.evra ?? lock.evr ?? ''}`, file: lock.file, line: lock.line, key: lock.name };
  if (otherDigest !== undefined)
    throw new TreelineError('lockfile.digest-mismatch', {
      ...where,
      detail: `locked is ${lock.digest ?? ''}, the repository has ${otherDigest}`,
    });
  return { ...where, detail: builds.length > 0 ? `they have ${builds.slice(0, 5).join(', ')}` : 'they have none of that name' };
}

/** Who must hear that a package isn't there because of a lock: it isn't one that the treefile excludes. */
export function blameLock(error: unknown, request: Pick<ResolveRequest, 'locks' | 'lockedOnly' | 'excludes'>): unknown {
  const locks = request.locks ?? [];
  if (!(error instanceof TreelineError) || error.code !== 'package.excluded' || locks.length === 0) return error;
  const { code: _, subject = '', facts = {}, ...rest } = error.report;
  const names = subject.split(', ');
  const isExcluded = (name: string): boolean => request.excludes.some((each) => matchesGlob(name, each) || each.startsWith(`${name}-`));
  if (names.some(isExcluded)) return error;
  const lock = locks.find((each) => names.includes(each.name));
  if (!lock && !request.lockedOnly) return error;
  const file = lock?.file ?? [...new Set(locks.map((each) => each.file))].sort().join(', ');
  return new TreelineError(
    'lockfile.not-locked',
    { ...rest, subject, facts, file, key: names[0] ?? '', ...(lock ? { line: lock.line } : {}) },
    { cause: error },
  );
}

/** Visit packages, all of them or those with a value. */
function each(packages: Pointer, filter: readonly [field: number, value: string] | undefined, visit: (item: Pointer) => void): void {
  using q = new Handle(query.create(packages, 0), 'HyQuery', query.free);
  if (filter) query.filter(q.pointer, filter[0], compare.eq, filter[1]);
  const array = query.run(q.pointer);
  try {
    for (const item of pointersOf(array)) visit(item);
  } finally {
    if (array) ptrArrayUnref(array);
  }
}

const plain = (evr: string): string => evr.replace(/^0:/, '');

function matchesGlob(name: string, glob: string): boolean {
  const pattern = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${pattern.replace(/\*/g, '.*').replace(/\?/g, '.')}$`).test(name);
}
