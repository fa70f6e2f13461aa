// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { atomicFile } from '../../../files/index.ts';
import type { ComposeOutcome, ComposeParams } from './params.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { ComposeStore, PackageCache, PreviousCommit, SystemPort, TargetRepo } from '../../base/ports/compose-store.ts';
import type { RepoDefinition, Resolution, Resolver } from '../../base/ports/resolver.ts';
import { type Layer, locateLayers } from './layers.ts';
import type { FileLock } from '../../base/ports/publish.ts';
import type { RpmPackage, RpmPort } from '../../base/ports/rpm.ts';
import { lockRepo } from '../publish/lock.ts';
import { buildTree } from './build-tree.ts';
import { branchOf, commitTree, type Committed } from './commit-tree.ts';
import { composeJson, type ComposeFacts } from './compose-json.ts';
import { baselineOf, type Baseline } from './baseline.ts';
import { importMissing, readHeaders, type Importer } from './import-packages.ts';
import { inputHash } from './input-hash.ts';
import { readLockfiles, writeLockfile } from '../treefile/lockfile.ts';
import { warnOf } from '../treefile/treefile-warnings.ts';
import { earlierThanParent } from './parent-time.ts';
import { printTreefile } from '../treefile/print-treefile.ts';
import { loadRepos } from '../treefile/repo-file.ts';
import { noteDownloadsUsed, retireUnused } from './retire.ts';
import { resolveTreefile } from '../treefile/resolve-treefile.ts';
import type { Interpreter } from '../../base/sandbox/sandbox.ts';
import { Steps } from './steps.ts';
import { loadTreefile, type Treefile } from '../treefile/treefile.ts';
import { nextVersion } from '../treefile/version.ts';
import { openCachedir, packageCacheIn, Workdir } from './workdir.ts';

/** What compose needs of the world; main/worker wires it. */
export interface ComposePorts {
  readonly resolve: Resolver;
  readonly rpm: RpmPort;
  readonly store: ComposeStore;
  readonly system: SystemPort;
  readonly interpreter: Interpreter;
  readonly lock: FileLock;
  /** Import packages in worker processes; undefined = in this one. */
  readonly importer?: Importer;
  /** Unix seconds. */
  readonly now: () => number;
}

/** Everything the later steps share. */
export interface Compose {
  readonly params: ComposeParams;
  readonly treefile: Treefile;
  readonly ports: ComposePorts;
  readonly context: JobContext;
  readonly steps: Steps;
  readonly target: TargetRepo;
  readonly cache: PackageCache;
  readonly workdir: string;
  readonly resolution: Resolution;
  readonly headers: readonly RpmPackage[];
  readonly previous: PreviousCommit | undefined;
  readonly version: string;
  readonly inputhash: string;
  readonly timeSeconds: number;
  /** Trees to put over the packages. */
  readonly layers: readonly Layer[];
}

/** What a tree would be made of: treefile, repositories and packages. */
export interface Resolved extends Pick<
  Compose,
  | 'params'
  | 'treefile'
  | 'ports'
  | 'context'
  | 'steps'
  | 'target'
  | 'resolution'
  | 'previous'
  | 'version'
  | 'inputhash'
  | 'timeSeconds'
  | 'layers'
> {
  /** What "nothing has changed" is measured by. */
  readonly baseline: Baseline;
  readonly repos: readonly RepoDefinition[];
  readonly cachedir: string;
}

/** `compose tree`: treefile -> resolve -> fetch -> import -> assemble -> scripts -> postprocess -> commit. Nothing of the target repository changes before the last step succeeds. */
export async function composeTree(params: ComposeParams, ports: ComposePorts, context: JobContext): Promise<ComposeOutcome> {
  if (params.printOnly) return printOnly(params);
  using target = ports.store.openTarget(path.resolve(params.repo));
  return await withResolved(params, target, ports, context, async (resolved) => {
    const { treefile, resolution, version, inputhash, steps, baseline } = resolved;
    const outcome = { ref: branchOf({ params, treefile }), inputhash, packageCount: resolution.packages.length, seconds: steps.seconds };
    if (params.dryRun)
      return {
        ...outcome,
        changed: false,
        checksum: '',
        version,
        imported: 0,
        cached: 0,
        text: resolution.packages.map((p) => `${p.nevra} (${p.repo})`).join('\n'),
      };
    if (baseline.inputhash === inputhash && !params.forceNocache)
      return {
        ...outcome,
        changed: false,
        checksum: baseline.checksum,
        version: baseline.version,
        imported: 0,
        cached: resolution.packages.length,
      };
    if (params.downloadOnlyRpms) {
      await fetchPackages(resolved);
      return {
        ...outcome,
        changed: false,
        checksum: '',
        version,
        imported: 0,
        cached: 0,
        text: describeFetched(resolution, cacheText(resolved)),
      };
    }
    if (params.downloadOnly)
      return withPackages(resolved, (compose, _, imported) => {
        const cached = resolution.packages.length - imported;
        const text = describeFetched(resolution, `${compose.cache.path} (${imported} imported anew)`);
        return Promise.resolve({ ...outcome, changed: false, checksum: '', version, imported, cached, text });
      });
    return withPackages(resolved, async (compose, commits, imported) => {
      const tree = await buildTree(compose, commits);
      const committed = await commitTree(compose, tree);
      writeOutcome(compose, committed);
      return { ...outcome, changed: true, checksum: committed.checksum, version, imported, cached: resolution.packages.length - imported };
    });
  });
}

/** The files that a compose says its result in. */
export function writeOutcome(compose: ComposeFacts, committed: Committed): void {
  const { params } = compose;
  if (params.touchIfChanged) atomicFile(params.touchIfChanged, '');
  if (params.writeCommitidTo) atomicFile(params.writeCommitidTo, committed.checksum);
  if (params.writeComposejsonTo) atomicFile(params.writeComposejsonTo, `${JSON.stringify(composeJson(compose, committed), null, 2)}\n`);
}

/** Read the treefile and resolve it, with the locks of cache and target held until `run` is over. */
export async function withResolved<T>(
  params: ComposeParams,
  target: TargetRepo,
  ports: ComposePorts,
  context: JobContext,
  run: (resolved: Resolved) => Promise<T>,
): Promise<T> {
  const steps = new Steps(context);
  const loaded = loadTreefile(params.treefile);
  for (const warning of loaded.warnings) context.message(warnOf(warning));
  const treefile = params.disableSelinux ? { ...loaded, selinux: false } : loaded;
  const repos = loadRepos(treefile, params.sourceRoot);
  const locks = readLockfiles(params.lockfiles ?? []);
  const cachedir = openCachedir(params.cachedir);
  // from reading what the branch points at to the summary; the cache first, everywhere: nobody waits for one another
  const lock = (place: string): Promise<Disposable> | undefined =>
    params.dryRun
      ? undefined
      : lockRepo(place, `compose of ${treefile.ref || path.basename(treefile.path)}`, params.noWait ?? false, ports.lock, context);
  using _cache = await lock(cachedir);
  using _target = target.path === '' ? undefined : await lock(target.path);
  const previous = findPrevious(params, treefile, target);
  using resolution = await steps.run('resolve', 'Resolving dependencies', () =>
    resolveTreefile(
      treefile,
      repos,
      {
        cachedir,
        cacheOnly: params.cacheOnly ?? false,
        proxy: params.proxy,
        sourceRoot: params.sourceRoot,
        locks,
        lockedOnly: params.lockfileStrict,
      },
      ports.resolve,
    ),
  );
  for (const warning of resolution.warnings) context.message(warnOf(warning));
  if (!params.dryRun) for (const line of describePackages(resolution)) context.message(line);
  const timeSeconds = ports.now();
  const earlier = earlierThanParent(timeSeconds, previous);
  if (earlier !== undefined) context.message(earlier);
  if (params.writeLockfileTo !== undefined) writeLockfile(params.writeLockfileTo, resolution, timeSeconds);
  const layers = locateLayers(treefile, params.layerRepo, target, ports.store);
  const inputhash = inputHash(treefile, resolution.packages, layers);
  const baseline = baselineOf(params, previous, target);
  const version = versionOf(treefile, params, baseline, timeSeconds);
  return await run({
    params,
    treefile,
    ports,
    context,
    steps,
    target,
    resolution,
    previous,
    version,
    inputhash,
    timeSeconds,
    layers,
    baseline,
    repos,
    cachedir,
  });
}

/** Fetch and import the packages, and open what building a tree of them needs. `commits`: the packages' in the cache, by NEVRA. */
export async function withPackages<T>(
  resolved: Resolved,
  run: (compose: Compose, commits: ReadonlyMap<string, string>, imported: number) => Promise<T>,
): Promise<T> {
  const { params, treefile, ports, steps, resolution, repos, cachedir } = resolved;
  requireRoot();
  await fetchPackages(resolved);
  using cache = ports.store.openCache(packageCacheIn(cachedir));
  const { imported, commits } = await steps.run('import', 'Importing packages', () =>
    importMissing({ resolution, repos, cache, ports, steps, forceAll: params.forceNocache ?? false, ima: treefile.ima }),
  );
  using workdir = new Workdir(path.resolve(params.workdir ?? cachedir), ports.lock);
  const headers = readHeaders(resolution.packages, cache, ports.rpm);
  const result = await run({ ...resolved, cache, workdir: workdir.path, headers }, commits, imported);
  const retired = retireUnused(cachedir, cache, resolution.packages);
  if (retired !== undefined) resolved.context.message(retired);
  return result;
}

async function fetchPackages({ steps, resolution, cachedir }: Pick<Resolved, 'steps' | 'resolution' | 'cachedir'>): Promise<void> {
  await steps.run('fetch', 'Downloading packages', () =>
    resolution.fetch(resolution.packages, (p) => steps.report('fetch', p.bytesTotal ? (p.bytesDone ?? 0) / p.bytesTotal : 1, p)),
  );
  noteDownloadsUsed(cachedir, resolution.packages);
}

/** What gets installed, as rpm-ostree logs it. */
const describePackages = ({ packages }: Resolution): string[] => [
  `Installing ${packages.length} packages:`,
  ...packages.map((pkg) => `  ${pkg.nevra} (${pkg.repo})`),
];

const cacheText = ({ cachedir }: Pick<Resolved, 'cachedir'>): string => path.join(cachedir, 'packages');

function describeFetched(resolution: Resolution, where: string): string {
  const bytes = resolution.packages.reduce((sum, pkg) => sum + (pkg.remote ? pkg.downloadBytes : 0), 0);
  return `${resolution.packages.length} packages (${(bytes / 1e6).toFixed(1)} MB from the network) are in ${where}`;
}

/** A tree's files belong to root, and scripts run on an overlay: both need root, of the machine or of a user namespace. */
export function requireRoot(): void {
  if (process.getuid?.() !== 0)
    throw new TreelineError('compose.sandbox', {
      detail: 'Compose needs root, or a user namespace: unshare --user --map-root-user treeline compose ...',
    });
}

export function findPrevious(
  params: Pick<ComposeParams, 'noParent' | 'parent'>,
  treefile: Treefile,
  target: TargetRepo,
): PreviousCommit | undefined {
  if (params.noParent) return undefined;
  if (params.parent === undefined) return treefile.ref === '' ? undefined : target.previous(treefile.ref);
  const found = target.previous(params.parent);
  // the commit of another repository: it is named as the parent, and nothing is taken over from it
  if (!found && !/^[0-9a-f]{64}$/.test(params.parent))
    throw new TreelineError('repo.revision-not-found', { subject: params.parent, facts: { repo: target.path } });
  return found;
}

/** The version that a commit made now would have. */
export function versionOf(
  treefile: Treefile,
  params: Pick<ComposeParams, 'addMetadataString'>,
  previous: Pick<PreviousCommit, 'version'> | undefined,
  timeSeconds: number,
): string {
  const given = [...(params.addMetadataString ?? [])]
    .reverse()
    .find((pair) => pair.startsWith('version='))
    ?.slice('version='.length);
  const fixed = treefile.addCommitMetadata['version'];
  if (given !== undefined) return given;
  if (typeof fixed === 'string' || typeof fixed === 'number') return String(fixed);
  if (treefile.automaticVersionPrefix === undefined) return '';
  return nextVersion(treefile.automaticVersionPrefix, treefile.automaticVersionSuffix, previous?.version || undefined, timeSeconds);
}

/** Asks nobody but the treefile. */
function printOnly(params: ComposeParams): ComposeOutcome {
  const treefile = loadTreefile(params.treefile);
  const nothing = { changed: false, checksum: '', version: '', inputhash: '', packageCount: 0, imported: 0, cached: 0, seconds: {} };
  return { ...nothing, ref: treefile.ref, text: printTreefile(treefile) };
}
