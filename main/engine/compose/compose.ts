import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { ComposeOutcome, ComposeParams, JobContext } from '../jobs/index.ts';
import type { ComposeStore, PackageCache, PreviousCommit, SystemPort, TargetRepo } from '../ports/compose-store.ts';
import type { Resolution, Resolver } from '../ports/resolver.ts';
import type { RpmPackage, RpmPort } from '../ports/rpm.ts';
import { buildTree } from './build-tree.ts';
import { commitTree } from './commit-tree.ts';
import { importMissing, type Importer } from './import-packages.ts';
import { inputHash } from './input-hash.ts';
import { loadRepos } from './repo-file.ts';
import type { LuaRunner } from './sandbox.ts';
import { Steps } from './steps.ts';
import { loadTreefile, type Treefile } from './treefile.ts';
import { nextVersion } from './version.ts';
import { defaultCachedir, Workdir } from './workdir.ts';

/** What compose needs of the world; main/worker wires it. */
export interface ComposePorts {
  readonly resolve: Resolver;
  readonly rpm: RpmPort;
  readonly store: ComposeStore;
  readonly system: SystemPort;
  readonly lua: LuaRunner;
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
}

/** `compose tree`: treefile -> resolve -> fetch -> import -> assemble -> scripts -> postprocess -> commit. Nothing of the target repository changes before the last step succeeds. */
export async function composeTree(params: ComposeParams, ports: ComposePorts, context: JobContext): Promise<ComposeOutcome> {
  const steps = new Steps(context);
  const treefile = loadTreefile(params.treefile);
  const repos = loadRepos(treefile);
  using target = ports.store.openTarget(path.resolve(params.repo));
  const previous = findPrevious(params, treefile, target);
  const cachedir = path.resolve(params.cachedir ?? defaultCachedir());
  mkdirSync(cachedir, { recursive: true });
  using resolution = await steps.run('resolve', 'Resolving dependencies', () =>
    placed(treefile, () =>
      ports.resolve({
        cachedir,
        repos,
        releasever: treefile.releasever,
        packages: treefile.packages,
        excludes: treefile.excludePackages,
        recommends: treefile.recommends,
        ...(params.cacheOnly ? { cacheOnly: true } : {}),
      }),
    ),
  );
  const inputhash = inputHash(treefile, resolution.packages);
  const timeSeconds = ports.now();
  const version = versionOf(treefile, params, previous, timeSeconds);
  const outcome = { ref: treefile.ref, inputhash, packageCount: resolution.packages.length, seconds: steps.seconds };
  if (params.dryRun || params.printOnly)
    return { ...outcome, changed: false, checksum: '', version, imported: 0, cached: 0, text: describeInput(params, treefile, resolution) };
  if (previous && previous.inputhash === inputhash && !params.forceNocache)
    return {
      ...outcome,
      changed: false,
      checksum: previous.checksum,
      version: previous.version,
      imported: 0,
      cached: resolution.packages.length,
    };

  requireRoot();
  await steps.run('fetch', 'Downloading packages', () =>
    resolution.fetch(resolution.packages, (p) => steps.report('fetch', p.bytesTotal ? (p.bytesDone ?? 0) / p.bytesTotal : 1, p)),
  );
  using cache = ports.store.openCache(path.join(cachedir, 'pkgcache-repo'));
  const { imported, commits } = await steps.run('import', 'Importing packages', () =>
    importMissing({ resolution, repos, cache, ports, steps, forceAll: params.forceNocache ?? false }),
  );
  using workdir = new Workdir(path.resolve(params.workdir ?? cachedir));
  const headers = resolution.packages.map((p) => ports.rpm.readPackage(p.path));
  const compose: Compose = {
    params,
    treefile,
    ports,
    context,
    steps,
    target,
    cache,
    workdir: workdir.path,
    resolution,
    headers,
    previous,
    version,
    inputhash,
    timeSeconds,
  };
  const tree = await buildTree(compose, commits);
  const checksum = await commitTree(compose, tree);
  if (params.touchIfChanged) writeFileSync(params.touchIfChanged, '');
  if (params.writeCommitidTo) writeFileSync(params.writeCommitidTo, checksum);
  const cached = resolution.packages.length - imported;
  if (params.writeComposejsonTo) writeFileSync(params.writeComposejsonTo, `${JSON.stringify(composeJson(compose, checksum), null, 2)}\n`);
  return { ...outcome, changed: true, checksum, version, imported, cached };
}

/** A tree's files belong to root, and scripts run on an overlay: both need root, of the machine or of a user namespace. */
function requireRoot(): void {
  if (process.getuid?.() !== 0)
    throw new TreelineError('compose.sandbox', {
      detail: 'Compose needs root, or a user namespace: unshare --user --map-root-user treeline compose ...',
    });
}

function findPrevious(params: ComposeParams, treefile: Treefile, target: TargetRepo): PreviousCommit | undefined {
  if (params.noParent) return undefined;
  if (params.parent === undefined) return target.previous(treefile.ref);
  const found = target.previous(params.parent);
  if (!found) throw new TreelineError('repo.revision-not-found', { subject: params.parent, facts: { repo: target.path } });
  return found;
}

/** Errors about a package name get the place where the treefile names it. */
function placed<T>(treefile: Treefile, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TreelineError) || error.report.subject === undefined || error.report.file !== undefined) throw error;
    const key = error.code === 'package.not-found' ? 'packages' : error.code === 'package.excluded' ? 'exclude-packages' : undefined;
    if (!key) throw error;
    const { code, ...fields } = error.report;
    throw new TreelineError(code, { ...fields, ...treefile.placeOf(key, error.report.subject), key }, { cause: error });
  }
}

function versionOf(treefile: Treefile, params: ComposeParams, previous: PreviousCommit | undefined, timeSeconds: number): string {
  const given = [...(params.addMetadataString ?? [])]
    .reverse()
    .find((pair) => pair.startsWith('version='))
    ?.slice('version='.length);
  const fixed = treefile.addCommitMetadata['version'];
  if (given !== undefined) return given;
  if (typeof fixed === 'string' || typeof fixed === 'number') return String(fixed);
  if (treefile.automaticVersionPrefix === undefined) return '';
  return nextVersion(treefile.automaticVersionPrefix, treefile.automaticVersionSuffix, previous?.version, timeSeconds);
}

function describeInput(params: ComposeParams, treefile: Treefile, resolution: Resolution): string {
  if (!params.printOnly) return resolution.packages.map((p) => `${p.nevra} (${p.repo})`).join('\n');
  const { files: _, placeOf: __, path: ___, ...plain } = treefile;
  return JSON.stringify(plain, null, 2);
}

function composeJson(compose: Compose, checksum: string): Record<string, unknown> {
  return {
    ref: compose.treefile.ref,
    'ostree-commit': checksum,
    'ostree-version': compose.version,
    'ostree-parent-commit': compose.previous?.checksum ?? null,
    'ostree-timestamp': new Date(compose.timeSeconds * 1000).toISOString(),
    'rpm-ostree-inputhash': compose.inputhash,
    'n-packages': compose.headers.length,
  };
}
