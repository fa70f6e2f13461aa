// SPDX-License-Identifier: LGPL-2.1-or-later
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { formatNevra, type LayerPackage } from '../../../shared/domain/index.ts';
import { errorLine, TreelineError } from '../../../shared/errors/index.ts';
import type { ComposeStore, LayerStore, SystemPort } from '../base/ports/compose-store.ts';
import type { JobContext } from '../base/ports/job.ts';
import type { LayerContent, LayerOutcome } from '../base/ports/layers.ts';
import type { FileLock } from '../base/ports/publish.ts';
import type { Provided, Resolution, ResolvedPackage, Resolver } from '../base/ports/resolver.ts';
import type { RpmPackage, RpmPort } from '../base/ports/rpm.ts';
import type { Interpreter } from '../base/sandbox/sandbox.ts';
import { Tree } from '../base/tree/index.ts';
import { importMissing, readHeaders } from '../compose/build/import-packages.ts';
import { kernelVersions } from '../compose/build/kernel.ts';
import { policyOf } from '../compose/build/selinux.ts';
import { loadKeys } from '../compose/build/signatures.ts';
import { Steps } from '../compose/build/steps.ts';
import { ownDirectory, Workdir } from '../compose/build/workdir.ts';
import { noChanges, sourcesOf } from './base-changes.ts';
import { blame, onlySpecs } from './blame.ts';
import { remakeInitramfs } from './initramfs.ts';
import { buildLayerTree, requireDatabase } from './layer-tree.ts';
import { layerMetadata } from './metadata.ts';
import { isMisfit } from './misfit.ts';
import type { LayerParams } from './params.ts';
import { layeredSpecs, needOwnTree, needPackages, type Requests } from './requests.ts';
import { isSameLayer } from './same-layer.ts';
import { solve, type Solved, type Solving } from './solve.ts';

export interface LayerPorts {
  readonly openStore: (repo: string) => LayerStore;
  readonly resolve: Resolver;
  readonly rpm: RpmPort;
  readonly system: SystemPort;
  readonly interpreter: Interpreter;
  readonly lock: FileLock;
  readonly compose: Pick<ComposeStore, 'sepolicyName'>;
  /** Unix seconds. */
  readonly now: () => number;
}

interface Making extends Solving {
  readonly ports: LayerPorts;
  readonly steps: Steps;
  readonly context: JobContext;
}

/**
 * Job layer.make. The repository holds the layer afterwards, without a ref. Throws layer.base-would-change, layer.blocks-update, layer.inactive,
 * layer.local-lost, and what resolving, importing and composing throw.
 */
export async function makeLayer(params: LayerParams, ports: LayerPorts, context: JobContext): Promise<LayerOutcome> {
  const { requests } = params;
  if (!needOwnTree(requests)) return { checksum: params.base, added: [], replaced: [], inactive: [], idle: [], setAside: [] };
  using store = ports.openStore(params.repo);
  const attempt = async (wanted: Requests, isLast: boolean): Promise<LayerOutcome> => {
    using workdir = new Workdir(path.join(store.path, 'tmp'), ports.lock);
    const making: Making = {
      ...{ params: { ...params, requests: wanted }, ports, store, workdir: workdir.path },
      ...{ steps: new Steps(context), context },
    };
    try {
      return await make(making);
    } catch (error) {
      throw isMisfit(error) && isLast ? blame(making, error) : error;
    }
  };
  const aside = layeredSpecs(requests).filter((spec) => requests.setAside.includes(spec));
  try {
    return await attempt(requests, aside.length === 0);
  } catch (error) {
    if (!isMisfit(error) || aside.length === 0) throw error;
    // what didn't fit is tried anew each time: it comes back by itself
    const rest = onlySpecs(requests, (spec) => !aside.includes(spec));
    return { ...(await attempt(rest, true)), setAside: aside };
  }
}

async function make(making: Making): Promise<LayerOutcome> {
  const { params, context } = making;
  if (!needPackages(params.requests)) return await makeOf(making, undefined);
  using solved = await making.steps.run('resolve', 'Resolving dependencies', () => solve(making));
  for (const report of solved.resolution.warnings) context.message(errorLine(report));
  const unchecked = params.repos.filter(({ gpgcheck }) => !gpgcheck).map(({ id }) => id);
  if (unchecked.length > 0) context.message(`Signatures of packages aren’t checked for: ${unchecked.join(', ')}`);
  requireActive(params, solved.inactive);
  return await makeOf(making, solved);
}

/** Without a solution no package is asked for. */
async function makeOf(making: Making, solved: Solved | undefined): Promise<LayerOutcome> {
  const { params, store } = making;
  const { requests, base } = params;
  const packages = solved?.resolution.packages ?? [];
  const { removed, replaced, idle } = solved?.changes ?? noChanges;
  const content: LayerContent = {
    added: packages,
    replaced: [...removed.map((before) => ({ before })), ...replaced.map(({ before, after }) => ({ before, after }))],
    inactive: solved?.inactive ?? [],
    setAside: [],
  };
  const outcome = (checksum: string): LayerOutcome => ({ ...content, idle, checksum });
  if (params.dryRun) return { ...outcome(''), added: planned(making, solved?.resolution) };
  if (packages.length + removed.length === 0 && !requests.initramfs.regenerate) return outcome(base);
  if (isSameLayer(store, params, content, sourcesOf(requests, solved?.changes ?? noChanges))) return outcome(params.current ?? '');
  const commits = solved && packages.length > 0 ? await importPackages(making, solved.resolution) : new Map<string, string>();
  if (params.downloadOnly) return outcome('');
  return outcome(await build(making, solved, commits));
}

/** What would have to be fetched, and what brings each along. */
function planned({ store }: Making, resolution: Resolution | undefined): LayerPackage[] {
  const reasons = resolution?.neededBy();
  return (resolution?.packages ?? []).map((pkg) => ({
    ...pkg,
    downloadBytes: pkg.remote && !isComplete(store, pkg) ? pkg.downloadBytes : 0,
    neededBy: reasons?.get(pkg.nevra) ?? [],
  }));
}

/** Whoever asks for what is there already may not know it. */
function requireActive({ newRequests, allowInactive }: LayerParams, provided: readonly Provided[]): void {
  const idle = allowInactive ? [] : provided.filter(({ spec }) => newRequests.includes(spec));
  const [first] = idle;
  if (!first) return;
  throw new TreelineError('layer.inactive', {
    subject: idle.map(({ spec }) => spec).join(', '),
    detail: idle.map(({ by }) => by).join(', '),
  });
}

/** Fetch and import what the repository doesn't hold yet, or holds without a check by the keys that count now. Returns each package's commit by NEVRA. */
async function importPackages({ params, ports, store, steps }: Making, resolution: Resolution): Promise<ReadonlyMap<string, string>> {
  const keys = new Map<string, string>();
  for (const repo of params.repos) keys.set(repo.id, (await loadKeys(repo)).fingerprint);
  const isChecked = (pkg: ResolvedPackage): boolean => {
    const wanted = keys.get(pkg.repo) ?? '';
    return wanted === '' || store.lookup(pkg)?.verifiedWith === wanted;
  };
  const missing = resolution.packages.filter((pkg) => !isComplete(store, pkg) || !isChecked(pkg));
  if (missing.length > 0)
    await steps.run('fetch', 'Downloading packages', () =>
      resolution.fetch(missing, (p) => steps.report('fetch', p.bytesTotal ? (p.bytesDone ?? 0) / p.bytesTotal : 1, p)),
    );
  const { commits } = await steps.run('import', 'Importing packages', () =>
    importMissing({ resolution, repos: params.repos, cache: store, ports, steps, forceAll: false, ima: false }),
  );
  return commits;
}

/** With its header it can be put into a layer without the file that it came in. */
function isComplete(store: LayerStore, pkg: ResolvedPackage): boolean {
  const cached = store.lookup(pkg);
  return cached !== undefined && store.headerOf(cached.commit) !== undefined;
}

async function build(making: Making, solved: Solved | undefined, commits: ReadonlyMap<string, string>): Promise<string> {
  const { params, ports, store, workdir, steps, context } = making;
  const root = ownDirectory(workdir, 'root');
  const packages = solved ? headersOf(making, solved.resolution, commits) : [];
  const { removed, replaced } = solved?.changes ?? noChanges;
  const timeSeconds = ports.now();
  store.checkout(params.base, root);
  const kernels = kernelsIn(root);
  if (packages.length + removed.length > 0)
    await steps.run('scripts', 'Putting packages onto the base', () => {
      buildLayerTree({
        ...{ ports, cache: store, workdir, root, packages, commits, timeSeconds, users: params.users },
        gone: [...removed, ...replaced.map(({ before }) => before)],
        forced: solved?.asked.forced ?? new Set(),
        message: (text) => context.message(text),
        report: (done) => steps.report('scripts', done, {}),
      });
    });
  const kernelChanged = kernelsIn(root) !== kernels;
  if (params.requests.initramfs.regenerate || kernelChanged)
    await steps.run('finish', 'Making the initramfs', () => makeInitramfs(making, root, kernelChanged));
  return await steps.run('commit', 'Writing the layer', () => commit(making, root, solved, timeSeconds));
}

const kernelsIn = (root: string): string => {
  using tree = new Tree(root);
  return kernelVersions(tree).join(' ');
};

function makeInitramfs({ params, ports, store, workdir, context }: Making, root: string, kernelChanged: boolean): void {
  const base = store.loadCommit(params.base);
  const { regenerate, args } = params.requests.initramfs;
  using tree = new Tree(root, { system: ports.system });
  remakeInitramfs({
    ...{ system: ports.system, tree, workdir, kernelChanged },
    baseArgs: base.value('rpmostree.initramfs-args', 'as'),
    args: regenerate ? args : [],
    // another kernel alone gets what whoever composed the base gave it
    ...(regenerate && params.etc !== undefined ? { machine: { etc: params.etc, users: params.users } } : {}),
    epochSeconds: base.timestamp,
    message: (text) => context.message(text),
  });
}

/** As they lie in the repository: the files that they came in may be gone. */
function headersOf({ store, ports, workdir }: Making, resolution: Resolution, commits: ReadonlyMap<string, string>): RpmPackage[] {
  const directory = ownDirectory(workdir, 'headers');
  const files = resolution.packages.map((pkg, i) => {
    const header = store.headerOf(commits.get(pkg.nevra) ?? '');
    if (!header) return pkg;
    const file = path.join(directory, `${i}.rpm`);
    writeFileSync(file, header);
    return { ...pkg, path: file };
  });
  return readHeaders(files, store, ports.rpm);
}

function commit({ params, ports, store }: Making, root: string, solved: Solved | undefined, timeSeconds: number): string {
  const base = store.loadCommit(params.base);
  using tree = new Tree(root);
  const labelled = policyOf(tree, ports.compose) !== undefined;
  const inactive = new Set(solved?.resolution.provided.map(({ spec }) => spec));
  const changes = solved?.changes ?? noChanges;
  const metadata = layerMetadata(
    {
      base,
      requests: params.requests.packages.filter((spec) => !inactive.has(spec)),
      installed: ports.rpm.readRpmdb({ root, dbPath: requireDatabase(tree) }),
      repos: solved?.resolution.repos ?? [],
      initramfs: params.requests.initramfs,
      removed: changes.removed,
      replaced: changes.replaced,
      sources: sourcesOf(params.requests, changes),
    },
    (type, value) => store.variant(type, value),
  );
  return store.writeLayer({ base: base.checksum, metadata, root: store.writeDirectory(root, labelled ? root : undefined), timeSeconds });
}

/** NEVRAs of a layer's packages, sorted. */
export const nevrasOf = ({ added }: LayerContent): string[] => added.map(formatNevra).sort();
