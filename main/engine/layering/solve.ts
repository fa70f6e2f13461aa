// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LayerStore } from '../base/ports/compose-store.ts';
import type { Provided, Resolution, Resolver } from '../base/ports/resolver.ts';
import type { RpmPort } from '../base/ports/rpm.ts';
import { Tree } from '../base/tree/index.ts';
import { databasePlaces } from '../compose/build/rootfs.ts';
import { ownDirectory } from '../compose/build/workdir.ts';
import { askedFiles, type AskedFiles } from './asked.ts';
import { baseChanges, type BaseChanges } from './base-changes.ts';
import { requireDatabase } from './layer-tree.ts';
import type { LayerParams } from './params.ts';
import type { Requests } from './requests.ts';

export interface Solving {
  readonly params: LayerParams;
  readonly ports: { readonly resolve: Resolver; readonly rpm: RpmPort };
  readonly store: LayerStore;
  readonly workdir: string;
}

/** Requests, solved on a base. */
export interface Solved extends Disposable {
  readonly resolution: Resolution;
  readonly asked: AskedFiles;
  readonly changes: BaseChanges;
  /** Requests that the base fulfils. */
  readonly inactive: readonly Provided[];
}

/** `requests`: others than those that are asked for; metadata is read again then, not fetched. Throws what resolving throws, layer.base-would-change. */
export function solve(solving: Solving, requests?: Requests): Solved {
  const { params, ports, store, workdir } = solving;
  const { cachedir, repos, releasever, recommends } = params;
  const cacheOnly = params.cacheOnly === true || requests !== undefined;
  const wanted = requests ?? params.requests;
  const database = databaseOn(solving, params.base);
  const local = ownDirectory(workdir, 'local');
  const asked = askedFiles(wanted, ports.rpm.readRpmdb(database), store, (name, bytes) => {
    const file = path.join(local, name);
    writeFileSync(file, bytes);
    return file;
  });
  const resolution = ports.resolve({
    ...{ cachedir, repos, releasever, recommends, packages: wanted.packages, files: asked.files, excludes: [] },
    base: { ...database, without: wanted.removals, replace: wanted.replacements },
    ...(cacheOnly ? { cacheOnly } : {}),
  });
  try {
    const changes = baseChanges(wanted, asked, resolution);
    const inactive = [...resolution.provided, ...asked.provided];
    return { resolution, asked, changes, inactive, [Symbol.dispose]: () => resolution[Symbol.dispose]() };
  } catch (error) {
    resolution[Symbol.dispose]();
    throw error;
  }
}

/** The NEVRA that meets a requirement, or has a name, in another base; undefined when that isn't here, or hasn't any. */
export function inBase(solving: Solving, base: string, what: string): string | undefined {
  if (solving.store.tryLoadCommit(base)?.state !== 'normal') return undefined;
  const { cachedir, releasever } = solving.params;
  const database = databaseOn(solving, base);
  using resolution = solving.ports.resolve({
    ...{ cachedir, repos: [], releasever, recommends: false, packages: [what], excludes: [], base: database },
  });
  return resolution.provided[0]?.by;
}

/** What is installed is all that solving needs of a base. */
export function databaseOn({ params, store, workdir }: Solving, base: string): { readonly root: string; readonly dbPath: string } {
  const given = base === params.base ? params.database : undefined;
  const root = given ?? path.join(workdir, `database-${base}`);
  if (!existsSync(root)) {
    mkdirSync(root);
    for (const place of databasePlaces) store.linkPart(base, place, ownDirectory(root, place));
  }
  using tree = new Tree(root);
  return { root, dbPath: requireDatabase(tree) };
}
