// SPDX-License-Identifier: LGPL-2.1-or-later
import { statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import { compareEvr, formatNevra, type Advisory, type Progress } from '../../../shared/domain/index.ts';
import { TreelineError, type ErrorReport } from '../../../shared/errors/index.ts';
import { isOnNetwork } from '../../engine/base/package-repos/repo-definition.ts';
import type { Displaced, Provided, Replacing, Resolution, ResolvedPackage, ResolveRequest } from '../../engine/base/ports/resolver.ts';
import { Handle, pointersOf, ptrArrayUnref, Scope, type Pointer } from '../core/index.ts';
import { withFileSizeLimit } from '../linux/file-size-limit.ts';
import { dnfCode } from './errors.ts';
import { archesOf, borrowedArray, collectAdvisories, describe, foundOf, nevraOf, newestOf, takeArray } from './packages.ts';
import { displacedBy, eraseFromBase, installedAs, providedBy } from './base.ts';
import { addFiles, describeFile } from './files.ts';
import { blameLock } from './locks.ts';
import { downloadLimits, type DownloadLimits } from './limits.ts';
import { neededBy } from './needed-by.ts';
import { hiddenByModule, hiddenError } from './modules.ts';
import { explain, namingUnasked } from './problems.ts';
import {
  compare,
  context,
  download,
  filesRepo,
  goal,
  goalFlags,
  ignoreExcludes,
  key,
  packageSet,
  pkg,
  query,
  repo,
  sack,
  selector,
  state,
  subject,
  systemRepo,
} from './raw.ts';
import { largestList, mirrorsIn } from './refresh.ts';
import { isGlob, openSack } from './sack.ts';

/** Resolve with libdnf; see the port's description. */
export function resolve(request: ResolveRequest, limits: DownloadLimits = downloadLimits): Resolution {
  return new DnfResolution(request, limits);
}

class DnfResolution implements Resolution {
  readonly packages: readonly ResolvedPackage[];
  readonly repos: readonly { readonly id: string; readonly timestamp: number }[];
  readonly provided: readonly Provided[];
  readonly displaced: readonly Displaced[];
  readonly replacing: readonly Replacing[];
  readonly warnings: readonly ErrorReport[];
  readonly #scope = new Scope();
  readonly #context: Pointer;
  readonly #sack: Pointer;
  readonly #state: Pointer;
  readonly #byNevra = new Map<string, Pointer>();
  readonly #downloads: string;
  readonly #files: readonly Pointer[];
  /** NEVRAs that a requested name may stand for. */
  readonly #candidates = new Set<string>();

  readonly #onBase: boolean;
  readonly #limits: DownloadLimits;
  readonly #mirrors: string;

  constructor(request: ResolveRequest, limits: DownloadLimits) {
    this.#limits = limits;
    this.#onBase = request.base !== undefined;
    this.#mirrors = mirrorsIn(request.cachedir);
    this.#downloads = path.join(request.cachedir, 'packages');
    let chosen: Pointer[];
    let warnings: readonly ErrorReport[] = [];
    try {
      ({ context: this.#context, state: this.#state, sack: this.#sack, warnings } = openSack(request, this.#scope, limits));
      this.warnings = warnings;
      this.#files = addFiles(this.#sack, request.files ?? [], this.#scope);
      this.provided = this.#onBase ? request.packages.flatMap((spec) => providedBy(this.#sack, spec, request.base?.without)) : [];
      const met = new Set(this.provided.map(({ spec }) => spec));
      const solving = context.goal(this.#context) as Pointer;
      this.replacing = (request.base?.replace ?? []).flatMap(({ repo: id, packages }) =>
        packages.map((spec) => ({ repo: id, spec, names: this.#inBase(id, spec) })),
      );
      const lists = this.#solve(solving, { ...request, packages: request.packages.filter((spec) => !met.has(spec)) });
      this.displaced = this.#onBase && lists ? displacedBy(solving) : [];
      const wanted = new Set(this.replacing.flatMap(({ names }) => names));
      const isWanted = (item: Pointer): boolean => pkg.reponame(item) === filesRepo || wanted.has(String(pkg.name(item)));
      chosen = lists ? [...pointersOf(lists.installs), ...lists.others.flatMap((list) => pointersOf(list).filter(isWanted))] : [];
    } catch (error) {
      this.#scope[Symbol.dispose]();
      throw namingUnasked(blameLock(error, request), warnings);
    }
    const network = new Set(request.repos.filter(isOnNetwork).map((each) => each.id));
    const files = new Map((request.files ?? []).map((file) => [file.nevra, file]));
    this.packages = chosen
      .map((pointer) => {
        const file = pkg.reponame(pointer) === filesRepo ? files.get(nevraOf(pointer)) : undefined;
        const item = file ? describeFile(pointer, file) : describe(pointer, this.#downloads, network.has(String(pkg.reponame(pointer))));
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

  /** What is to be installed, and what takes the place of something of the base; undefined when a base has it all. */
  #solve(solving: Pointer, request: ResolveRequest): { installs: Pointer; others: Pointer[] } | undefined {
    const pinned = (request.repoPackages ?? []).flatMap(({ repo: id, packages }) => packages.map((spec) => ({ id, spec })));
    // before anything is chosen by name: only one repository's may be
    for (const { id, spec } of pinned) this.#pin(id, this.#namesIn(id, spec));
    for (const { repo: id, names } of this.replacing) this.#pin(id, names);
    for (const { id, spec } of pinned) this.#installFrom(solving, id, spec);
    for (const { repo: id, spec, names } of this.replacing) this.#replace(solving, id, spec, names);
    const files = request.files ?? [];
    for (const file of this.#files) goal.install(solving, file);
    for (const { nevra } of files) this.#candidates.add(nevra);
    const without = request.base?.without ?? [];
    eraseFromBase(solving, this.#sack, without);
    for (const spec of request.packages) {
      if (isGlob(spec)) this.#installGlob(solving, spec);
      else this.#installSpec(solving, spec);
    }
    try {
      const mayReplace = files.length + this.replacing.length > 0;
      goal.depsolve(
        solving,
        goalFlags.install |
          (without.length > 0 || mayReplace ? goalFlags.allowUninstall : 0) |
          (mayReplace ? goalFlags.allowDowngrade : 0) |
          (request.recommends ? 0 : goalFlags.ignoreWeakDeps),
      );
    } catch (error) {
      if (!(error instanceof TreelineError)) throw error;
      const nothing = error.report.facts?.['libdnfCode'] === dnfCode.nothingToDo;
      if (nothing && this.#onBase) return undefined;
      if (nothing) throw new TreelineError('package.not-found', { subject: request.packages.join(' ') });
      throw explain(
        this.#sack,
        pointersOf(context.repos(this.#context)),
        solving,
        this.#candidates,
        (error.report.detail ?? '').replace(/\s*\n\s*/g, ' ').trim(),
      );
    }
    const take = (list: unknown): Pointer => {
      const owned = this.#scope.own(list, 'packages', ptrArrayUnref);
      download.ensureRepos(context.transaction(this.#context) as Pointer, owned);
      return owned;
    };
    return {
      installs: take(goal.installs(solving)),
      others: this.#onBase ? [goal.upgrades, goal.downgrades, goal.reinstalls].map((list) => take(list(solving))) : [],
    };
  }

  #installSpec(solving: Pointer, spec: string): void {
    using scope = new Scope();
    const chosen = this.#select(spec, scope);
    const arches = archesOf(this.#sack);
    const matches = takeArray(selector.matches(chosen), (item) => ({ nevra: nevraOf(item), arch: String(pkg.arch(item)) }));
    if (matches.length === 0) throw this.#absent(spec);
    if (!matches.some(({ arch }) => arches.has(arch)))
      throw new TreelineError('package.other-architecture', {
        subject: spec,
        facts: { architectures: [...new Set(matches.map(({ arch }) => arch))].sort().join(', ') },
      });
    const candidates = matches.map(({ nevra }) => nevra);
    for (const nevra of candidates) this.#candidates.add(nevra);
    goal.installSelector(solving, chosen);
  }

  /** What a repository has of a name, version query, glob or NEVRA. */
  #matchesIn<T>(id: string, spec: string, map: (item: Pointer) => T): T[] {
    using scope = new Scope();
    // a selector for one repository matches what is installed, too
    const ofRepo = (item: Pointer): T[] => (pkg.arch(item) === 'src' || pkg.reponame(item) !== id ? [] : [map(item)]);
    if (isGlob(spec)) {
      const q = scope.own(query.create(this.#sack, 0), 'HyQuery', query.free);
      query.filter(q, key.name, compare.glob, spec);
      query.filter(q, key.reponame, compare.eq, id);
      return takeArray(query.run(q), ofRepo).flat();
    }
    const wanted = scope.own(subject.create(spec), 'HySubject', subject.free);
    const chosen = scope.own(subject.bestSelector(wanted, this.#sack, null, false, id), 'HySelector', selector.free);
    return takeArray(selector.matches(chosen), ofRepo).flat();
  }

  /** A selector would be met by what is installed: the newest that the repository has for the base's architecture is asked for itself, older or newer than the base's. */
  #replace(solving: Pointer, id: string, spec: string, names: readonly string[]): void {
    for (const name of names) {
      const own = installedAs(this.#sack, name);
      const found = this.#matchesIn(id, spec, (item) =>
        pkg.name(item) === name ? [{ ...foundOf(item), nevra: nevraOf(item) }] : [],
      ).flat();
      const fitting = found.filter(({ arch }) => own.some((each) => each.arch === arch));
      const best = newestOf(fitting.length > 0 ? fitting : found, ({ arch }) => arch).map(formatNevra);
      const wanted = best.filter((nevra) => !own.some((each) => each.nevra === nevra));
      this.#matchesIn(id, spec, (item) => wanted.includes(nevraOf(item)) && goal.install(solving, item));
      for (const nevra of wanted) this.#candidates.add(nevra);
    }
  }

  #namesIn(id: string, spec: string): string[] {
    const names = [...new Set(this.#matchesIn(id, spec, nameOf))];
    if (names.length === 0) throw new TreelineError('package.not-found', { subject: spec, facts: { repo: id } });
    return names;
  }

  /** Without a package of the base it asks for nothing, whatever the repository has. */
  #inBase(id: string, spec: string): string[] {
    const isInBase = (name: string): boolean => installedAs(this.#sack, name).length > 0;
    if (!isGlob(spec) && isInBase(spec)) return this.#namesIn(id, spec).filter(isInBase);
    return [...new Set(this.#matchesIn(id, spec, nameOf))].filter(isInBase);
  }

  /** Of these names only one repository's packages count, beside what is installed. */
  #pin(id: string, names: readonly string[]): void {
    for (const name of names) {
      using q = new Handle(query.create(this.#sack, 0), 'HyQuery', query.free);
      query.filter(q.pointer, key.name, compare.eq, name);
      query.filter(q.pointer, key.reponame, compare.neq, id);
      query.filter(q.pointer, key.reponame, compare.neq, systemRepo);
      using set = new Handle(query.runSet(q.pointer), 'DnfPackageSet', packageSet.free);
      sack.addExcludes(this.#sack, set.pointer);
    }
  }

  #installFrom(solving: Pointer, id: string, spec: string): void {
    if (isGlob(spec)) {
      for (const name of [...new Set(this.#matchesIn(id, spec, nameOf))].sort()) this.#installFrom(solving, id, name);
      return;
    }
    using scope = new Scope();
    const wanted = scope.own(subject.create(spec), 'HySubject', subject.free);
    const chosen = scope.own(subject.bestSelector(wanted, this.#sack, null, false, id), 'HySelector', selector.free);
    for (const nevra of takeArray(selector.matches(chosen), nevraOf)) this.#candidates.add(nevra);
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
    for (const name of [...names].sort()) if (!this.#onBase || providedBy(this.#sack, name).length === 0) this.#installSpec(solving, name);
  }

  #absent(spec: string): TreelineError {
    for (const field of [key.name, key.nevra, key.provides, key.file]) {
      using q = new Handle(query.create(this.#sack, ignoreExcludes), 'HyQuery', query.free);
      query.filter(q.pointer, field, isGlob(spec) ? compare.glob : compare.eq, spec);
      if (query.isEmpty(q.pointer)) continue;
      const found = query.run(q.pointer);
      try {
        const hidden = hiddenByModule(this.#sack, pointersOf(context.repos(this.#context)), pointersOf(found));
        return hidden ? hiddenError(hidden) : new TreelineError('package.excluded', { subject: spec });
      } finally {
        ptrArrayUnref(found as Pointer);
      }
    }
    return new TreelineError('package.not-found', { subject: spec });
  }

  advisories(older = false): Advisory[] {
    const found = new Map<string, Advisory>();
    for (const pointer of this.#byNevra.values()) collectAdvisories(pointer, older, found);
    return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  neededBy(): ReadonlyMap<string, readonly string[]> {
    return neededBy(this.#sack, this.#byNevra);
  }

  fetch(packages: readonly ResolvedPackage[], progress: (done: Pick<Progress, 'bytesDone' | 'bytesTotal'>) => void): void {
    // those of about the same size together: the largest is what none of them may go beyond
    const remote = packages.filter((p) => p.remote).sort((a, b) => this.#mayTake(a) - this.#mayTake(b));
    if (remote.length === 0) return;
    requireRoom(this.#downloads, remote, this.#limits.freeBytes);
    const bytesTotal = remote.reduce((sum, p) => sum + p.downloadBytes, 0);
    let bytesDone = 0;
    progress({ bytesDone, bytesTotal });
    // a batch at a time: libdnf tells nothing usable while it downloads, and one connection per batch is kept alive
    for (let i = 0; i < remote.length; i += 16) {
      const batch = remote.slice(i, i + 16);
      this.#fetchBatch(batch);
      bytesDone += batch.reduce((sum, p) => sum + p.downloadBytes, 0);
      progress({ bytesDone, bytesTotal });
    }
  }

  #mayTake({ downloadBytes }: ResolvedPackage): number {
    return downloadBytes > 0 ? downloadBytes : this.#limits.packageBytes;
  }

  /** librepo removes what a failed download has left, and goes on with what a process that was ended has. */
  #fetchBatch(batch: readonly ResolvedPackage[]): void {
    // lists of mirrors are read as downloads, too
    const limitBytes = Math.max(...batch.map((p) => this.#mayTake(p)), largestList(this.#mirrors));
    const array = borrowedArray(batch.flatMap((p) => this.#byNevra.get(p.nevra) ?? []));
    try {
      state.reset(this.#state);
      const { exceeded, outcome } = withFileSizeLimit(limitBytes, () => download.packages(array, this.#downloads, this.#state));
      try {
        outcome();
      } catch (error) {
        throw fetchError(error, batch, exceeded ? limitBytes : undefined);
      }
    } finally {
      ptrArrayUnref(array);
    }
  }
}

const nameOf = (item: Pointer): string => String(pkg.name(item));
const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** What the metadata says is yet to come fits on the disk. Throws disk.full. */
function requireRoom(directory: string, packages: readonly ResolvedPackage[], keepFreeBytes: number): void {
  const needBytes = packages.reduce((sum, p) => sum + Math.max(0, p.downloadBytes - sizeOf(p.path)), 0);
  const { bavail, bsize } = statfsSync(directory);
  const freeBytes = bavail * bsize;
  if (needBytes > 0 && needBytes + keepFreeBytes > freeBytes)
    throw new TreelineError('disk.full', {
      subject: directory,
      detail: `packages of ${needBytes} bytes are to be downloaded, ${freeBytes} bytes are free`,
      facts: { needBytes, freeBytes },
    });
}

const blamed = (batch: readonly ResolvedPackage[], words: string): ResolvedPackage | undefined =>
  batch.find((p) => words.includes(path.basename(p.path))) ?? batch.at(-1);

function fetchError(error: unknown, batch: readonly ResolvedPackage[], exceededBytes: number | undefined): unknown {
  if (!(error instanceof TreelineError)) return error;
  const words = error.report.detail ?? '';
  const at = blamed(batch, words);
  if (exceededBytes !== undefined) {
    const facts = { name: path.basename(at?.path ?? ''), limitBytes: exceededBytes };
    return new TreelineError('rpmmd.too-large', { subject: at?.repo ?? '', detail: words, facts }, { cause: error });
  }
  if (error.code === 'disk.full') return error;
  if (/checksum|corrupt/i.test(words))
    return new TreelineError('package.corrupt', { subject: at?.nevra ?? '', detail: words }, { cause: error });
  return new TreelineError('rpmmd.unreachable', { subject: at?.repo ?? '', detail: words }, { cause: error });
}
