// SPDX-License-Identifier: LGPL-2.1-or-later
import { nameInNevra } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { IdleOverride } from '../base/ports/layers.ts';
import type { Resolution } from '../base/ports/resolver.ts';
import type { AskedFiles } from './asked.ts';
import type { Requests } from './requests.ts';

/** NEVRAs of a package of the base and of what stands in its place. */
export interface Replaced {
  readonly before: string;
  readonly after: string;
  /** The repository that it is from; missing: a person brought it. */
  readonly repo?: string;
}

/** What becomes of the base's own packages. */
export interface BaseChanges {
  /** NEVRAs of those that are left out. */
  readonly removed: readonly string[];
  readonly replaced: readonly Replaced[];
  readonly idle: readonly IdleOverride[];
}

export const noChanges: BaseChanges = { removed: [], replaced: [], idle: [] };

/** What changes of the base, all of it by somebody's wish: anything else is layer.base-would-change. Throws layer.left-out, too. */
export function baseChanges(requests: Requests, asked: AskedFiles, resolution: Resolution): BaseChanges {
  const { displaced, replacing } = resolution;
  const isRemoved = (nevra: string): boolean => requests.removals.includes(nameInNevra(nevra));
  const wishOf = (installed: string, by: string): { readonly repo?: string } | undefined => {
    // what obsoletes a package under another name is no version of it
    if (nameInNevra(installed) !== nameInNevra(by)) return undefined;
    if (asked.replacing.has(by)) return {};
    const wish = replacing.find(({ names }) => names.includes(nameInNevra(by)));
    return wish && { repo: wish.repo };
  };
  const replaced = displaced.flatMap(({ installed, by }) => {
    const wish = by === undefined ? undefined : wishOf(installed, by);
    return wish && by !== undefined ? [{ before: installed, after: by, ...wish }] : [];
  });
  const done = new Set(replaced.map(({ before }) => before));
  // installed again isn’t among what is added: the tree would lack it
  const back = displaced.find(
    ({ installed, by }) => by !== undefined && isRemoved(installed) && !done.has(installed) && nameInNevra(by) === nameInNevra(installed),
  );
  if (back) throw new TreelineError('layer.left-out', { subject: nameInNevra(back.installed), detail: back.by ?? '' });
  const unasked = displaced.filter(({ installed }) => !done.has(installed) && !isRemoved(installed));
  const [first] = unasked;
  if (first)
    throw new TreelineError('layer.base-would-change', {
      subject: wishes(requests).join(' '),
      detail: unasked
        .map(({ installed, by }) => (by === undefined ? `${installed} would go` : `${by} would replace ${installed}`))
        .join(', '),
      facts: {
        installed: first.installed,
        ...(first.by === undefined ? {} : { by: first.by }),
        added: resolution.packages.length,
      },
    });
  const names = new Set(replaced.map(({ after }) => nameInNevra(after)));
  // packages of which several versions stand side by side: kernels
  const beside = resolution.packages.find(
    ({ name, nevra }) => !names.has(name) && (asked.replacing.has(nevra) || replacing.some((wish) => wish.names.includes(name))),
  );
  if (beside) throw new TreelineError('not-supported', { subject: `Replacing the kernel of the base by ${beside.nevra}` });
  const idle = replacing.flatMap(({ spec, names: own }): IdleOverride[] => {
    if (own.length === 0) return [{ spec }];
    const same = own.find((name) => !names.has(name));
    return same === undefined ? [] : [{ spec, by: asked.installed.find((nevra) => nameInNevra(nevra) === same) ?? same }];
  });
  return {
    removed: displaced.map(({ installed }) => installed).filter((nevra) => isRemoved(nevra) && !done.has(nevra)),
    replaced,
    idle: [...asked.idle, ...idle],
  };
}

/** Everything that is asked for, as a person would say it. */
const wishes = (requests: Requests): string[] => [
  ...requests.packages,
  ...[...requests.local, ...requests.localFileoverrides, ...requests.localReplacements].map(({ nevra }) => nevra),
  ...requests.replacements.flatMap(({ packages }) => packages),
  ...requests.removals.map((name) => `-${name}`),
];

/** What tells a layer's packages apart from others of the same NEVRA, sorted. */
export function sourcesOf(requests: Requests, { replaced }: BaseChanges): string[] {
  const brought = [
    ...[...requests.local, ...requests.localReplacements].map(({ sha256, nevra }) => `${sha256}:${nevra}`),
    ...requests.localFileoverrides.map(({ sha256, nevra }) => `replacefiles:${sha256}:${nevra}`),
  ];
  return [...brought, ...replaced.flatMap(({ repo, after }) => (repo === undefined ? [] : [`repo=${repo},${after}`]))].sort();
}
