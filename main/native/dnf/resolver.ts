import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { compareEvr, type Advisory, type Progress } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { Resolution, ResolvedPackage, ResolveRequest } from '../../engine/ports/resolver.ts';
import { Handle, pointersOf, ptrArrayUnref, Scope, type Pointer } from '../core/index.ts';
import { dnfCode } from './errors.ts';
import { borrowedArray, collectAdvisories, describe, nevraOf, takeArray } from './packages.ts';
import { explain } from './problems.ts';
import {
  compare,
  context,
  download,
  goal,
  goalFlags,
  ignoreExcludes,
  key,
  packageSet,
  pkg,
  query,
  repo,
  sack,
  sackFlags,
  selector,
  state,
  subject,
} from './raw.ts';
import { writeRepoDirectory } from './repo-files.ts';

const isGlob = (spec: string): boolean => /[*?[]/.test(spec);

/** Resolve with libdnf; see the port's description. */
export function resolve(request: ResolveRequest): Resolution {
  return new DnfResolution(request);
}

class DnfResolution implements Resolution {
  readonly packages: readonly ResolvedPackage[];
  readonly repos: readonly { readonly id: string; readonly timestamp: number }[];
  readonly #scope = new Scope();
  readonly #context: Pointer;
  readonly #sack: Pointer;
  readonly #state: Pointer;
  readonly #installs: Pointer;
  readonly #byNevra = new Map<string, Pointer>();
  readonly #downloads: string;
  /** NEVRAs that a requested name may stand for. */
  readonly #candidates = new Set<string>();

  constructor(request: ResolveRequest) {
    this.#downloads = path.join(request.cachedir, 'packages');
    try {
      this.#context = this.#scope.own(context.create(), 'DnfContext');
      this.#setUp(request);
      this.#state = this.#scope.own(state.create(), 'DnfState');
      this.#load(request);
      this.#sack = context.sack(this.#context) as Pointer;
      this.#exclude(request.excludes);
      this.#installs = this.#solve(request);
    } catch (error) {
      this.#scope[Symbol.dispose]();
      throw error;
    }
    this.packages = pointersOf(this.#installs)
      .map((pointer) => {
        const item = describe(pointer, this.#downloads);
        this.#byNevra.set(item.nevra, pointer);
        return item;
      })
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : compareEvr(a, b) || (a.arch < b.arch ? -1 : 1)));
    this.repos = pointersOf(context.repos(this.#context))
      .map((item) => ({ id: String(repo.id(item)), timestamp: Number(repo.timestamp(item)) }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }

  #setUp(request: ResolveRequest): void {
    const at = (name: string): string => path.join(request.cachedir, name);
    for (const name of ['rpmmd', 'solv', 'lock', 'empty-root', 'vars', 'packages']) mkdirSync(at(name), { recursive: true });
    writeRepoDirectory(at('repos.d'), request.repos);
    const ctx = this.#context;
    context.setRepoDir(ctx, at('repos.d'));
    context.setCacheDir(ctx, at('rpmmd'));
    context.setSolvDir(ctx, at('solv'));
    context.setLockDir(ctx, at('lock'));
    context.setInstallRoot(ctx, at('empty-root'));
    context.setVarsDir(ctx, [at('vars'), null]);
    context.setReleaseVer(ctx, request.releasever || '0');
    if (request.proxy) context.setProxy(ctx, request.proxy);
    context.disablePlugins(1);
    context.setConfigFile('/dev/null');
    context.setWriteHistory(ctx, 0);
    context.setKeepCache(ctx, 1);
    context.setCacheAge(ctx, request.cacheOnly ? 0xffffffff : 0);
    context.setCacheOnly(ctx, request.cacheOnly ? 1 : 0);
    context.setup(ctx, null);
  }

  #load(request: ResolveRequest): void {
    // required: an unreachable repository is an error; libdnf skips others silently
    for (const item of pointersOf(context.repos(this.#context))) repo.setRequired(item, 1);
    try {
      context.setupSack(this.#context, this.#state, sackFlags.skipRpmdb | sackFlags.loadUpdateinfo);
    } catch (error) {
      if (!(error instanceof TreelineError) || error.code === 'disk.full') throw error;
      const words = error.report.detail ?? '';
      const named = request.repos.find(
        (r) => words.includes(r.id) || r.baseurl.some((url) => words.includes(url.replace(/^file:\/\//, '').replace(/\/+$/, ''))),
      );
      const only = request.repos.length === 1 ? request.repos[0] : undefined;
      const code = error.code === 'internal.unexpected' ? 'rpmmd.corrupt' : error.code;
      throw new TreelineError(code, { subject: (named ?? only)?.id ?? error.report.subject ?? '', detail: words }, { cause: error });
    }
  }

  #exclude(patterns: readonly string[]): void {
    for (const pattern of patterns) {
      for (const field of [key.name, key.nevra]) {
        using q = new Handle(query.create(this.#sack, 0), 'HyQuery', query.free);
        query.filter(q.pointer, field, isGlob(pattern) ? compare.glob : compare.eq, pattern);
        using set = new Handle(query.runSet(q.pointer), 'DnfPackageSet', packageSet.free);
        sack.addExcludes(this.#sack, set.pointer);
      }
    }
  }

  #solve(request: ResolveRequest): Pointer {
    const solving = context.goal(this.#context) as Pointer;
    for (const spec of request.packages) {
      if (isGlob(spec)) this.#installGlob(solving, spec);
      else this.#installSpec(solving, spec);
    }
    try {
      goal.depsolve(solving, goalFlags.install | (request.recommends ? 0 : goalFlags.ignoreWeakDeps));
    } catch (error) {
      if (!(error instanceof TreelineError)) throw error;
      if (error.report.facts?.['libdnfCode'] === dnfCode.nothingToDo)
        throw new TreelineError('package.not-found', { subject: request.packages.join(' ') });
      throw explain(this.#sack, solving, this.#candidates, (error.report.detail ?? '').replace(/\s*\n\s*/g, ' ').trim());
    }
    const installs = this.#scope.own(goal.installs(solving), 'installs', ptrArrayUnref);
    download.ensureRepos(context.transaction(this.#context) as Pointer, installs);
    return installs;
  }

  #installSpec(solving: Pointer, spec: string): void {
    using scope = new Scope();
    const chosen = this.#select(spec, scope);
    const candidates = takeArray(selector.matches(chosen), nevraOf);
    if (candidates.length === 0) throw this.#absent(spec);
    for (const nevra of candidates) this.#candidates.add(nevra);
    goal.installSelector(solving, chosen);
  }

  /** libdnf's best match of a name, NEVRA, provide or file; of a plain name as dnf does it: the packages which obsolete it are candidates, too. */
  #select(spec: string, scope: Scope): Pointer {
    const named = scope.own(query.create(this.#sack, 0), 'HyQuery', query.free);
    query.filter(named, key.name, compare.eq, spec);
    if (query.isEmpty(named)) {
      const wanted = scope.own(subject.create(spec), 'HySubject', subject.free);
      return scope.own(subject.bestSelector(wanted, this.#sack, null, false, null), 'HySelector', selector.free);
    }
    query.filter(named, key.arch, compare.neq, 'src');
    const obsoleting = scope.own(query.create(this.#sack, 0), 'HyQuery', query.free);
    query.filterPackages(obsoleting, key.obsoletes, compare.eq, scope.own(query.runSet(named), 'DnfPackageSet', packageSet.free));
    query.union(named, obsoleting);
    const chosen = scope.own(selector.create(this.#sack), 'HySelector', selector.free);
    selector.setPackages(chosen, scope.own(query.runSet(named), 'DnfPackageSet', packageSet.free));
    return chosen;
  }

  /** As dnf does: every name that the glob matches, the best of each. */
  #installGlob(solving: Pointer, spec: string): void {
    using q = new Handle(query.create(this.#sack, 0), 'HyQuery', query.free);
    query.filter(q.pointer, spec.startsWith('/') ? key.file : key.name, compare.glob, spec);
    const names = new Set(takeArray(query.run(q.pointer), (item) => (pkg.arch(item) === 'src' ? [] : [String(pkg.name(item))])).flat());
    if (names.size === 0) throw this.#absent(spec);
    for (const name of [...names].sort()) this.#installSpec(solving, name);
  }

  #absent(spec: string): TreelineError {
    for (const field of [key.name, key.nevra, key.provides, key.file]) {
      using q = new Handle(query.create(this.#sack, ignoreExcludes), 'HyQuery', query.free);
      query.filter(q.pointer, field, isGlob(spec) ? compare.glob : compare.eq, spec);
      if (!query.isEmpty(q.pointer)) return new TreelineError('package.excluded', { subject: spec });
    }
    return new TreelineError('package.not-found', { subject: spec });
  }

  advisories(older = false): Advisory[] {
    const found = new Map<string, Advisory>();
    for (const pointer of this.#byNevra.values()) collectAdvisories(pointer, older, found);
    return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  fetch(packages: readonly ResolvedPackage[], progress: (done: Pick<Progress, 'bytesDone' | 'bytesTotal'>) => void): void {
    const remote = packages.filter((p) => p.remote);
    if (remote.length === 0) return;
    const bytesTotal = remote.reduce((sum, p) => sum + p.downloadBytes, 0);
    let bytesDone = 0;
    progress({ bytesDone, bytesTotal });
    // a batch at a time: libdnf tells nothing usable while it downloads, and one connection per batch is kept alive
    for (let i = 0; i < remote.length; i += 16) {
      const batch = remote.slice(i, i + 16);
      const array = borrowedArray(batch.flatMap((p) => this.#byNevra.get(p.nevra) ?? []));
      try {
        state.reset(this.#state);
        download.packages(array, this.#downloads, this.#state);
      } catch (error) {
        throw fetchError(error, batch);
      } finally {
        ptrArrayUnref(array);
      }
      bytesDone += batch.reduce((sum, p) => sum + p.downloadBytes, 0);
      progress({ bytesDone, bytesTotal });
    }
  }
}

function fetchError(error: unknown, batch: readonly ResolvedPackage[]): unknown {
  if (!(error instanceof TreelineError) || error.code === 'disk.full') return error;
  const words = error.report.detail ?? '';
  const at = batch.find((p) => words.includes(path.basename(p.path)));
  if (/checksum|corrupt/i.test(words))
    return new TreelineError('package.corrupt', { subject: at?.nevra ?? batch[0]?.nevra ?? '', detail: words }, { cause: error });
  return new TreelineError('rpmmd.unreachable', { subject: at?.repo ?? batch[0]?.repo ?? '', detail: words }, { cause: error });
}
