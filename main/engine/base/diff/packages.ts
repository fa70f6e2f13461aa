// SPDX-License-Identifier: LGPL-2.1-or-later
import { compareEvr, formatNevra, type ChangeKind, type Package, type PackageChange } from '../../../../shared/domain/index.ts';

/** Name, then EVR by rpm's rules, then architecture. */
export function comparePackages(a: Package, b: Package): number {
  return compareText(a.name, b.name) || compareEvr(a, b) || compareText(a.arch, b.arch);
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * What differs between two package lists, sorted by name and architecture. A name may be there several times: in several
 * versions (kernels) and for several architectures (i686 beside x86_64). A change from or to noarch is one change, not an
 * addition and a removal. Epoch, version and release are compared apart (field report 1).
 */
export function diffPackages(from: Iterable<Package>, to: Iterable<Package>): PackageChange[] {
  const before = byName(from);
  const after = byName(to);
  const changes: PackageChange[] = [];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    diffName(before.get(name) ?? [], after.get(name) ?? [], changes);
  }
  return changes.sort(compareChanges);
}

export function compareChanges(a: PackageChange, b: PackageChange): number {
  return compareText(a.name, b.name) || compareText(a.arch, b.arch) || compareText(a.kind, b.kind);
}

export function byName<P extends Package>(packages: Iterable<P>): ReadonlyMap<string, readonly P[]> {
  const groups = new Map<string, P[]>();
  for (const p of packages) {
    const group = groups.get(p.name);
    if (group) group.push(p);
    else groups.set(p.name, [p]);
  }
  return groups;
}

function diffName(before: readonly Package[], after: readonly Package[], out: PackageChange[]): void {
  // nearly all names: there once, and the same
  const [[old], [now]] = [before, after];
  if (before.length === 1 && after.length === 1 && old && now && same(old, now)) return;
  const kept = new Set(before.map(formatNevra));
  const wanted = new Set(after.map(formatNevra));
  let gone = before.filter((p) => !wanted.has(formatNevra(p))).sort(newestFirst);
  let come = after.filter((p) => !kept.has(formatNevra(p))).sort(newestFirst);
  // first partners of the same architecture, newest with newest; then what became or was noarch
  for (const fits of [sameArch, noarchSwitch]) {
    const leftGone: Package[] = [];
    for (const old of gone) {
      const partner = come.find((p) => fits(old, p));
      if (!partner) {
        leftGone.push(old);
        continue;
      }
      come = come.filter((p) => p !== partner);
      out.push(change(old, partner));
    }
    gone = leftGone;
  }
  for (const p of gone) out.push({ kind: 'removed', name: p.name, arch: p.arch, from: plain(p) });
  for (const p of come) out.push({ kind: 'added', name: p.name, arch: p.arch, to: plain(p) });
}

const same = (a: Package, b: Package): boolean =>
  a.version === b.version && a.release === b.release && a.arch === b.arch && a.epoch === b.epoch;
const sameArch = (a: Package, b: Package): boolean => a.arch === b.arch;
const noarchSwitch = (a: Package, b: Package): boolean => a.arch !== b.arch && (a.arch === 'noarch' || b.arch === 'noarch');

/** Newest version first; of equal ones the 32-bit x86 architectures last, which are there beside the main one. */
function newestFirst(a: Package, b: Package): number {
  return compareEvr(b, a) || Number(/^i\d86$/.test(a.arch)) - Number(/^i\d86$/.test(b.arch)) || compareText(a.arch, b.arch);
}

/** An equal EVR with another architecture counts as an upgrade: something new is installed. */
export function changeKind(from: Package, to: Package): ChangeKind {
  return compareEvr(from, to) > 0 ? 'downgraded' : 'upgraded';
}

function change(from: Package, to: Package): PackageChange {
  return { kind: changeKind(from, to), name: to.name, arch: to.arch, from: plain(from), to: plain(to) };
}

/** Only the NEVRA: what else the list held belongs elsewhere. */
export function plain({ name, epoch, version, release, arch }: Package): Package {
  return { name, epoch, version, release, arch };
}

export function countChanges(changes: Iterable<PackageChange>): Record<ChangeKind, number> {
  const counts = { upgraded: 0, downgraded: 0, added: 0, removed: 0 };
  for (const { kind } of changes) counts[kind]++;
  return counts;
}
