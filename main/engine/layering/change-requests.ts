// SPDX-License-Identifier: LGPL-2.1-or-later
import type { LayerChange } from '../base/ports/layers.ts';
import { formatEvr, formatNevra, nameInNevra, parseNevra } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { LocalPackage, RepoReplacement, Requests } from './requests.ts';

/**
 * What is asked for after a change. Throws `layer.already-requested` and `layer.not-requested` (not with `idempotent`), `layer.no-override`, naming
 * the package.
 */
export function changeRequests(before: Requests, change: LayerChange): Requests {
  let after = before;
  if (change.noLayering) after = { ...after, packages: [], local: [], localFileoverrides: [] };
  if (change.noOverrides) after = { ...after, removals: [], replacements: [], localReplacements: [] };
  if (change.noInitramfs) after = { ...after, initramfs: { regenerate: false, args: [] } };
  if (change.initramfs) after = { ...after, initramfs: change.initramfs };
  for (const spec of change.uninstall ?? []) after = uninstall(after, spec, change.idempotent ?? false);
  for (const spec of change.overrideReset ?? []) after = resetOverride(after, spec);
  for (const spec of change.setAside ?? []) after = setAside(after, spec);
  after = install(after, change.install ?? [], change.idempotent ?? false);
  for (const local of change.installLocal ?? [])
    after = installLocal(after, 'local', 'localFileoverrides', local, change.idempotent ?? false);
  for (const local of change.installLocalForced ?? [])
    after = installLocal(after, 'localFileoverrides', 'local', local, change.idempotent ?? false);
  for (const name of change.overrideRemove ?? []) after = { ...withoutOverride(after, name), removals: withOverride(after, name) };
  for (const local of change.overrideReplaceLocal ?? [])
    after = {
      ...withoutOverride(after, nameInNevra(local.nevra)),
      localReplacements: withLocal(after.localReplacements, local, change.idempotent ?? false),
    };
  for (const replacement of change.overrideReplace ?? []) {
    const others = replacement.packages.reduce(withoutOverride, after);
    after = { ...others, replacements: withReplacement(after.replacements, replacement) };
  }
  return after;
}

/** A request as it was written, or a local package by its NEVRA or name. */
function setAside(requests: Requests, spec: string): Requests {
  const local = [...requests.local, ...requests.localFileoverrides].find((each) => isCalled(each, spec));
  const found = requests.packages.includes(spec) ? spec : local?.nevra;
  if (found === undefined) throw notRequested(requests, spec);
  return { ...requests, setAside: [...new Set([...requests.setAside, found])] };
}

function install(requests: Requests, specs: readonly string[], idempotent: boolean): Requests {
  const known = specs.find((spec) => requests.packages.includes(spec));
  if (known !== undefined && !idempotent) throw new TreelineError('layer.already-requested', { subject: known });
  return { ...requests, packages: [...new Set([...requests.packages, ...specs])] };
}

/** A request as it was written; else a local package by its NEVRA or name, and what it replaces of the base comes back. */
function uninstall(requests: Requests, spec: string, idempotent: boolean): Requests {
  if (requests.packages.includes(spec)) return { ...requests, packages: requests.packages.filter((each) => each !== spec) };
  const local = requests.local.filter((each) => !isCalled(each, spec));
  const localFileoverrides = requests.localFileoverrides.filter((each) => !isCalled(each, spec));
  if (local.length + localFileoverrides.length < requests.local.length + requests.localFileoverrides.length)
    return { ...requests, local, localFileoverrides };
  if (idempotent) return requests;
  throw notRequested(requests, spec);
}

const notRequested = ({ packages, local }: Requests, spec: string): TreelineError =>
  new TreelineError('layer.not-requested', { subject: spec, detail: [...packages, ...local.map(({ nevra }) => nevra)].join(', ') });

/** NAME, NAME.ARCH, NAME-VERSION-RELEASE and the whole. */
function isCalled({ nevra }: LocalPackage, spec: string): boolean {
  const pkg = parseNevra(nevra);
  if (!pkg) return spec === nevra;
  const { name, arch } = pkg;
  // rpm itself says it without the epoch, too
  return [nevra, name, `${name}.${arch}`, `${name}-${formatEvr(pkg)}`, formatNevra({ ...pkg, epoch: 0 })].includes(spec);
}

function withLocal(list: readonly LocalPackage[], local: LocalPackage, idempotent: boolean): LocalPackage[] {
  const name = nameInNevra(local.nevra);
  if (list.some((each) => each.nevra === local.nevra && each.sha256 === local.sha256) && !idempotent)
    throw new TreelineError('layer.already-requested', { subject: local.nevra });
  return [...list.filter((each) => nameInNevra(each.nevra) !== name), local];
}

type Locals = 'local' | 'localFileoverrides';

/** A package is added once, whatever its files may do. */
function installLocal(requests: Requests, to: Locals, from: Locals, local: LocalPackage, idempotent: boolean): Requests {
  const others = requests[from].filter(({ nevra }) => nameInNevra(nevra) !== nameInNevra(local.nevra));
  return { ...requests, [from]: others, [to]: withLocal(requests[to], local, idempotent) };
}

/** The newest wish about a package of the base is the one that counts. */
function withoutOverride(requests: Requests, name: string): Requests {
  return {
    ...requests,
    removals: requests.removals.filter((each) => each !== name),
    localReplacements: requests.localReplacements.filter(({ nevra }) => nameInNevra(nevra) !== name),
    replacements: requests.replacements
      .map((each) => ({ ...each, packages: each.packages.filter((spec) => spec !== name) }))
      .filter(({ packages }) => packages.length > 0),
  };
}

function withOverride({ removals }: Requests, name: string): string[] {
  if (removals.includes(name)) throw new TreelineError('layer.already-requested', { subject: name });
  return [...removals, name];
}

function withReplacement(list: readonly RepoReplacement[], { repo, packages }: RepoReplacement): RepoReplacement[] {
  const others = list.map((each) => ({ ...each, packages: each.packages.filter((name) => !packages.includes(name)) }));
  const own = others.find((each) => each.repo === repo);
  const changed = own
    ? others.map((each) => (each === own ? { repo, packages: [...each.packages, ...packages] } : each))
    : [...others, { repo, packages }];
  return changed.filter((each) => each.packages.length > 0);
}

/** By name or NEVRA, whatever kind of override it is. */
function resetOverride(requests: Requests, spec: string): Requests {
  const removals = requests.removals.filter((name) => name !== spec);
  const localReplacements = requests.localReplacements.filter((each) => !isCalled(each, spec));
  const replacements = requests.replacements
    .map((each) => ({ ...each, packages: each.packages.filter((name) => name !== spec) }))
    .filter((each) => each.packages.length > 0);
  const count = (r: Pick<Requests, 'removals' | 'localReplacements' | 'replacements'>): number =>
    r.removals.length + r.localReplacements.length + r.replacements.flatMap((each) => each.packages).length;
  const after = { ...requests, removals, localReplacements, replacements };
  if (count(after) === count(requests)) throw new TreelineError('layer.no-override', { subject: spec });
  return after;
}
