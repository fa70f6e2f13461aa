// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { atomicFile, readJsonFile, hasShape } from '../../../files/index.ts';
import type { ExtensionsOutcome, ExtensionsParams } from './params.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { ResolvedPackage } from '../../base/ports/resolver.ts';
import type { ComposePorts } from './compose.ts';
import { Tree } from '../../base/tree/index.ts';
import { loadRepos } from '../treefile/repo-file.ts';
import { databaseOf } from './rootfs.ts';
import { readStructured } from '../treefile/structured-file.ts';
import { resolveTreefile } from '../treefile/resolve-treefile.ts';
import { loadTreefile, type Treefile } from '../treefile/treefile.ts';
import { openCachedir } from './workdir.ts';

const extensionSchema = z.strictObject({
  packages: z.array(z.string().min(1)).min(1).describe('Packages of the extension.'),
  repos: z.array(z.string()).optional().describe('Further repositories for it.'),
  architectures: z.array(z.string()).optional().describe('Architectures that it is for (default: all).'),
  'match-base-evr': z.string().optional().describe('Take the packages in the version that this package of the base has.'),
  kind: z
    .enum(['os-extension', 'development'])
    .default('os-extension')
    .describe('os-extension (default) is resolved together with the base; development is only fetched.'),
});

/** An extensions file: packages that can be added to a base. The source of validation and of the JSON Schema. */
export const extensionsSchema = z.strictObject({
  repos: z.array(z.string()).optional().describe('Repositories besides those of the treefile.'),
  extensions: z.record(z.string(), extensionSchema).describe('Name of an extension to what it is made of.'),
});
type Extensions = z.infer<typeof extensionsSchema>;

const readExtensions = (file: string): Extensions =>
  readStructured(file, extensionsSchema, {
    code: 'treefile.invalid-value',
    keys: ['extensions', 'repos', 'packages', 'architectures', 'match-base-evr', 'kind'],
  }).data;

/** Name and `[epoch:]version-release` of each package of the base. */
type Base = ReadonlyMap<string, { readonly evr: string; readonly spec: string }>;

function baseOf(params: ExtensionsParams, treefile: Treefile, ports: ComposePorts): Base {
  if (params.rootfs !== undefined) {
    if (params.repo !== undefined || params.baseRev !== undefined)
      throw new TreelineError('usage.invalid', { detail: '--rootfs stands for --repo and --base-rev: the base is one of them' });
    return baseOfRoot(path.resolve(params.rootfs), ports);
  }
  if (params.repo === undefined) {
    if (params.baseRev !== undefined) throw new TreelineError('usage.invalid', { detail: '--base-rev needs --repo' });
    return new Map();
  }
  using target = ports.store.openTarget(path.resolve(params.repo));
  const revision = params.baseRev ?? treefile.ref;
  if (revision === '')
    throw new TreelineError('usage.invalid', { detail: 'the treefile names no branch: say which commit is the base (--base-rev)' });
  const commit = target.previous(revision);
  if (!commit) throw new TreelineError('repo.revision-not-found', { subject: revision, facts: { repo: target.path } });
  return new Map(
    commit.pkglist.map(([name = '', epoch = '0', version = '', release = '', arch = '']) => {
      const evr = `${epoch === '0' || epoch === '' ? '' : `${epoch}:`}${version}-${release}`;
      return [name, { evr, spec: `${name}-${evr}.${arch}` }];
    }),
  );
}

function baseOfRoot(root: string, ports: ComposePorts): Base {
  using tree = new Tree(root);
  const dbPath = databaseOf(tree);
  if (dbPath === undefined) throw new TreelineError('rpmdb.missing', { subject: root });
  return new Map(
    ports.rpm.readRpmdb({ root, dbPath }).map((pkg) => {
      const evr = `${pkg.epoch > 0 ? `${pkg.epoch}:` : ''}${pkg.version}-${pkg.release}`;
      return [pkg.name, { evr, spec: `${pkg.name}-${evr}.${pkg.arch}` }];
    }),
  );
}

/**
 * `compose extensions`: fetch the packages that can be added to a base, with what they need and the base hasn't. They resolve together with exactly
 * the base's packages (of `baseRev`, default the branch's newest, or of the database in `rootfs`; with neither: what the treefile gives now). Packages of kind
 * `development` are only fetched.
 */
export async function composeExtensions(params: ExtensionsParams, ports: ComposePorts, context: JobContext): Promise<ExtensionsOutcome> {
  const treefile = loadTreefile(params.treefile);
  const { repos: moreRepos = [], extensions } = readExtensions(params.extensions);
  const wanted = Object.entries(extensions).filter(([, e]) => !e.architectures || e.architectures.includes(treefile.basearch));
  const base = baseOf(params, treefile, ports);
  const cachedir = openCachedir(params.cachedir);
  const specs = (extension: Extensions['extensions'][string]): string[] => {
    const match = extension['match-base-evr'];
    if (match === undefined) return extension.packages;
    const found = base.get(match);
    if (!found)
      throw new TreelineError('package.not-found', {
        subject: match,
        file: params.extensions,
        key: 'match-base-evr',
        detail: 'the base doesn’t have it',
      });
    return extension.packages.map((name) => `${name}-${found.evr}`);
  };
  const basePackages = base.size > 0 ? [...base.values()].map((p) => p.spec) : treefile.packages;
  const withRepos = (list: readonly string[]): Treefile => ({
    ...treefile,
    packages: list,
    repos: treefile.repos.length === 0 ? [] : [...new Set([...treefile.repos, ...moreRepos, ...wanted.flatMap(([, e]) => e.repos ?? [])])],
  });
  const fetched: ResolvedPackage[] = [];
  const take = (list: readonly string[], keep: (pkg: ResolvedPackage) => boolean): void => {
    const merged = withRepos(list);
    using resolution = resolveTreefile(merged, loadRepos(merged), { cachedir, cacheOnly: params.cacheOnly ?? false }, ports.resolve);
    const packages = resolution.packages.filter((pkg) => keep(pkg) && !fetched.some((f) => f.nevra === pkg.nevra));
    resolution.fetch(packages, (p) => context.progress({ step: 'fetch', stepIndex: 1, stepCount: 2, fraction: 0.5, ...p }));
    fetched.push(...packages);
  };
  const ofKind = (kind: string): string[] => wanted.filter(([, e]) => e.kind === kind).flatMap(([, e]) => specs(e));
  const inBase = baseNevras(base, basePackages, withRepos, params, ports, cachedir);
  const forOs = ofKind('os-extension');
  context.task('Resolving extensions', () => {
    if (forOs.length > 0) take([...basePackages, ...forOs], (pkg) => !inBase.has(pkg.nevra));
    const names = ofKind('development');
    const named = new Set(wanted.filter(([, e]) => e.kind === 'development').flatMap(([, e]) => e.packages));
    if (names.length > 0) take(names, (pkg) => named.has(pkg.name));
  });
  return writeExtensions(params, wanted, fetched);
}

/** What the base holds: told by the commit, or what the treefile resolves to alone. */
function baseNevras(
  base: Base,
  packages: readonly string[],
  withRepos: (list: readonly string[]) => Treefile,
  params: ExtensionsParams,
  ports: ComposePorts,
  cachedir: string,
): ReadonlySet<string> {
  if (base.size > 0) return new Set([...base.values()].map((p) => p.spec));
  const merged = withRepos(packages);
  using resolution = resolveTreefile(merged, loadRepos(merged), { cachedir, cacheOnly: params.cacheOnly ?? false }, ports.resolve);
  return new Set(resolution.packages.map((pkg) => pkg.nevra));
}

interface Listing {
  readonly 'state-checksum': string;
  readonly extensions: Readonly<Record<string, { readonly kind: string; readonly packages: readonly string[] }>>;
  readonly files: readonly string[];
}

/** The package files with a list of them; files of a run before that aren't in it any more are removed. */
function writeExtensions(
  params: ExtensionsParams,
  wanted: readonly (readonly [string, Extensions['extensions'][string]])[],
  fetched: readonly ResolvedPackage[],
): ExtensionsOutcome {
  const output = path.resolve(params.outputDir ?? 'extensions');
  mkdirSync(output, { recursive: true });
  const list = path.join(output, 'extensions.json');
  const listed = existsSync(list) ? readJsonFile(list) : undefined;
  const before = hasShape(listed, { 'state-checksum': 'string', files: 'strings' }) ? listed : undefined;
  const packages = [...fetched].sort((a, b) => (a.nevra < b.nevra ? -1 : 1));
  const files = packages.map((pkg) => path.basename(pkg.path));
  const described = Object.fromEntries(wanted.map(([name, e]) => [name, { kind: e.kind, packages: e.packages }]));
  const state = createHash('sha256')
    .update(JSON.stringify([described, packages.map((p) => [p.nevra, p.digest.hex])]))
    .digest('hex');
  const changed = before?.['state-checksum'] !== state || files.some((name) => !existsSync(path.join(output, name)));
  if (changed) {
    for (const pkg of packages) copyFileSync(pkg.path, path.join(output, path.basename(pkg.path)));
    for (const name of before?.files ?? []) if (!files.includes(name)) rmSync(path.join(output, path.basename(name)), { force: true });
    atomicFile(list, `${JSON.stringify({ 'state-checksum': state, extensions: described, files } satisfies Listing, null, 2)}\n`);
    if (params.touchIfChanged) atomicFile(params.touchIfChanged, '');
  }
  return { changed, outputDir: output, packages: packages.map((p) => p.nevra) };
}
