// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra, type Package } from '../../../../shared/domain/index.ts';
import { extendHistory, packagesOfPkglist } from '../../base/diff/index.ts';
import type { CommitPort, RepoPort } from '../../base/ports/sysroot.ts';
import type { ImageChanges } from '../../images/changes-artifact.ts';
import type { Manifest } from '../../images/oci.ts';
import type { Component } from './chunks.ts';

/** What a machine with the image before fetches for this one. */
export interface UpdateSize {
  readonly layers: number;
  readonly bytes: number;
  /**
   * What of the image's layers is of packages that the image before hadn't in this version: each layer's compressed size by the share that those packages' components have
   * of its content. Missing when nobody says what that image had.
   */
  readonly payloadBytes?: number;
}

/** A content layer. */
export interface LayerContent {
  readonly sizeBytes: number;
  readonly components: readonly Component[];
}

export function updateSize(
  manifest: Manifest,
  before: Manifest,
  contents: readonly LayerContent[],
  changed: ReadonlySet<string> | undefined,
): UpdateSize {
  const had = new Set(before.layers.map((l) => l.digest));
  const fresh = manifest.layers.filter((l) => !had.has(l.digest));
  const bytes = fresh.reduce((sum, l) => sum + l.size, 0);
  return { layers: fresh.length, bytes, ...(changed ? { payloadBytes: Math.round(payload(contents, changed)) } : {}) };
}

function payload(contents: readonly LayerContent[], changed: ReadonlySet<string>): number {
  const sizeOf = (list: readonly Component[]): number => list.reduce((sum, c) => sum + c.sizeBytes, 0);
  return contents.reduce((sum, { sizeBytes, components }) => {
    const part = sizeOf(components.filter((c) => changed.has(c.name)));
    return part === 0 ? sum : sum + (sizeBytes * part) / sizeOf(components);
  }, 0);
}

/** Components of which a package is new since the image of `before` (label ostree.commit); undefined when neither its artifact, nor the repository, nor the commit's history says so. */
export function changedComponents(
  packages: ReadonlyMap<string, readonly Package[]>,
  commit: CommitPort,
  before: string | undefined,
  repo: RepoPort,
  told: ImageChanges | undefined,
): ReadonlySet<string> | undefined {
  if (before === undefined || !/^[0-9a-f]{64}$/.test(before)) return undefined;
  const rows = told?.commit === before ? told.packages : repo.tryLoadCommit(before)?.value('rpmostree.rpmdb.pkglist', 'a(sssss)');
  const had = rows && new Set(packagesOfPkglist(rows).map(formatNevra));
  const came = had ? undefined : newSince(commit, before);
  if (!had && !came) return undefined;
  const isNew = (p: Package): boolean => (had ? !had.has(formatNevra(p)) : (came?.has(formatNevra(p)) ?? false));
  return new Set([...packages].filter(([, list]) => list.some(isNew)).map(([name]) => name));
}

/** Packages that came in the releases after `before`, by the commit's own word. */
function newSince(commit: CommitPort, before: string): ReadonlySet<string> | undefined {
  if (commit.checksum === before) return new Set();
  const releases = extendHistory(commit);
  const last = releases.findIndex(({ changes }) => changes.parent === before);
  if (last < 0) return undefined;
  return new Set(releases.slice(0, last + 1).flatMap(({ changes }) => changes.packages.flatMap(({ to }) => (to ? [formatNevra(to)] : []))));
}
