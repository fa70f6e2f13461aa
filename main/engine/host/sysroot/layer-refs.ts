// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra } from '../../../../shared/domain/index.ts';
import { packagesOfPkglist } from '../../base/diff/index.ts';
import type { CommitPort, SysrootPort } from '../../base/ports/sysroot.ts';
import { KeyFile } from '../../../files/index.ts';
import { isLayer } from './layer.ts';

/** Holds a base until a deployment stands on it (RPMOSTREE_TMP_BASE_REF of rpm-ostree). */
const baseInWork = 'rpmostree/base/tmp';
const bases = 'rpmostree/base';
const packages = 'rpmostree/pkg';

/** Keep a base from being pruned while what comes onto it is made and deployed. */
export function holdBase({ repo }: Pick<SysrootPort, 'repo'>, checksum: string): void {
  repo.setRef(baseInWork, checksum);
}

/**
 * libostree keeps the commits of deployments, and knows nothing of what they were made of: refs name the bases of layers (`rpmostree/base/N`, numbered
 * anew, as rpm-ostree does), and packages that no deployment has any more lose theirs, to be removed by the next pruning.
 */
export function keepLayers(sysroot: Pick<SysrootPort, 'repo' | 'deployments'>): void {
  const { repo } = sysroot;
  const all = sysroot.deployments();
  const layers = all.flatMap((each): CommitPort[] => {
    const commit = repo.tryLoadCommit(each.checksum);
    return commit && isLayer(commit) ? [commit] : [];
  });
  const wanted = [...new Set(layers.map((layer) => layer.parent))];
  wanted.forEach((checksum, i) => {
    if (repo.tryResolveRev(`${bases}/${i}`) !== checksum) repo.setRef(`${bases}/${i}`, checksum);
  });
  const kept = new Set(wanted.map((_, i) => `${bases}/${i}`));
  for (const ref of repo.listRefs(bases).keys()) if (!kept.has(ref)) repo.setRef(ref, null);
  const refs = [...repo.listRefs(packages)];
  if (refs.length === 0) return;
  const used = new Set([...layers.flatMap((layer) => ownPackages(layer, repo.tryLoadCommit(layer.parent))), ...all.flatMap(localPackages)]);
  for (const [ref, checksum] of refs) {
    const nevra = repo.tryLoadCommit(checksum)?.value('rpmostree.nevra', '(sstsss)')?.[0];
    if (nevra === undefined || !used.has(nevra)) repo.setRef(ref, null);
  }
}

/** NEVRAs that a layer has and its base hasn't; all of it where one of them says nothing. */
function ownPackages(layer: CommitPort, base: CommitPort | undefined): string[] {
  const nevras = (commit: CommitPort | undefined): string[] =>
    packagesOfPkglist(commit?.value('rpmostree.rpmdb.pkglist', 'a(sssss)') ?? []).map(formatNevra);
  const ofBase = new Set(nevras(base));
  return nevras(layer).filter((nevra) => !ofBase.has(nevra));
}

/** Packages that a person brought: they can't be had again. */
function localPackages({ originText }: { readonly originText?: string | undefined }): string[] {
  const file = new KeyFile(originText ?? '');
  const items = [
    ...file.list('packages', 'requested-local'),
    ...file.list('packages', 'requested-local-fileoverride'),
    ...file.list('overrides', 'replace-local'),
  ];
  return items.map((item) => item.replace(/^[0-9a-f]{64}:/, ''));
}
