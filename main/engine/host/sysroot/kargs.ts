// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  changeKernelArgs,
  formatKernelArgs,
  newestDeployment,
  parseKernelArgs,
  type KargsChange,
} from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { DeployOutcome } from './params.ts';
import { findDeployment, type SysrootJob } from './actions.ts';
import { deploy } from './deploy.ts';
import { kernelArgsOf } from './deployments.ts';

export interface KargsRequest extends KargsChange {
  readonly osname: string;
  /** Arguments the caller saw; a difference to what is there is refused. */
  readonly existing?: string;
  /** Whose arguments are changed; missing = newestDeployment(). */
  readonly deploymentId?: string;
  readonly lockFinalization?: boolean;
}

/** A new deployment of the same commit with other kernel arguments. Throws the `kargs.*` codes. */
export function setKargs(job: SysrootJob, request: KargsRequest): DeployOutcome & { kargs: readonly string[] } {
  const { sysroot } = job;
  const source =
    request.deploymentId === undefined
      ? newestDeployment(sysroot.deployments(), request.osname)
      : findDeployment(sysroot, request.deploymentId);
  if (!source) throw new TreelineError('deployment.not-found', { subject: request.osname });
  const current = kernelArgsOf(source);
  if (request.existing !== undefined && withoutOstree(request.existing) !== formatKernelArgs(current)) {
    throw new TreelineError('kargs.changed', { subject: source.id, detail: formatKernelArgs(current) });
  }
  const final = request.finalKargs === undefined ? {} : { finalKargs: withoutOstree(request.finalKargs) };
  const next = changeKernelArgs(current, { ...request, ...final }).filter((arg) => arg.key !== 'ostree');
  const kargs = next.map((arg) => arg.raw);
  if (formatKernelArgs(next) === formatKernelArgs(current)) {
    return { changed: false, staged: source.staged, deploymentId: source.id, checksum: source.checksum, kargs };
  }
  const outcome = deploy(job, {
    osname: request.osname,
    checksum: source.checksum,
    originText: source.originText ?? '',
    kernelArgs: kargs,
    ...(request.lockFinalization === undefined ? {} : { lockFinalization: request.lockFinalization }),
  });
  return { ...outcome, kargs };
}

const withoutOstree = (line: string): string => formatKernelArgs(parseKernelArgs(line).filter((arg) => arg.key !== 'ostree'));
