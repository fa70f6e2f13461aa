// SPDX-License-Identifier: LGPL-2.1-or-later
import { create } from 'zustand';
import {
  compareEvr,
  formatNevra,
  type DeployedPackages,
  type LayerPackage,
  type PackageDetails,
  type PackagePlan,
} from '../../shared/domain/index.ts';
import type { CommandArgs } from '../../shared/ipc/index.ts';

/** Something to change, as the person chose it: add a package, remove what was added, leave one of the base out, take a repository’s instead, or the base’s again. */
export interface Wish {
  readonly kind: 'add' | 'remove' | 'leaveOut' | 'replace' | 'restore';
  /** What is asked of the service. */
  readonly spec: string;
  readonly name: string;
  /** The repository that was chosen for it. */
  readonly repo?: string;
}

/** What was collected stays while other pages are looked at. */
export const usePlan = create<{ readonly wishes: readonly Wish[] }>(() => ({ wishes: [] }));

const same = (a: Wish, b: Wish): boolean => a.kind === b.kind && a.spec === b.spec;
export const isWished = (wishes: readonly Wish[], wish: Wish): boolean => wishes.some((each) => same(each, wish));

/** A package of the base becomes one thing. */
const ofBase: readonly Wish['kind'][] = ['leaveOut', 'replace', 'restore'];
const excludes = (a: Wish, b: Wish): boolean => a.name === b.name && ofBase.includes(a.kind) && ofBase.includes(b.kind);

export function toggleWish(wish: Wish): void {
  usePlan.setState(({ wishes }) => ({
    wishes: isWished(wishes, wish) ? wishes.filter((each) => !same(each, wish)) : [...wishes.filter((each) => !excludes(each, wish)), wish],
  }));
}

export function clearWishes(): void {
  usePlan.setState({ wishes: [] });
}

export type PackageChange = CommandArgs<'packages.plan'>[0];

/** One change for the service, whatever was collected. */
export function changeOf(wishes: readonly Wish[]): PackageChange {
  const specs = (kind: Wish['kind']): string[] => wishes.filter((wish) => wish.kind === kind).map(({ spec }) => spec);
  const change = {
    installPackages: specs('add'),
    uninstallPackages: specs('remove'),
    overrideRemovePackages: specs('leaveOut'),
    overrideResetPackages: specs('restore'),
    overrideReplacePackages: specs('replace'),
  };
  return Object.fromEntries(Object.entries(change).filter(([, list]) => list.length > 0));
}

/** A plan beside what is there. */
export interface PlanEffect {
  /** Asked for by name. */
  readonly added: readonly LayerPackage[];
  /** What comes along with them. */
  readonly along: readonly LayerPackage[];
  /** In another version than now: layered ones, and those of the base that are overridden or aren’t any more. */
  readonly changed: readonly { readonly from: PackageDetails; readonly to: LayerPackage }[];
  /** Layered packages that nobody needs any more. */
  readonly gone: readonly PackageDetails[];
  /** Of the base. */
  readonly leftOut: readonly PackageDetails[];
  /** Packages of the base that come back. */
  readonly back: readonly PackageDetails[];
  readonly inactive: readonly { readonly spec: string; readonly by: string }[];
  /** undefined: not all of it is known. */
  readonly downloadBytes: number | undefined;
  readonly installedBytes: number | undefined;
}

const slot = ({ name, arch }: PackageDetails): string => `${name}.${arch}`;
const sum = (values: readonly (number | undefined)[]): number | undefined =>
  values.some((value) => value === undefined) ? undefined : values.reduce<number>((total, value) => total + (value ?? 0), 0);

/** What a plan changes of what is there now: it itself tells only what is on top of the base afterwards. */
export function effectOf(now: DeployedPackages, { layer }: PackagePlan, wishes: readonly Wish[]): PlanEffect {
  const after = layer?.added ?? [];
  const own = now.packages.filter(({ part }) => part === 'layered' || part === 'local');
  const before = new Map(now.packages.map((pkg) => [slot(pkg), pkg]));
  const kept = new Set(after.map(slot));
  const fresh = after.filter((pkg) => !before.has(slot(pkg)));
  const asked = new Set(wishes.filter(({ kind }) => kind === 'add').map(({ name }) => name));
  const updated = after.flatMap((to) => {
    const from = before.get(slot(to));
    return from && compareEvr(from, to) !== 0 ? [{ from, to }] : [];
  });
  const reset = now.packages.flatMap((from) =>
    from.part === 'replaced' && from.replaces && !kept.has(slot(from)) ? [{ from, to: from.replaces }] : [],
  );
  const gone = own.filter((pkg) => !kept.has(slot(pkg)));
  const changed: PlanEffect['changed'] = [...updated, ...reset];
  const outAfter = (layer?.replaced ?? []).filter((each) => each.after === undefined).map(({ before: nevra }) => nevra);
  const back = now.removed.filter((pkg) => !outAfter.includes(formatNevra(pkg)));
  const leftOut = now.packages.filter((pkg) => outAfter.includes(formatNevra(pkg)));
  const more = sum([...fresh, ...changed.map(({ to }) => to), ...back].map((pkg) => pkg.installedSizeBytes));
  const less = sum([...gone, ...changed.map(({ from }) => from), ...leftOut].map((pkg) => pkg.installedSizeBytes));
  return {
    added: fresh.filter(({ name, neededBy }) => asked.has(name) || (neededBy ?? []).length === 0),
    along: fresh.filter(({ name, neededBy }) => !asked.has(name) && (neededBy ?? []).length > 0),
    ...{ changed, gone, leftOut, back },
    inactive: (layer?.inactive ?? []).filter(({ spec }) => !now.inactive.includes(spec)),
    downloadBytes: sum(after.map((pkg) => pkg.downloadBytes)),
    installedBytes: more === undefined || less === undefined ? undefined : more - less,
  };
}

/** The package that a wish is about, as the plan has it; undefined where nothing comes of it. */
export function packageOf({ kind, spec, name }: Wish, effect: PlanEffect): LayerPackage | PackageDetails | undefined {
  const others = effect.changed.map(({ to }) => to);
  const lists = {
    ...{ add: effect.added, remove: effect.gone, leaveOut: effect.leftOut },
    ...{ replace: others, restore: [...effect.back, ...others] },
  };
  const list: readonly (LayerPackage | PackageDetails)[] = lists[kind];
  return list.find((pkg) => slot(pkg) === spec) ?? list.find((pkg) => pkg.name === name);
}
