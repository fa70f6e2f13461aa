// SPDX-License-Identifier: LGPL-2.1-or-later
// What all packages say of themselves: from package.json, electron-builder.yml (the app) and assets/system/packages.yml (dependencies, texts).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { LaunchError } from '../console.mjs';
import { capture } from '../processes.mjs';
import { root } from '../setup.mjs';

/** Names of this machine's architecture: Node's, RPM's, Debian's. */
const architectures = {
  x64: ['x86_64', 'amd64'],
  arm64: ['aarch64', 'arm64'],
  riscv64: ['riscv64', 'riscv64'],
  ppc64: ['ppc64le', 'ppc64el'],
};

const read = (name) => readFileSync(path.join(root, name), 'utf8');

/**
 * @param {string} release number of the packaging of one version
 * @returns {{ version: string, release: string, rpmOstree: string, license: string, vendor: string, maintainer: string, architecture: { node: string, rpm: string, deb: string },
 *   epochSeconds: number, packages: Record<string, any>, builder: any }}
 */
export function packageMetadata(release = '1') {
  const project = JSON.parse(read('package.json'));
  const builder = parse(read('electron-builder.yml'));
  const [rpm, deb] = architectures[process.arch] ?? [];
  if (!rpm)
    throw new LaunchError(`There are no packages for this architecture (${process.arch}): koffi has no library for it that was tried.`);
  const packages = parse(read('assets/system/packages.yml'));
  const rpmOstree = /rpmOstreeVersion = '(\d{4}\.\d+)'/.exec(read('shared/domain/version.ts'))?.[1];
  if (!rpmOstree) throw new LaunchError('shared/domain/version.ts names no version of rpm-ostree.');
  packages.treeline = {
    summary: builder.linux.synopsis,
    description: builder.linux.description,
    requires: builder.rpm.depends,
    depends: builder.deb.depends,
    debRecommends: builder.deb.recommends,
  };
  return {
    version: project.version,
    release,
    rpmOstree,
    license: project.license,
    vendor: builder.linux.vendor,
    maintainer: builder.linux.maintainer,
    architecture: { node: process.arch, rpm, deb },
    epochSeconds: sourceDate(),
    packages,
    builder,
  };
}

/** SOURCE_DATE_EPOCH, else the time of the commit, else now: the same source gives the same packages. */
function sourceDate() {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given && /^\d+$/.test(given)) return Number(given);
  const { code, stdout } = capture('git', ['log', '-1', '--format=%ct'], { cwd: root });
  return code === 0 && /^\d+\s*$/.test(stdout) ? Number(stdout) : Math.floor(Date.now() / 1000);
}
