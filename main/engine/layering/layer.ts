// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { formatNevra } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { ComposeStore, LayerStore } from '../base/ports/compose-store.ts';
import type { JobContext } from '../base/ports/job.ts';
import type { FileLock } from '../base/ports/publish.ts';
import type { Provided, RepoDefinition, Resolution, Resolver } from '../base/ports/resolver.ts';
import type { RpmPort } from '../base/ports/rpm.ts';
import type { SystemPort } from '../base/ports/compose-store.ts';
import type { CommitPort } from '../base/ports/sysroot.ts';
import type { Interpreter } from '../base/sandbox/sandbox.ts';
import { Tree } from '../base/tree/index.ts';
import { importMissing, readHeaders } from '../compose/build/import-packages.ts';
import { rpmdbPath } from '../compose/build/postprocess.ts';
import { policyOf } from '../compose/build/selinux.ts';
import { Steps } from '../compose/build/steps.ts';
import { ownDirectory, Workdir } from '../compose/build/workdir.ts';
import { buildLayerTree } from './layer-tree.ts';
import { layerMetadata } from './metadata.ts';
import type { UserFiles } from './users.ts';

export interface LayerPorts {
  readonly resolve: Resolver;
  readonly rpm: RpmPort;
  readonly system: SystemPort;
  readonly interpreter: Interpreter;
  readonly lock: FileLock;
  readonly compose: Pick<ComposeStore, 'sepolicyName'>;
  /** Unix seconds. */
  readonly now: () => number;
}

export interface LayerRequest {
  /** The sysroot's repository. */
  readonly store: LayerStore;
  /** Whole, in the repository. */
  readonly base: Pick<CommitPort, 'checksum' | 'version' | 'value'>;
  /** Names, globs, NEVRAs, provides or file paths, as the origin has them. */
  readonly packages: readonly string[];
  readonly repos: readonly RepoDefinition[];
  readonly releasever: string;
  /** For metadata and downloaded packages. */
  readonly cachedir: string;
  readonly cacheOnly: boolean;
  readonly recommends: boolean;
  readonly users: UserFiles;
}

export interface Layer {
  /** The layer's commit; the base's when the base has everything that is requested. */
  readonly checksum: string;
  /** NEVRAs of the packages of the layer, sorted. */
  readonly packages: readonly string[];
  /** Requests that the base fulfils: kept, and nothing for now. */
  readonly inactive: readonly Provided[];
}

/**
 * Resolve requests against a base, import the packages and commit the base with them. The repository holds the layer afterwards, without a ref. Throws
 * layer.base-would-change, and what resolving, importing and composing throw.
 */
export async function makeLayer(request: LayerRequest, ports: LayerPorts, context: JobContext): Promise<Layer> {
  const { store, base } = request;
  const steps = new Steps(context);
  using workdir = new Workdir(path.join(store.path, 'tmp'), ports.lock);
  const root = ownDirectory(workdir.path, 'root');
  using resolution = await steps.run('resolve', 'Resolving dependencies', () => {
    store.checkout(base.checksum, root);
    return resolveOn(root, request, ports);
  });
  requireBaseUnchanged(request, resolution);
  const inactive = resolution.provided;
  if (resolution.packages.length === 0) return { checksum: base.checksum, packages: [], inactive };
  await steps.run('fetch', 'Downloading packages', () =>
    resolution.fetch(resolution.packages, (p) => steps.report('fetch', p.bytesTotal ? (p.bytesDone ?? 0) / p.bytesTotal : 1, p)),
  );
  const { commits } = await steps.run('import', 'Importing packages', () =>
    importMissing({ resolution, repos: request.repos, cache: store, ports, steps, forceAll: false, ima: false }),
  );
  const headers = readHeaders(resolution.packages, store, ports.rpm);
  const message = (text: string): void => context.message(text);
  const timeSeconds = ports.now();
  await steps.run('scripts', 'Putting packages onto the base', () =>
    buildLayerTree({
      ports,
      cache: store,
      workdir: workdir.path,
      root,
      packages: headers,
      commits,
      users: request.users,
      timeSeconds,
      message,
      report: (done) => steps.report('scripts', done, {}),
    }),
  );
  const checksum = await steps.run('commit', 'Writing the layer', () => commit(root, request, resolution, ports, timeSeconds));
  return { checksum, packages: headers.map(formatNevra).sort(), inactive };
}

function resolveOn(root: string, request: LayerRequest, ports: LayerPorts): Resolution {
  const { cachedir, repos, releasever, packages, recommends, cacheOnly } = request;
  return ports.resolve({
    ...{ cachedir, repos, releasever, packages, recommends, excludes: [], base: { root, dbPath: rpmdbPath } },
    ...(cacheOnly ? { cacheOnly } : {}),
  });
}

/** A layer only adds: what replaces a package of the base is an override, which somebody has to ask for. */
function requireBaseUnchanged({ packages }: LayerRequest, { displaced, packages: added }: Resolution): void {
  const [first] = displaced;
  if (!first) return;
  const changes = displaced.map(({ installed, by }) => (by === undefined ? `${installed} would go` : `${by} would replace ${installed}`));
  throw new TreelineError('layer.base-would-change', {
    subject: packages.join(' '),
    detail: changes.join(', '),
    facts: { installed: first.installed, ...(first.by === undefined ? {} : { by: first.by }), added: added.length },
  });
}

function commit(
  root: string,
  { store, base, packages }: LayerRequest,
  resolution: Resolution,
  ports: LayerPorts,
  timeSeconds: number,
): string {
  using tree = new Tree(root);
  const labelled = policyOf(tree, ports.compose) !== undefined;
  const inactive = new Set(resolution.provided.map(({ spec }) => spec));
  const metadata = layerMetadata(
    {
      base,
      requests: packages.filter((spec) => !inactive.has(spec)),
      installed: ports.rpm.readRpmdb({ root, dbPath: rpmdbPath }),
      repos: resolution.repos,
    },
    (type, value) => store.variant(type, value),
  );
  return store.writeLayer({ base: base.checksum, metadata, root: store.writeDirectory(root, labelled ? root : undefined), timeSeconds });
}
