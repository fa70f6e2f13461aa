// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra } from '../../../../shared/domain/index.ts';
import { packagesOfPkglist } from '../../base/diff/index.ts';
import type { CommitPort, RawDeployment, SysrootPort } from '../../base/ports/sysroot.ts';
import { strayImages } from './image-refs.ts';
import { isLayer } from './layer.ts';
import { forgetStaleLive } from './live-state.ts';
import { originOf } from './origin.ts';

/** Holds a base until a deployment stands on it (RPMOSTREE_TMP_BASE_REF of rpm-ostree). */
const baseInWork = 'rpmostree/base/tmp';
const bases = 'rpmostree/base';
const packages = 'rpmostree/pkg';
/** Names what was fetched to be deployed later, by stateroot. */
export const downloadedPrefix = 'treeline/downloaded';
export const downloadedRef = (osname: string): string => `${downloadedPrefix}/${osname}`;

/** Keep a base from being pruned while what comes onto it is made and deployed. */
export function holdBase({ repo }: Pick<SysrootPort, 'repo'>, checksum: string): void {
  repo.setRef(baseInWork, checksum);
}

/** What was only looked at, or is kept by another ref, is let go. */
export function releaseBase({ repo }: Pick<SysrootPort, 'repo'>): void {
  if (repo.tryResolveRev(baseInWork) !== undefined) repo.setRef(baseInWork, null);
}

/**
 * libostree keeps the commits of deployments, and knows nothing of what they were made of: refs name the bases of layers (`rpmostree/base/N`), and packages
 * that no deployment has any more lose theirs, to be removed by the next pruning. A base is never without a ref in between: whatever is interrupted, pruning
 * keeps it. Returns whether something was let go.
 */
export function keepLayers(sysroot: Pick<SysrootPort, 'repo' | 'deployments'>): boolean {
  const { repo } = sysroot;
  forgetStaleLive(sysroot);
  const all = sysroot.deployments();
  const layers = layersOf(repo, all);
  const letGo = [...strayBases(repo, new Set(layers.map((layer) => layer.parent))), ...strayPackages(repo, all, layers)];
  // a new image may be for later
  if (repo.listRefs(downloadedPrefix).size === 0) letGo.push(...strayImages(repo, all));
  for (const ref of letGo) repo.setRef(ref, null);
  return letGo.length > 0;
}

function layersOf(repo: SysrootPort['repo'], all: readonly RawDeployment[]): CommitPort[] {
  return all.flatMap((each): CommitPort[] => {
    const commit = repo.tryLoadCommit(each.checksum);
    return commit && isLayer(commit) ? [commit] : [];
  });
}

/** libostree names deployments by these, and takes them away with them. */
const ofDeployments = /^ostree\/\d+\/\d+\/\d+$/;

/** Commits that would be kept if these were the deployments: theirs, their bases', and what refs name that keepLayers() wouldn't let go. */
export function commitsKept({ repo }: Pick<SysrootPort, 'repo'>, all: readonly RawDeployment[]): Set<string> {
  const layers = layersOf(repo, all);
  const stray = new Set(strayPackages(repo, all, layers));
  const named = [...repo.listRefs()].filter(([ref]) => !ofDeployments.test(ref) && !ref.startsWith(`${bases}/`) && !stray.has(ref));
  const others = [...layers.map(({ parent }) => parent), ...named.map(([, checksum]) => checksum)];
  return new Set([...all.map(({ checksum }) => checksum), ...others.filter((checksum) => repo.hasObject('commit', checksum))]);
}

/** Give each base a ref; returns those that name nothing that is needed, or what another one names. */
function strayBases(repo: SysrootPort['repo'], wanted: ReadonlySet<string>): string[] {
  const refs = [...repo.listRefs(bases)].sort(([a], [b]) => (a < b ? -1 : 1));
  const named = new Map<string, string>();
  for (const [ref, checksum] of refs) if (ref !== baseInWork && wanted.has(checksum) && !named.has(checksum)) named.set(checksum, ref);
  const taken = new Set(named.values());
  let number = 0;
  for (const checksum of wanted) {
    if (named.has(checksum)) continue;
    while (taken.has(`${bases}/${number}`)) number++;
    const ref = `${bases}/${number}`;
    // what it named before is needed by nothing, or has another ref
    repo.setRef(ref, checksum);
    taken.add(ref);
  }
  return refs.map(([ref]) => ref).filter((ref) => !taken.has(ref));
}

/** Refs of packages that no deployment has. None while something is downloaded for later, or a layer doesn't say what is in it: they may be its packages. */
function strayPackages(repo: SysrootPort['repo'], all: readonly RawDeployment[], layers: readonly CommitPort[]): string[] {
  const refs = [...repo.listRefs(packages)];
  if (refs.length === 0 || repo.listRefs(downloadedPrefix).size > 0) return [];
  if (layers.some((layer) => layer.value('rpmostree.rpmdb.pkglist', 'a(sssss)') === undefined)) return [];
  const used = new Set([...layers.flatMap((layer) => ownPackages(layer, repo.tryLoadCommit(layer.parent))), ...all.flatMap(localPackages)]);
  return refs.flatMap(([ref, checksum]) => {
    const nevra = repo.tryLoadCommit(checksum)?.value('rpmostree.nevra', '(sstsss)')?.[0];
    return nevra === undefined || !used.has(nevra) ? [ref] : [];
  });
}

/** NEVRAs that a layer has and its base hasn't; all of them where the base says nothing. */
function ownPackages(layer: CommitPort, base: CommitPort | undefined): string[] {
  const nevras = (commit: CommitPort | undefined): string[] =>
    packagesOfPkglist(commit?.value('rpmostree.rpmdb.pkglist', 'a(sssss)') ?? []).map(formatNevra);
  const ofBase = new Set(nevras(base));
  return nevras(layer).filter((nevra) => !ofBase.has(nevra));
}

/** Packages that a person brought: they can't be had again. */
function localPackages(deployment: RawDeployment): readonly string[] {
  const { localPackages: local, localFileoverrides, localReplacements } = originOf(deployment, () => true).layering;
  return [...local, ...localFileoverrides, ...localReplacements];
}
