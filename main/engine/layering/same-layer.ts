// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra } from '../../../shared/domain/index.ts';
import { packagesOfPkglist } from '../base/diff/index.ts';
import type { LayerStore } from '../base/ports/compose-store.ts';
import type { LayerContent } from '../base/ports/layers.ts';
import type { CommitPort } from '../base/ports/sysroot.ts';
import { initramfsKey, sourcesKey } from './metadata.ts';
import type { LayerParams } from './params.ts';

/**
 * Whether the layer that is deployed is the one that would be made: on the same base, with the same packages and requests. What it can't be told of
 * is made anew.
 */
export function isSameLayer(
  store: Pick<LayerStore, 'tryLoadCommit'>,
  params: LayerParams,
  content: LayerContent,
  sources: readonly string[],
): boolean {
  const layer = params.current === undefined ? undefined : store.tryLoadCommit(params.current);
  const base = store.tryLoadCommit(params.base);
  if (layer?.state !== 'normal' || !base || layer.value('rpmostree.clientlayer', 'b') !== true || layer.parent !== params.base)
    return false;
  const [before, now] = [nevrasIn(base), nevrasIn(layer)];
  if (!before || !now) return false;
  const gone = new Set(content.replaced.map(({ before: nevra }) => nevra));
  const expected = [...before.filter((nevra) => !gone.has(nevra)), ...content.added.map(formatNevra)];
  const inactive = new Set(content.inactive.map(({ spec }) => spec));
  const active = params.requests.packages.filter((spec) => !inactive.has(spec));
  const { regenerate, args } = params.requests.initramfs;
  const initramfs = JSON.stringify(layer.value(initramfsKey, 'as'));
  if (initramfs !== JSON.stringify(regenerate ? args : undefined)) return false;
  if (!isSame(sources, layer.value(sourcesKey, 'as') ?? [])) return false;
  return isSame(expected, now) && isSame(active, layer.value('rpmostree.packages', 'as') ?? []);
}

function nevrasIn(commit: CommitPort): string[] | undefined {
  const rows = commit.value('rpmostree.rpmdb.pkglist', 'a(sssss)');
  return rows && packagesOfPkglist(rows).map(formatNevra);
}

const isSame = (a: readonly string[], b: readonly string[]): boolean => [...a].sort().join('\n') === [...b].sort().join('\n');
