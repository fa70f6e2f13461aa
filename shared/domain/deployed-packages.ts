// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatNevra, parseNevra } from './evr.ts';
import type { DeployedPackage, DeployedPackages } from './schemas/deployed-package.ts';
import type { Deployment } from './schemas/host.ts';
import type { Package, PackageDetails } from './schemas/package.ts';

const slot = ({ name, arch }: Package): string => `${name}.${arch}`;

/** Whether a request, as somebody wrote it, means this package by its name or version; provides, globs and files are told only by the solver. */
const means = (request: string, pkg: Package): boolean => {
  const { name, version, release } = pkg;
  return [name, slot(pkg), `${name}-${version}`, `${name}-${version}-${release}`, formatNevra(pkg)].includes(request);
};

/** What each package of a deployment is there for, by its tree, the tree that it was made of, and what its origin asks for. */
export function deployedPackages(
  { id, origin: { layering }, layer }: Pick<Deployment, 'id' | 'origin' | 'layer'>,
  tree: readonly PackageDetails[],
  base: readonly PackageDetails[],
): DeployedPackages {
  const inBase = new Set(base.map(formatNevra));
  const inTree = new Set(tree.map(formatNevra));
  const slots = new Set(tree.map(slot));
  const before = new Map(base.filter((pkg) => !inTree.has(formatNevra(pkg))).map((pkg) => [slot(pkg), pkg]));
  const locals = [...layering.localPackages, ...layering.localFileoverrides].map((text) => text.replace(/^[0-9a-f]{64}:/, ''));
  const packages = tree.map((pkg): DeployedPackage => {
    const nevra = formatNevra(pkg);
    if (inBase.has(nevra)) return { ...pkg, part: 'base' };
    const replaces = before.get(slot(pkg));
    if (replaces) return { ...pkg, part: 'replaced', replaces: plain(replaces) };
    if (locals.includes(nevra)) return { ...pkg, part: 'local', request: nevra };
    const request = layering.packages.find((each) => means(each, pkg));
    return { ...pkg, part: 'layered', ...(request === undefined ? {} : { request }) };
  });
  const fulfilled = new Set(layer?.packages);
  return {
    deploymentId: id,
    packages,
    removed: base.filter((pkg) => !inTree.has(formatNevra(pkg)) && !slots.has(slot(pkg))),
    inactive: [
      ...layering.packages.filter((request) => !fulfilled.has(request)),
      ...locals.filter((nevra) => parseNevra(nevra) !== undefined && !inTree.has(nevra)),
    ],
  };
}

const plain = ({ name, epoch, version, release, arch }: Package): Package => ({ name, epoch, version, release, arch });
