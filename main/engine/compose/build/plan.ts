// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { formatNevra, sumIfKnown, type ComposePlan, type PlannedPackage } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { buildReleaseChanges, type DescribedPackage } from '../../base/diff/index.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { ResolveParams } from './params.ts';
import type { ComposeStore, PreviousCommit, TargetRepo } from '../../base/ports/compose-store.ts';
import type { RepoDefinition, Resolution, ResolvedPackage, Resolver } from '../../base/ports/resolver.ts';
import type { RpmPort } from '../../base/ports/rpm.ts';
import { previousPackages } from './commit-tree.ts';
import { versionOf } from './compose.ts';
import { resolveTreefile } from '../treefile/resolve-treefile.ts';
import { inputHash } from './input-hash.ts';
import { locateLayers } from './layers.ts';
import { loadRepos } from '../treefile/repo-file.ts';
import { loadTreefile, type Treefile } from '../treefile/treefile.ts';
import { openCachedir } from './workdir.ts';

export interface PlanPorts {
  readonly resolve: Resolver;
  readonly rpm: Pick<RpmPort, 'readPackage' | 'readRpmdb'>;
  readonly store: Pick<ComposeStore, 'openTarget'>;
  /** Unix seconds. */
  readonly now: () => number;
}

/** What composing a treefile would make now, and how that differs from the branch's last commit. Downloads metadata only, changes nothing. */
export function planCompose(params: ResolveParams, ports: PlanPorts, context: JobContext): ComposePlan {
  const step = (name: string, index: number): void => context.progress({ step: name, stepIndex: index, stepCount: 2, fraction: index / 2 });
  const treefile = loadTreefile(params.treefile, params.text);
  const repos = loadRepos(treefile);
  const cachedir = openCachedir(params.cachedir);
  step('resolve', 0);
  using resolution = context.task('Resolving dependencies', () =>
    resolveTreefile(treefile, repos, { cachedir, cacheOnly: params.cacheOnly ?? false }, ports.resolve),
  );
  step('compare', 1);
  using target = params.repo === undefined ? undefined : ports.store.openTarget(path.resolve(params.repo));
  return context.task('Comparing with the last commit', () => describePlan({ treefile, repos, resolution, target, cachedir, ports }));
}

interface Parts {
  readonly treefile: Treefile;
  readonly repos: readonly RepoDefinition[];
  readonly resolution: Resolution;
  readonly target: TargetRepo | undefined;
  readonly cachedir: string;
  readonly ports: PlanPorts;
}

function describePlan({ treefile, repos, resolution, target, cachedir, ports }: Parts): ComposePlan {
  const previous = treefile.ref === '' ? undefined : target?.previous(treefile.ref);
  const layers = target ? locateLayers(treefile, undefined, target, ports.store) : [];
  const timeSeconds = ports.now();
  const version = versionOf(treefile, {}, previous, timeSeconds);
  const from = target && previous ? past(target, previous, cachedir, ports) : [];
  const changes = buildReleaseChanges({
    ...(previous ? { parent: previous.checksum, parentVersion: previous.version } : {}),
    version,
    timeSeconds,
    from,
    to: described(resolution.packages, new Set(from.map(formatNevra)), ports),
    advisories: resolution.advisories(true),
  });
  const packages = resolution.packages.map((pkg) => planned(pkg, treefile));
  const installedBytes = sumIfKnown(packages.map((pkg) => pkg.installedSizeBytes));
  return {
    ref: treefile.ref,
    version,
    unchanged: previous?.inputhash === inputHash(treefile, resolution.packages, layers),
    packages,
    repos: resolution.repos.flatMap(({ id, timestamp }) => {
      const repo = repos.find((each) => each.id === id);
      const told = (text: string): string => text.replace(/\$\{?releasever\}?/g, treefile.releasever);
      const url = repo?.baseurl[0] ?? repo?.metalink ?? repo?.mirrorlist ?? '';
      return repo ? [{ id, name: told(repo.name), url: told(url), timestamp }] : [];
    }),
    ...(previous ? { previous: { checksum: previous.checksum, version: previous.version, timestamp: previous.timestamp } } : {}),
    changes: changes.packages,
    advisories: changes.advisories,
    ...(installedBytes === undefined ? {} : { installedBytes }),
    downloadBytes: packages.reduce((sum, pkg) => sum + (pkg.here ? 0 : pkg.downloadBytes), 0),
  };
}

/** Packages of the last commit, from its database, which is copied out for the moment. */
function past(target: TargetRepo, previous: PreviousCommit, cachedir: string, ports: PlanPorts): readonly DescribedPackage[] {
  const workdir = mkdtempSync(path.join(cachedir, 'plan.'));
  try {
    return previousPackages({ previous, target, workdir, ports });
  } finally {
    rmSync(workdir, { recursive: true, force: true });
  }
}

/** Changelogs stand in the package files: of those that are new and lie here already. */
function described(packages: readonly ResolvedPackage[], known: ReadonlySet<string>, ports: PlanPorts): DescribedPackage[] {
  return packages.map((pkg) => {
    if (known.has(formatNevra(pkg)) || !existsSync(pkg.path)) return pkg;
    try {
      return ports.rpm.readPackage(pkg.path);
    } catch (error) {
      // a damaged file is an error of the compose, not of looking
      if (error instanceof TreelineError) return pkg;
      throw error;
    }
  });
}

function planned(pkg: ResolvedPackage, treefile: Treefile): PlannedPackage {
  const { path: file, remote, nevra: _, digest: __, ...plain } = pkg;
  const place = placeOf(treefile, pkg);
  return {
    ...plain,
    // one that was cut off isn't here
    here: !remote || statSync(file, { throwIfNoEntry: false })?.size === pkg.downloadBytes,
    ...(place ? { named: { file: place.file, line: place.line } } : {}),
  };
}

/** Where the treefile asks for a package: by its name, or with a wildcard, a version or an architecture. */
function placeOf(treefile: Treefile, { name, arch }: ResolvedPackage): ReturnType<Treefile['placeOf']> {
  const entry = treefile.packages.find((spec) => {
    const bare = spec.split(/[\s<>=]/)[0] ?? spec;
    return bare === name || bare === `${name}.${arch}` || (/[*?[]/.test(bare) && fits(bare, name));
  });
  return entry === undefined ? undefined : treefile.placeOf('packages', entry);
}

function fits(glob: string, name: string): boolean {
  const pattern = glob
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  try {
    return new RegExp(`^${pattern}$`).test(name);
  } catch {
    return false;
  }
}
