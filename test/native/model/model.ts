// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ErrorCode } from '../../../shared/errors/index.ts';
import { bases, layerable, type Base, type Branch } from './universe.ts';

/** What a deployment must be. */
export interface Wanted {
  readonly branch: Branch;
  /** Of its base. */
  readonly version: string;
  /** The version was asked for by a person: the origin names its commit. */
  readonly held: boolean;
  readonly requests: readonly string[];
  readonly removals: readonly string[];
  /** Arguments of its initramfs; undefined: it is the base's. */
  readonly initramfs: readonly string[] | undefined;
  /** Files of /etc that are laid over it. */
  readonly tracked: readonly string[];
  readonly kargs: readonly string[];
}

export interface Deployment {
  /** Which one it is, as long as it exists. */
  readonly key: number;
  readonly wanted: Wanted;
  readonly pinned: boolean;
  readonly staged: boolean;
  readonly booted: boolean;
}

/** Staged first, then in the order of the boot menu. Which stand after an operation, or why it is refused, and nothing is changed. */
export type Outcome = readonly Deployment[] | ErrorCode;

export const firstDeployments: readonly Deployment[] = [
  {
    key: 0,
    wanted: {
      ...{ branch: 'stable', version: '1', held: false, requests: [], removals: [], initramfs: undefined, tracked: [] },
      kargs: ['root=LABEL=model', 'quiet'],
    },
    ...{ pinned: false, staged: false, booted: true },
  },
];

export const baseOf = (version: string): Base => bases.find((each) => each.version === version) as Base;
const newestOf = (branch: Branch): string => bases.findLast((each) => each.branch === branch)?.version ?? '';
const nameOf = (pkg: string): string => pkg.replace(/-[^-]+$/, '');

/** What is on top of a base: packages by `name-version`. `removed`: of the base. */
export interface Layer {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly active: readonly string[];
}

/** Or why there can't be one. */
export function layerOf({
  version,
  requests,
  removals,
}: Wanted): Layer | 'package.dependency-missing' | 'package.conflict' | 'layer.left-out' {
  const base = baseOf(version).packages;
  const removed = base.filter((pkg) => removals.includes(nameOf(pkg)));
  const left = base.filter((pkg) => !removed.includes(pkg));
  const active = requests.filter((spec) => !left.includes(layerable[spec]?.brings.at(-1) ?? ''));
  const wanted = active.map((spec) => layerable[spec]);
  if (wanted.some((each) => each?.app !== undefined && !left.includes(`app-${each.app}`))) return 'package.dependency-missing';
  if (wanted.some((each) => each?.needs !== undefined && !left.includes(each.needs))) return 'package.conflict';
  const brought = new Set(wanted.flatMap((each) => each?.brings ?? []));
  if (removed.some((pkg) => brought.has(pkg))) return 'layer.left-out';
  return { added: [...brought].filter((pkg) => !left.includes(pkg)), removed, active };
}

/** Of what is deployed there is one. */
export function standingLayer(wanted: Wanted): Layer {
  const layer = layerOf(wanted);
  if (typeof layer === 'string') throw new RangeError(layer);
  return layer;
}

/** All that the RPM database of a deployment lists, sorted. */
export function installed(wanted: Wanted): string[] {
  const { added, removed } = standingLayer(wanted);
  return [...baseOf(wanted.version).packages.filter((pkg) => !removed.includes(pkg)), ...added].sort();
}

/** Whether a deployment has a commit of its own. */
export function isLayered(wanted: Wanted): boolean {
  const { added, removed } = standingLayer(wanted);
  return added.length + removed.length > 0 || wanted.initramfs !== undefined;
}

/** What a system that runs does with a new tree. */
function stage(all: readonly Deployment[], wanted: Wanted): Outcome {
  return [{ key: ++lastKey, wanted, pinned: false, staged: true, booted: false }, ...all.filter((each) => !each.staged)];
}
/** Keys aren't used again. */
let lastKey = 0;

/** A new tree of base and wishes in the place of the newest one's, whose arguments follow the bases' drop-ins. `fresh`: specs that must be active. */
export function replaceTree(all: readonly Deployment[], change: Partial<Wanted>, fresh: readonly string[] = []): Outcome {
  const before = newest(all);
  const after = { ...before, ...change };
  if (isBoth(after)) return 'initramfs.both';
  const layer = layerOf(after);
  // what was asked for before is to blame when it doesn't fit another base
  const isBlamed = layer === 'package.dependency-missing' || layer === 'package.conflict';
  if (isBlamed && after.version !== before.version && fresh.length === 0) return 'layer.blocks-update';
  if (typeof layer === 'string') return layer;
  if (fresh.some((spec) => !layer.active.includes(spec))) return 'layer.inactive';
  const same = (what: Partial<Wanted>): string => JSON.stringify({ ...after, ...what, held: false, kargs: [] });
  // that a version is held is no change by itself
  if (same({}) === same(before)) return all;
  return stage(all, { ...after, kargs: withDropIns(before.kargs, baseOf(before.version).dropIns, baseOf(after.version).dropIns) });
}

const isBoth = ({ initramfs, tracked }: Wanted): boolean => initramfs !== undefined && tracked.length > 0;

export const newest = (all: readonly Deployment[]): Wanted => (all[0] as Deployment).wanted;

function withDropIns(kargs: readonly string[], before: readonly string[], after: readonly string[]): string[] {
  const kept = kargs.filter((arg) => !before.includes(arg) || after.includes(arg));
  return [...kept, ...after.filter((arg) => !before.includes(arg) && !kept.includes(arg))];
}

/** `more`: what changes on top of the base at the same time. */
export const rebase = (all: readonly Deployment[], branch: Branch, more: Partial<Wanted> = {}, fresh: readonly string[] = []): Outcome =>
  replaceTree(all, { branch, version: newestOf(branch), held: false, ...more }, fresh);

/** With a package that is asked for at the same time. */
export function rebaseWith(all: readonly Deployment[], branch: Branch, spec: string): Outcome {
  const { requests } = newest(all);
  if (requests.includes(spec)) return 'layer.already-requested';
  return rebase(all, branch, { requests: [...requests, spec] }, [spec]);
}

export function deploy(all: readonly Deployment[], version: string): Outcome {
  if (baseOf(version).branch !== newest(all).branch) return 'repo.revision-not-found';
  return replaceTree(all, { version, held: true });
}

/** A new deployment of the tree of `source`. */
export function changeKargs(all: readonly Deployment[], source: Wanted, how: string, arg: string): Outcome {
  const { kargs, ...rest } = source;
  const keyOf = (text: string): string => text.replace(/=.*/s, '');
  const key = keyOf(arg);
  const sameKey = kargs.filter((each) => keyOf(each) === key);
  const lone = new Set(sameKey).size === 1;
  const changed = (next: readonly string[]): Outcome => (next.join(' ') === kargs.join(' ') ? all : stage(all, { ...rest, kargs: next }));
  const without = (gone: string): string[] => kargs.filter((_, i) => i !== kargs.lastIndexOf(gone));
  if (how === 'append') return changed([...kargs, arg]);
  if (how === 'append-if-missing') return changed(kargs.includes(arg) ? kargs : [...kargs, arg]);
  if (how === 'delete-if-present') return changed(kargs.filter((each) => each !== arg));
  if (how === 'delete') {
    if (kargs.includes(arg)) return changed(without(arg));
    if (arg.includes('=') || sameKey.length === 0) return 'kargs.not-found';
    return lone ? changed(without(sameKey[0] ?? '')) : 'kargs.ambiguous';
  }
  if (sameKey.length === 0) return 'kargs.not-found';
  // KEY=OLD=NEW
  const old = sameKey.find((each) => each.includes('=') && arg.startsWith(`${each}=`));
  if (old === undefined && !lone) return 'kargs.ambiguous';
  const next = old === undefined ? arg : `${key}=${arg.slice(old.length + 1)}`;
  return changed(kargs.map((each, i) => (i === kargs.indexOf(old ?? sameKey[0] ?? '') ? next : each)));
}

export function install(all: readonly Deployment[], spec: string, { idempotent = false, allowInactive = false }): Outcome {
  const { requests } = newest(all);
  if (requests.includes(spec) && !idempotent) return 'layer.already-requested';
  return replaceTree(all, { requests: [...new Set([...requests, spec])] }, allowInactive ? [] : [spec]);
}

/** One request for another. */
export function swap(all: readonly Deployment[], gone: string, spec: string): Outcome {
  const { requests } = newest(all);
  if (!requests.includes(gone)) return 'layer.not-requested';
  const kept = requests.filter((each) => each !== gone);
  return kept.includes(spec) ? 'layer.already-requested' : replaceTree(all, { requests: [...kept, spec] }, [spec]);
}

export function uninstall(all: readonly Deployment[], spec: string, { idempotent = false }): Outcome {
  const { requests } = newest(all);
  if (!requests.includes(spec)) return idempotent ? all : 'layer.not-requested';
  return replaceTree(all, { requests: requests.filter((each) => each !== spec) });
}

export function overrideRemove(all: readonly Deployment[], name: string): Outcome {
  const { removals, version } = newest(all);
  if (removals.includes(name)) return 'layer.already-requested';
  if (!baseOf(version).packages.some((pkg) => nameOf(pkg) === name)) return 'layer.not-in-base';
  // the app needs it, and what is layered may need the app
  if (name === 'needed')
    return standingLayer(newest(all)).active.some((spec) => layerable[spec]?.app !== undefined)
      ? 'package.conflict'
      : 'layer.base-would-change';
  return replaceTree(all, { removals: [...removals, name] });
}

export function overrideReset(all: readonly Deployment[], name: string): Outcome {
  const { removals } = newest(all);
  if (!removals.includes(name)) return 'layer.no-override';
  return replaceTree(all, { removals: removals.filter((each) => each !== name) });
}

/** -l, -o, -i: what these drop. */
export const dropped = (what: string): Partial<Wanted> => ({
  ...(what.includes('l') ? { requests: [] } : {}),
  ...(what.includes('o') ? { removals: [] } : {}),
  ...(what.includes('i') ? { initramfs: undefined, tracked: [] } : {}),
});

export function track(all: readonly Deployment[], file: string, on: boolean): Outcome {
  const { tracked } = newest(all);
  if (tracked.includes(file) === on) return all;
  const after = { ...newest(all), tracked: on ? [...tracked, file] : tracked.filter((each) => each !== file) };
  return isBoth(after) ? 'initramfs.both' : stage(all, after);
}

const bootedAt = (all: readonly Deployment[]): number => all.findIndex((each) => each.booted);

export function rollback(all: readonly Deployment[]): Outcome {
  const at = bootedAt(all);
  const target = at > 0 ? all[at] : all[at + 1];
  return target ? setDefault(all, target) : 'deployment.none-to-roll-back';
}

export function setDefault(all: readonly Deployment[], target: Deployment): Outcome {
  if (all[0] === target) return all;
  return [target, ...all.filter((each) => each !== target && !each.staged)];
}

export function pin(all: readonly Deployment[], target: Deployment, pinned: boolean): Outcome {
  if (target.staged) return 'deployment.staged';
  return target.pinned === pinned ? all : all.map((each) => (each === target ? { ...each, pinned } : each));
}

export function undeploy(all: readonly Deployment[], target: Deployment): Outcome {
  if (target.booted) return 'deployment.booted';
  return target.pinned ? 'deployment.pinned' : all.filter((each) => each !== target);
}

export function cleanup(all: readonly Deployment[], what: string): Outcome {
  const at = bootedAt(all);
  if (what === 'pending') return all.filter((each, i) => i >= at || each.pinned);
  return what === 'rollback' ? all.filter((each, i) => i <= at || each.pinned) : all;
}

/** What is staged is written to the boot menu; of the others stay the one that ran, and pinned ones. The first one runs then. */
export function restart(all: readonly Deployment[], { powerCut = false } = {}): Deployment[] {
  const staged = powerCut ? undefined : all.find((each) => each.staged);
  const others = all.filter((each) => !each.staged && (!staged || each.booted || each.pinned));
  return [...(staged ? [staged] : []), ...others].map((each, i) => ({ ...each, staged: false, booted: i === 0 }));
}
