import { TreelineError } from '../../../shared/errors/index.ts';
import type { PackageLock, ResolveRequest } from '../../engine/ports/resolver.ts';
import { Handle, pointersOf, ptrArrayUnref, type Pointer } from '../core/index.ts';
import { digestOf, evrOf, nevraOf } from './packages.ts';
import { compare, key, packageSet, pkg, query, sack } from './raw.ts';

/**
 * Leave only the locked builds of locked packages; with `lockedOnly`, only these; of repositories for locked packages, nothing else. Throws
 * lockfile.package-missing or lockfile.digest-mismatch.
 */
export function applyLocks(packages: Pointer, request: Pick<ResolveRequest, 'repos' | 'locks' | 'lockedOnly'>): void {
  const locks = request.locks ?? [];
  const restricted = request.repos.filter((repo) => repo.lockedOnly).map((repo) => repo.id);
  if (locks.length === 0 && restricted.length === 0 && !request.lockedOnly) return;
  using unwanted = new Handle(packageSet.create(packages), 'DnfPackageSet', packageSet.free);
  const locked = new Set<string>();
  for (const lock of locks) {
    for (const nevra of choose(packages, lock, unwanted.pointer)) locked.add(nevra);
  }
  const leaveOut = (item: Pointer): void => {
    if (!locked.has(nevraOf(item))) packageSet.add(unwanted.pointer, item);
  };
  if (request.lockedOnly) each(packages, undefined, leaveOut);
  else for (const id of restricted) each(packages, [key.reponame, id], leaveOut);
  sack.addExcludes(packages, unwanted.pointer);
}

/** The builds that fit a lock; all others of the name go to `unwanted`. */
function choose(packages: Pointer, lock: PackageLock, unwanted: Pointer): string[] {
  const fitting: string[] = [];
  const builds: string[] = [];
  let otherDigest: string | undefined;
  each(packages, [key.name, lock.name], (item) => {
    if (pkg.arch(item) === 'src') return;
    const evr = evrOf(item);
    builds.push(nevraOf(item));
    const sameBuild = lock.evra === undefined ? plain(lock.evr ?? '') === evr : plain(lock.evra) === `${evr}.${String(pkg.arch(item))}`;
    const digest = sameBuild && lock.digest !== undefined ? digestOf(item) : undefined;
    const { algorithm, hex } = digest ?? { algorithm: '', hex: '' };
    if (digest && `${algorithm}:${hex}` !== lock.digest) otherDigest = `${algorithm}:${hex}`;
    else if (sameBuild) {
      fitting.push(nevraOf(item));
      return;
    }
    packageSet.add(unwanted, item);
  });
  if (fitting.length > 0) return fitting;
  const where = { subject: `${lock.name}-${lock.evra ?? lock.evr ?? ''}`, file: lock.file, line: lock.line, key: lock.name };
  if (otherDigest !== undefined)
    throw new TreelineError('lockfile.digest-mismatch', {
      ...where,
      detail: `locked is ${lock.digest ?? ''}, the repository has ${otherDigest}`,
    });
  throw new TreelineError('lockfile.package-missing', {
    ...where,
    detail: builds.length > 0 ? `they have ${builds.slice(0, 5).join(', ')}` : 'they have none of that name',
  });
}

/** Visit packages, all of them or those with a value. */
function each(packages: Pointer, filter: readonly [field: number, value: string] | undefined, visit: (item: Pointer) => void): void {
  using q = new Handle(query.create(packages, 0), 'HyQuery', query.free);
  if (filter) query.filter(q.pointer, filter[0], compare.eq, filter[1]);
  const array = query.run(q.pointer);
  try {
    for (const item of pointersOf(array)) visit(item);
  } finally {
    if (array) ptrArrayUnref(array as Pointer);
  }
}

const plain = (evr: string): string => evr.replace(/^0:/, '');
