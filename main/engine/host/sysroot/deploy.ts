// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { argChanges, comparedDeployment, newestDeployment, type KernelArg } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { KeyFile } from '../../../files/index.ts';
import type { DeployOutcome } from './params.ts';
import { overlayFor } from '../initramfs/tracked-files.ts';
import type { RawDeployment } from '../../base/ports/sysroot.ts';
import { keepLayers } from './layer-refs.ts';
import { requireBootSpace } from './boot-space.ts';
import { dirOf, versionOf, type SysrootJob } from './actions.ts';
import { finalizationLock, kernelArgsOf } from './deployments.ts';
import { recordStaged } from './finalize-failure.ts';
import { withDropIns } from './kargs-drop-ins.ts';
import { requireWhole } from './whole-commit.ts';

export interface DeployRequest {
  readonly osname: string;
  readonly checksum: string;
  readonly originText: string;
  /** Missing = those of the newest deployment, with what the tree's kargs.d changes. */
  readonly kernelArgs?: readonly string[];
  readonly lockFinalization?: boolean;
}

/**
 * Stage in the booted stateroot, else deploy as the new default. The commit is in the repository; that its objects aren't damaged is looked at
 * before anything is changed. Throws `repo.objects-damaged`, `disk.full`.
 */
export function deploy(job: SysrootJob, request: DeployRequest): DeployOutcome {
  const { sysroot, context } = job;
  context.task(`Verifying ${request.checksum.slice(0, 12)}`, () => requireWhole(sysroot, request.checksum));
  requireBootSpace(sysroot, request.checksum);
  const merge = sysroot.mergeDeployment(request.osname);
  const base = comparedDeployment(sysroot.deployments(), request.osname);
  const origin = new KeyFile(request.originText);
  origin.removeGroup('libostree-transient');
  const newest = newestDeployment(sysroot.deployments(), request.osname);
  const args = kargs(job, request, newest);
  const overlay = overlayFor(sysroot, origin, merge);
  const tree = {
    osname: request.osname,
    checksum: request.checksum,
    originText: origin.text,
    ...(merge ? { mergeId: merge.id } : {}),
    ...args,
    ...(overlay ? { overlayInitrds: [sysroot.stageOverlayInitrd(overlay)] } : {}),
  };
  const toVersion = versionOf(sysroot, request.checksum);
  const outcome = {
    changed: true,
    fromVersion: base ? versionOf(sysroot, base.checksum) : '',
    toVersion,
    checksum: request.checksum,
    ...changedArgs(newest && kernelArgsOf(newest), args.kernelArgs),
  };
  if (base?.booted) {
    const replaced = sysroot.deployments().find((d) => d.staged);
    setFinalizationLock(request.lockFinalization ?? false);
    const deploymentId = context.task(`Staging ${toVersion || request.checksum.slice(0, 12)}`, () => sysroot.stageTree(tree));
    recordStaged(dirOf(job, request.osname), deploymentId, request.checksum, toVersion, job.now);
    keepLayers(sysroot);
    if (replaced && replaced.checksum !== request.checksum) context.task('Removing what nothing uses any more', () => sysroot.cleanup());
    return { ...outcome, staged: true, deploymentId };
  }
  if (request.lockFinalization) throw new TreelineError('sysroot.not-booted', { subject: 'Locking the finalization' });
  const deploymentId = context.task(`Deploying ${toVersion || request.checksum.slice(0, 12)}`, () => sysroot.deployTree(tree));
  context.task('Writing boot entries', () =>
    context.uninterruptible(() => sysroot.simpleWriteDeployment(deploymentId, merge?.id, { pending: false, rollback: false })),
  );
  keepLayers(sysroot);
  return { ...outcome, staged: false, deploymentId };
}

function changedArgs(before: readonly KernelArg[] | undefined, after: readonly string[] | undefined): Pick<DeployOutcome, 'kernelArgs'> {
  const changes = argChanges(
    before?.map((arg) => arg.raw),
    after,
  );
  return changes ? { kernelArgs: changes } : {};
}

function kargs(job: SysrootJob, request: DeployRequest, newest: RawDeployment | undefined): { kernelArgs?: readonly string[] } {
  if (request.kernelArgs) return { kernelArgs: request.kernelArgs };
  if (!newest) return {};
  return { kernelArgs: withDropIns(job, kernelArgsOf(newest), newest.checksum, request.checksum).map((arg) => arg.raw) };
}

/** The lock must be there before the staged deployment is: a shutdown in between would finalize it. */
function setFinalizationLock(on: boolean): void {
  if (!on) {
    rmSync(finalizationLock, { force: true });
    return;
  }
  mkdirSync(path.dirname(finalizationLock), { recursive: true });
  writeFileSync(finalizationLock, '');
}
