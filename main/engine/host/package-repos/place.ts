// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { comparedDeployment, newestDeployment, type Deployment } from '../../../../shared/domain/index.ts';
import { TreelineError, type ErrorReport } from '../../../../shared/errors/index.ts';
import { packageCachedir, stateDir } from '../sysroot/state-dir.ts';
import { packageRepos } from './package-repos.ts';
import type { ReposParams } from './params.ts';

/** Where the package repositories of a stateroot stand, and what is kept of them. */
export interface PackageReposPlace {
  /** Root of the deployment whose /etc counts: `/` when it runs. */
  readonly root: string;
  /** Root of the deployment that packages come onto, whose version is $releasever. */
  readonly base: string;
  /** Directory for metadata and downloaded packages. */
  readonly cachedir: string;
}

type Placed = Pick<Deployment, 'osname' | 'checksum' | 'serial' | 'booted'>;

/** Of the deployment that runs, else the one that would be started next, as rpm-ostree has it. Throws deployment.not-found. */
export function packageReposPlace(sysroot: string, osname: string, deployments: readonly Deployment[]): PackageReposPlace {
  const own = comparedDeployment(deployments, osname);
  if (!own) throw new TreelineError('deployment.not-found', { subject: osname });
  const booted = deployments.some((each) => each.booted);
  return {
    root: deploymentRoot(sysroot, own),
    base: deploymentRoot(sysroot, newestDeployment(deployments, osname) ?? own),
    cachedir: packageCachedir(stateDir(sysroot, osname, booted).cache),
  };
}

const deploymentRoot = (sysroot: string, { osname, checksum, serial, booted }: Placed): string =>
  booted && path.resolve(sysroot) === '/' ? '/' : path.join(sysroot, 'ostree/deploy', osname, 'deploy', `${checksum}.${serial}`);

/** The enabled repositories of a stateroot, with what is wrong with others. */
export function enabledRepos({ cachedir, ...at }: PackageReposPlace): ReposParams {
  const problems: ErrorReport[] = [];
  return { cachedir, ...packageRepos({ ...at, onProblem: (problem) => problems.push(problem.report) }), problems };
}
