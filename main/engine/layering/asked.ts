// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra, nameInNevra, type Package } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { LayerStore } from '../base/ports/compose-store.ts';
import type { IdleOverride } from '../base/ports/layers.ts';
import type { PackageFile, Provided } from '../base/ports/resolver.ts';
import type { LocalPackage, Requests } from './requests.ts';

/** What of an origin's requests for local packages a base has a use for. */
export interface AskedFiles {
  /** What is kept of each of them, in files of the job's own. */
  readonly files: readonly PackageFile[];
  /** NEVRAs of those that take the place of a package of the base. */
  readonly replacing: ReadonlySet<string>;
  /** NEVRAs of those whose files may replace others'. */
  readonly forced: ReadonlySet<string>;
  /** Those that the base has already. */
  readonly provided: readonly Provided[];
  readonly idle: readonly IdleOverride[];
  /** NEVRAs of what the base has. */
  readonly installed: readonly string[];
}

/** Throws layer.local-lost naming a package that the repository doesn't hold any more. `write`: puts bytes into a file of this name, and returns its path. */
export function askedFiles(
  requests: Requests,
  installed: readonly Package[],
  store: Pick<LayerStore, 'localPackage'>,
  write: (name: string, bytes: Buffer) => string,
): AskedFiles {
  const inBase = new Set(installed.map(formatNevra));
  const names = new Set(installed.map(({ name }) => name));
  const added = [...requests.local, ...requests.localFileoverrides];
  const isActive = ({ nevra }: LocalPackage): boolean => names.has(nameInNevra(nevra)) && !inBase.has(nevra);
  const wanted = [...added.filter(({ nevra }) => !inBase.has(nevra)), ...requests.localReplacements.filter(isActive)];
  return {
    files: wanted.map((local, i) => fileOf(local, store, (bytes) => write(`${i}.rpm`, bytes))),
    replacing: new Set(requests.localReplacements.filter(isActive).map(({ nevra }) => nevra)),
    forced: new Set(requests.localFileoverrides.map(({ nevra }) => nevra)),
    installed: [...inBase],
    provided: added.filter(({ nevra }) => inBase.has(nevra)).map(({ nevra }) => ({ spec: nevra, by: nevra })),
    idle: [
      ...requests.removals.filter((name) => !names.has(name)).map((spec) => ({ spec })),
      ...requests.localReplacements
        .filter((each) => !isActive(each))
        .map(({ nevra }) => ({ spec: nevra, ...(inBase.has(nevra) ? { by: nevra } : {}) })),
    ],
  };
}

function fileOf({ nevra, sha256 }: LocalPackage, store: Pick<LayerStore, 'localPackage'>, write: (bytes: Buffer) => string): PackageFile {
  const header = store.localPackage(nevra, sha256);
  if (!header) throw new TreelineError('layer.local-lost', { subject: nevra });
  return { path: write(header), nevra, sha256 };
}
