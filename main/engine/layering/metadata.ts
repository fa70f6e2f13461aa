// SPDX-License-Identifier: LGPL-2.1-or-later
import { parseNevra, type Package } from '../../../shared/domain/index.ts';
import { pkglistOfPackages } from '../base/diff/index.ts';
import type { CommitPort } from '../base/ports/sysroot.ts';
import type { Replaced } from './base-changes.ts';
import type { MakeVariant } from '../compose/build/metadata.ts';

/** What rpm-ostree 2026.2 writes; it redoes layers of older versions. */
const clientLayerVersion = 6;

/** Arguments of the machine's own that the initramfs was made with; missing where it is the base's. Beside rpm-ostree's keys: it tells whether a layer can be used again. */
export const initramfsKey = 'treeline.initramfs-args';

/** What sourcesOf() says of local packages and replaced ones; missing without any: their NEVRAs don't tell. */
export const sourcesKey = 'treeline.package-sources';

export interface LayerFacts {
  readonly base: Pick<CommitPort, 'version' | 'value'>;
  /** Requests that the layer fulfils, as they were written. */
  readonly requests: readonly string[];
  /** Everything that the tree's database lists. */
  readonly installed: readonly Package[];
  readonly repos: readonly { readonly id: string; readonly timestamp: number }[];
  /** NEVRAs of packages of the base that it leaves out. */
  readonly removed: readonly string[];
  readonly replaced: readonly Replaced[];
  readonly sources: readonly string[];
  readonly initramfs: { readonly regenerate: boolean; readonly args: readonly string[] };
}

/** NEVRA, name, epoch, version, release, architecture, as rpm-ostree writes packages (rpmostree-rpm-util.cxx). */
function nevraRow(nevra: string): unknown[] {
  const { name, epoch, version, release, arch } = parseNevra(nevra) ?? { name: nevra, epoch: 0, version: '', release: '', arch: '' };
  return [nevra, name, BigInt(epoch), version, release, arch];
}

/** Metadata of a layer's commit, with rpm-ostree's keys (rpmostree-core.cxx); sorted by key. */
export function layerMetadata(
  { base, requests, installed, repos, initramfs, removed, replaced, sources }: LayerFacts,
  variant: MakeVariant,
): Map<string, unknown> {
  const kernel = base.value('ostree.linux', 's');
  const rows = repos.map(({ id, timestamp }) => [
    ['id', variant('s', id)],
    ['timestamp', variant('t', BigInt(timestamp))],
  ]);
  const nevra = (text: string): unknown => variant('(sstsss)', nevraRow(text));
  /** Pairs of what stands there now and what the base had. */
  const pairs = (list: readonly Replaced[]): unknown =>
    variant(
      'a(vv)',
      list.map(({ before, after }) => [nevra(after), nevra(before)]),
    );
  const remote = [...new Set(replaced.flatMap(({ repo }) => repo ?? []))].sort();
  const metadata = new Map([
    ['rpmostree.clientlayer', variant('b', true)],
    ['rpmostree.clientlayer_version', variant('u', clientLayerVersion)],
    ['rpmostree.modules', variant('as', [])],
    ['rpmostree.packages', variant('as', [...requests].sort())],
    ['rpmostree.removed-base-packages', variant('av', removed.map(nevra))],
    ['rpmostree.replaced-base-packages', pairs(replaced.filter(({ repo }) => repo === undefined))],
    [
      'rpmostree.replaced-base-remote-packages',
      variant(
        'a{sv}',
        remote.map((id) => [id, pairs(replaced.filter(({ repo }) => repo === id))]),
      ),
    ],
    ['rpmostree.rpmdb.pkglist', variant('a(sssss)', pkglistOfPackages(installed))],
    ['rpmostree.rpmmd-repos', variant('aa{sv}', rows)],
  ]);
  if (sources.length > 0) metadata.set(sourcesKey, variant('as', [...sources]));
  if (initramfs.regenerate) metadata.set(initramfsKey, variant('as', [...initramfs.args]));
  if (base.version !== '') metadata.set('version', variant('s', base.version));
  if (kernel !== undefined) metadata.set('ostree.bootable', variant('b', true)).set('ostree.linux', variant('s', kernel));
  return new Map([...metadata].sort(([a], [b]) => (a < b ? -1 : 1)));
}
