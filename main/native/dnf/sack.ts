// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TreelineError, type ErrorReport } from '../../../shared/errors/index.ts';
import { isOnNetwork } from '../../engine/base/package-repos/repo-definition.ts';
import type { ResolveRequest } from '../../engine/base/ports/resolver.ts';
import { Handle, pointersOf, type Pointer, type Scope } from '../core/index.ts';
import { macroLevel, rpmPopMacro, rpmPushMacro } from '../rpm/raw.ts';
import { applyLocks } from './locks.ts';
import { downloadLimits, type DownloadLimits } from './limits.ts';
import { compare, context, ignoreExcludes, key, packageSet, query, repo, sack, sackFlags, state } from './raw.ts';
import { mirrorsIn, refresh, removeUnfinished } from './refresh.ts';
import { writeRepoDirectory } from './repo-files.ts';
import { requireBounded } from './unpacked.ts';

export type SackRequest = Pick<
  ResolveRequest,
  'base' | 'cachedir' | 'repos' | 'releasever' | 'excludes' | 'cacheOnly' | 'proxy' | 'locks' | 'lockedOnly' | 'platformModule'
> & {
  /** Directory for what is this look's alone; then others may be at work in `cachedir`. Default `cachedir`. */
  readonly scratch?: string;
  /** False: nobody asks for a file. */
  readonly filelists?: boolean;
};

export interface OpenSack {
  readonly context: Pointer;
  readonly state: Pointer;
  readonly sack: Pointer;
  /** Locks that hold nothing, repositories that were left out. */
  readonly warnings: readonly ErrorReport[];
}

export const isGlob = (spec: string): boolean => /[*?[]/.test(spec);

/** Everything that the repositories have, without what is excluded; lives as long as `scope`. Throws rpmmd.unreachable, rpmmd.corrupt. */
export function openSack(request: SackRequest, scope: Scope, limits: DownloadLimits = downloadLimits): OpenSack {
  const opened = scope.own(context.create(), 'DnfContext');
  setUp(opened, request, scope);
  const skipped = bringMetadata(opened, request, limits);
  const loading = scope.own(state.create(), 'DnfState');
  if (request.base !== undefined) readDatabaseIn(request.base.dbPath, scope);
  load(opened, loading, request);
  const packages = context.sack(opened) as Pointer;
  exclude(packages, request.excludes);
  const warnings = [...skipped, ...applyLocks(packages, request)];
  return { context: opened, state: loading, sack: packages, warnings };
}

function setUp(opened: Pointer, request: SackRequest, scope: Scope): void {
  const at = (name: string): string => path.join(request.cachedir, name);
  const own = (name: string): string => path.join(request.scratch ?? request.cachedir, name);
  for (const name of ['rpmmd', 'solv', 'packages']) mkdirSync(at(name), { recursive: true });
  for (const name of ['lock', 'empty-root', 'vars']) mkdirSync(own(name), { recursive: true });
  const written = writeRepoDirectory(own('repos.d'), request.repos, at('local'));
  scope.defer(() => written[Symbol.dispose]());
  context.setRepoDir(opened, own('repos.d'));
  context.setCacheDir(opened, at('rpmmd'));
  context.setSolvDir(opened, at('solv'));
  context.setLockDir(opened, own('lock'));
  context.setInstallRoot(opened, request.base?.root ?? own('empty-root'));
  setPlatform(opened, request, own('empty-root'));
  context.setVarsDir(opened, [own('vars'), null]);
  context.setReleaseVer(opened, request.releasever || '0');
  if (request.proxy) context.setProxy(opened, request.proxy);
  context.disablePlugins(1);
  // what a package requires may be a file
  context.setEnableFilelists(opened, request.filelists === false ? 0 : 1);
  context.setConfigFile('/dev/null');
  context.setWriteHistory(opened, 0);
  context.setKeepCache(opened, 1);
  // what is on the network was refreshed by us when libdnf loads it
  context.setCacheAge(opened, 0xffffffff);
  context.setCacheOnly(opened, request.cacheOnly ? 1 : 0);
  context.setup(opened, null);
}

/**
 * The platform that modules are for: the treefile's, else what libdnf finds in the repositories (system-release's base-module()), else one that no module is
 * for. Where libdnf finds none at all it reports a fault of the program, which ends it.
 */
function setPlatform(opened: Pointer, { platformModule, base }: SackRequest, root: string): void {
  if (platformModule !== undefined) context.setPlatformModule(opened, platformModule);
  // a base says it itself
  if (base !== undefined) return;
  mkdirSync(path.join(root, 'etc'), { recursive: true });
  writeFileSync(path.join(root, 'etc/os-release'), 'PLATFORM_ID="platform:none"\n');
}

/**
 * Metadata of all repositories, up to date (unless only the cache may be asked) and of a bearable size, before a library reads it. Returns why some are left
 * out, which they may be.
 */
function bringMetadata(opened: Pointer, request: SackRequest, limits: DownloadLimits): ErrorReport[] {
  const at = (name: string): string => path.join(request.cachedir, name);
  // it may be somebody's who is at work
  if (request.scratch === undefined) removeUnfinished(at('rpmmd'));
  const skipped: ErrorReport[] = [];
  for (const item of pointersOf(context.repos(opened))) {
    const definition = request.repos.find((each) => each.id === repo.id(item));
    try {
      const network = definition && isOnNetwork(definition) ? definition : undefined;
      // libdnf would fetch it all the same
      if (network && request.cacheOnly && !isHere(item))
        throw new TreelineError('rpmmd.unreachable', {
          subject: network.id,
          detail: 'what was fetched of it is damaged or gone, and only that may be used',
        });
      if (network && !request.cacheOnly)
        refresh({
          definition: network,
          item,
          metadata: at('rpmmd'),
          incoming: at('incoming'),
          mirrors: mirrorsIn(request.cachedir),
          releasever: request.releasever || '0',
          limits,
        });
    } catch (error) {
      if (!definition?.mayBeSkipped || !(error instanceof TreelineError) || error.code !== 'rpmmd.unreachable') throw error;
      skipped.push(error.report);
      repo.setEnabled(item, 0);
      continue;
    }
    if (isHere(item)) requireBounded(item, at('judged'), limits);
  }
  return skipped;
}

/** True once libdnf knows where the repository's files are; why it doesn't is said when it loads them. */
function isHere(item: Pointer): boolean {
  using checking = new Handle(state.create(), 'DnfState');
  try {
    return repo.check(item, 0xffffffff, checking.pointer) === 1;
  } catch {
    return false;
  }
}

function load(opened: Pointer, loading: Pointer, request: SackRequest): void {
  // required: an unreachable repository is an error; libdnf skips others silently
  for (const item of pointersOf(context.repos(opened))) repo.setRequired(item, 1);
  try {
    context.setupSack(opened, loading, sackFlagsFor(request));
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

const sackFlagsFor = ({ base, filelists }: SackRequest): number =>
  (base === undefined ? sackFlags.skipRpmdb : 0) | (filelists === false ? sackFlags.skipFilelists : sackFlags.loadUpdateinfo);

/** Trees have their database elsewhere than this machine may have its own; libsolv asks librpm's macro. */
function readDatabaseIn(dbPath: string, scope: Scope): void {
  rpmPushMacro(null, '_dbpath', null, dbPath, macroLevel);
  scope.defer(() => rpmPopMacro(null, '_dbpath'));
}

function exclude(packages: Pointer, patterns: readonly string[]): void {
  for (const pattern of patterns) {
    for (const field of [key.name, key.nevra]) {
      // also of what a module hides: it is excluded all the same
      using q = new Handle(query.create(packages, ignoreExcludes), 'HyQuery', query.free);
      query.filter(q.pointer, field, isGlob(pattern) ? compare.glob : compare.eq, pattern);
      using set = new Handle(query.runSet(q.pointer), 'DnfPackageSet', packageSet.free);
      sack.addExcludes(packages, set.pointer);
    }
  }
}
