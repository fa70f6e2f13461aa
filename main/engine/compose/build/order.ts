// SPDX-License-Identifier: LGPL-2.1-or-later
import type { RpmPackage } from '../../base/ports/rpm.ts';

/**
 * Packages in dependency order: what a package requires comes before it, where requirements aren't circular. Among equals, by name:
 * the order is the same every time.
 */
export function dependencyOrder(packages: readonly RpmPackage[]): RpmPackage[] {
  const providers = new Map<string, RpmPackage>();
  for (const pkg of packages) {
    for (const { name } of pkg.provides) if (!providers.has(name)) providers.set(name, pkg);
    for (const { path } of pkg.files) if (!providers.has(path)) providers.set(path, pkg);
  }
  const ordered: RpmPackage[] = [];
  const state = new Map<RpmPackage, 'visiting' | 'done'>();
  const visit = (pkg: RpmPackage): void => {
    if (state.has(pkg)) return;
    state.set(pkg, 'visiting');
    for (const { name } of pkg.requires) {
      const provider = providers.get(name);
      if (provider && provider !== pkg) visit(provider);
    }
    state.set(pkg, 'done');
    ordered.push(pkg);
  };
  // whoever brings the root's links and directories goes first: everything else is put below them
  const first = packages.filter((p) => p.files.some((f) => f.path === '/usr' || f.path === '/'));
  for (const pkg of [...first, ...packages]) visit(pkg);
  return ordered;
}
