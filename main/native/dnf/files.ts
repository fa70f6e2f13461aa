// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../shared/errors/index.ts';
import type { PackageFile, ResolvedPackage } from '../../engine/base/ports/resolver.ts';
import type { Pointer, Scope } from '../core/index.ts';
import { archesOf, nevraOf } from './packages.ts';
import { pkg, sack } from './raw.ts';

/**
 * Make packages of files known, before anything is asked of the sack: a goal forgets what it was asked for when more comes. They live as long as `scope`. Throws
 * package.corrupt, package.other-architecture naming the package.
 */
export function addFiles(packages: Pointer, files: readonly PackageFile[], scope: Scope): Pointer[] {
  const arches = files.length > 0 ? archesOf(packages) : new Set<string>();
  return files.map((file) => {
    const made = sack.addFile(packages, file.path);
    const pointer = made ? scope.own(made, file.nevra) : undefined;
    if (!pointer || nevraOf(pointer) !== file.nevra)
      throw new TreelineError('package.corrupt', {
        subject: file.nevra,
        detail: pointer ? `its header says ${nevraOf(pointer)}` : 'libdnf can’t read its header',
      });
    const arch = String(pkg.arch(pointer));
    if (!arches.has(arch)) throw new TreelineError('package.other-architecture', { subject: file.nevra, facts: { architectures: arch } });
    return pointer;
  });
}

/** What libdnf knows of a package of a file; it knows no repository and no address of it. */
export function describeFile(pointer: Pointer, { nevra, path, sha256 }: PackageFile): ResolvedPackage {
  return {
    name: String(pkg.name(pointer)),
    epoch: Number(pkg.epoch(pointer)),
    version: String(pkg.version(pointer)),
    release: String(pkg.release(pointer)),
    ...{ nevra, path },
    arch: String(pkg.arch(pointer)),
    repo: String(pkg.reponame(pointer)),
    remote: false,
    isLocal: true,
    downloadBytes: 0,
    installedSizeBytes: Number(pkg.installSize(pointer)),
    buildTimeSeconds: Number(pkg.buildTime(pointer)),
    digest: { algorithm: 'sha256', hex: sha256 },
    summary: String(pkg.summary(pointer) ?? ''),
    sourceRpm: String(pkg.sourcerpm(pointer) ?? ''),
    license: String(pkg.license(pointer) ?? ''),
  };
}
