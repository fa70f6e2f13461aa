// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, rmSync, statfsSync } from 'node:fs';
import { argChanges, droppedOf, droppedText, followedBy } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { updateId } from '../../base/commits/image-commit.ts';
import type { DeployOutcome } from './params.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { ObjectReader } from '../../base/ports/review.ts';
import type { RawDeployment, SysrootPort } from '../../base/ports/sysroot.ts';
import { finalizationLock, kernelArgsOf, rollbackOf } from './deployments.ts';
import { forgetStaged } from './finalize-failure.ts';
import { baseChecksum } from './layer.ts';
import { keepLayers } from './layer-refs.ts';
import { originOf } from './origin.ts';
import { addRolledBack, removeRolledBack } from './rolled-back.ts';
import { packageCachedir, stateDir, type StateDir } from './state-dir.ts';

/** What every change of a sysroot works on. The lock is taken by whoever makes it. */
export interface SysrootJob {
  readonly sysroot: SysrootPort;
  readonly context: JobContext;
  /** Reads files of trees in the sysroot's repository. */
  readonly objects: ObjectReader;
  /** Unix seconds. */
  readonly now: number;
}

export function dirOf(job: SysrootJob, osname: string): StateDir {
  return stateDir(job.sysroot.path, osname, job.sysroot.isBooted);
}

export function versionOf(sysroot: SysrootPort, checksum: string): string {
  try {
    return sysroot.repo.tryLoadCommit(checksum)?.version ?? '';
  } catch {
    return '';
  }
}

/** Throws `deployment.not-found`. */
export function findDeployment(sysroot: SysrootPort, id: string): RawDeployment {
  const found = sysroot.deployments().find((d) => d.id === id);
  if (!found) throw new TreelineError('deployment.not-found', { subject: id });
  return found;
}

/** Say what of what is staged, or would start next, goes with these: before it is done. */
function sayDropped(job: SysrootJob, gone: readonly RawDeployment[]): void {
  const all = job.sysroot.deployments();
  const running = all.findIndex((d) => d.booted);
  const side = (raw: RawDeployment): Parameters<typeof droppedOf>[0] => ({
    version: versionOf(job.sysroot, raw.checksum),
    checksum: raw.checksum,
    staged: raw.staged,
    kernelArgs: kernelArgsOf(raw).map((arg) => arg.raw),
    refspec: followedBy(originOf(raw, () => true)),
  });
  const compared = all[running] ?? all.find((d) => !d.staged && !gone.includes(d));
  for (const raw of gone.filter((d) => d.staged || all.indexOf(d) < running)) {
    job.context.message(droppedText(droppedOf(side(raw), compared && side(compared))));
  }
}

/** Write a new boot order; a kill within would leave /boot half written, or its file system frozen. */
export function writeOrder(job: SysrootJob, ids: readonly string[]): void {
  job.context.task('Writing boot entries', () => job.context.uninterruptible(() => job.sysroot.writeDeployments(ids, true)));
}

/** Put one deployment first. What is staged is discarded: at shutdown it would become the default after all. */
function makeDefault(job: SysrootJob, target: RawDeployment): DeployOutcome {
  const { sysroot } = job;
  const all = sysroot.deployments();
  const bootable = all.filter((d) => !d.staged);
  const from = all.find((d) => d.booted) ?? bootable[0];
  const rawArgs = (raw: RawDeployment): string[] => kernelArgsOf(raw).map((arg) => arg.raw);
  const args = argChanges(from && rawArgs(from), rawArgs(target));
  const outcome = {
    staged: false,
    deploymentId: target.id,
    fromVersion: from ? versionOf(sysroot, from.checksum) : '',
    toVersion: versionOf(sysroot, target.checksum),
    checksum: target.checksum,
    ...(args ? { kernelArgs: args } : {}),
  };
  if (all[0]?.id === target.id) return { changed: false, ...outcome };
  if (from && from.osname === target.osname) rememberRollback(job, from, target);
  const order = [target, ...bootable.filter((d) => d.id !== target.id)];
  const staged = all.filter((d) => d.staged);
  sayDropped(job, staged);
  writeOrder(
    job,
    order.map((d) => d.id),
  );
  for (const { osname } of staged) forgetStaged(job.sysroot, dirOf(job, osname));
  return { changed: true, ...outcome };
}

/** Leaving `from` for an older tree says that `from` isn't wanted; going forward to a tree says that it is. */
function rememberRollback(job: SysrootJob, from: RawDeployment, target: RawDeployment): void {
  const { sysroot } = job;
  const dir = dirOf(job, target.osname);
  const id = (checksum: string): string => {
    const commit = sysroot.repo.tryLoadCommit(checksum);
    return commit ? updateId(commit) : checksum;
  };
  const base = baseChecksum(sysroot.repo, target.checksum);
  for (const name of new Set([base, id(base), target.checksum])) removeRolledBack(dir, name);
  // versions are those of bases: a layer is left with them
  const bases = [target, from].map(({ checksum }) => baseChecksum(sysroot.repo, checksum));
  // on one base it is the packages that are left
  const [older, newer] = (bases[0] === bases[1] ? [target.checksum, from.checksum] : bases).map((each) => sysroot.repo.tryLoadCommit(each));
  if (!newer || !older || newer.checksum === older.checksum || older.timestamp > newer.timestamp) return;
  addRolledBack(dir, { checksum: updateId(newer), version: newer.version, at: job.now });
}

/**
 * rpm-ostree's rule: when the booted deployment is the default, the next one becomes it; otherwise the booted one does (an update that
 * waits is taken back). Throws `deployment.none-to-roll-back`.
 */
export function rollback(job: SysrootJob, osname: string): DeployOutcome {
  const own = job.sysroot.deployments().filter((d) => d.osname === osname);
  const booted = own.find((d) => d.booted);
  const target = booted && own[0]?.id !== booted.id ? booted : rollbackOf(own, osname);
  if (!target) throw new TreelineError('deployment.none-to-roll-back', { subject: osname });
  return makeDefault(job, target);
}

export function setDefault(job: SysrootJob, deploymentId: string): DeployOutcome {
  return makeDefault(job, findDeployment(job.sysroot, deploymentId));
}

export function pin(job: SysrootJob, deploymentId: string, pinned: boolean): DeployOutcome {
  const target = findDeployment(job.sysroot, deploymentId);
  if (target.staged) {
    throw new TreelineError('deployment.staged', { subject: deploymentId });
  }
  const changed = target.pinned !== pinned;
  if (changed) job.sysroot.setPinned(deploymentId, pinned);
  return describe(job, target, changed);
}

function describe(job: SysrootJob, target: RawDeployment, changed: boolean): DeployOutcome {
  const { id, checksum, staged } = target;
  return { changed, staged, deploymentId: id, checksum, toVersion: versionOf(job.sysroot, checksum) };
}

/** Drop deployments from the boot order, then whatever only they used. */
function drop(job: SysrootJob, gone: readonly RawDeployment[]): void {
  const ids = new Set(gone.map((d) => d.id));
  sayDropped(job, gone);
  writeOrder(
    job,
    job.sysroot
      .deployments()
      .filter((d) => !ids.has(d.id))
      .map((d) => d.id),
  );
  // what libostree left because of its ref can go now
  if (keepLayers(job.sysroot)) job.context.task('Removing what nothing uses any more', () => job.sysroot.cleanup());
  const staged = gone.find((d) => d.staged);
  if (staged) forgetStaged(job.sysroot, dirOf(job, staged.osname));
}

/** Throws `deployment.booted`, `deployment.pinned`. */
export function undeploy(job: SysrootJob, deploymentId: string): DeployOutcome {
  const target = findDeployment(job.sysroot, deploymentId);
  if (target.booted) throw new TreelineError('deployment.booted', { subject: versionOf(job.sysroot, target.checksum) || deploymentId });
  if (target.pinned) throw new TreelineError('deployment.pinned', { subject: versionOf(job.sysroot, target.checksum) || deploymentId });
  const bootable = job.sysroot.deployments().filter((d) => !d.staged && d.id !== target.id);
  if (bootable.length === 0) throw new TreelineError('deployment.only-one', { subject: deploymentId });
  const outcome = describe(job, target, true);
  drop(job, [target]);
  return outcome;
}

export function clearRollbackTarget(job: SysrootJob, osname: string): DeployOutcome {
  const gone = rollbackDeployments(job.sysroot, osname);
  const first = gone[0];
  if (!first) return { changed: false, staged: false };
  const outcome = describe(job, first, true);
  drop(job, gone);
  return outcome;
}

/** After the booted (else the default) one; pinned ones are no rollback leftovers. */
function rollbackDeployments(sysroot: SysrootPort, osname: string): RawDeployment[] {
  const own = sysroot.deployments().filter((d) => d.osname === osname && !d.staged);
  const kept = Math.max(
    own.findIndex((d) => d.booted),
    0,
  );
  return own.slice(kept + 1).filter((d) => !d.pinned);
}

/** Before the booted one, and what is staged. Nothing is pending on a system that isn't booted. */
function pendingDeployments(sysroot: SysrootPort, osname: string): RawDeployment[] {
  const own = sysroot.deployments().filter((d) => d.osname === osname);
  const booted = own.findIndex((d) => d.booted);
  return own.filter((d, i) => d.staged || (i < booted && !d.pinned));
}

const cleanupElements: readonly string[] = ['base', 'pending-deploy', 'rollback-deploy', 'repomd'];
const repomdCache = 'var/cache/rpm-ostree/repomd';

/** rpm-ostree's Cleanup. `freedBytes` is what the file systems of the sysroot and /boot have more afterwards. Throws `usage.invalid`. */
export function cleanup(job: SysrootJob, osname: string, elements: readonly string[]): { changed: boolean; freedBytes: number } {
  const unknown = elements.find((e) => !cleanupElements.includes(e));
  if (unknown !== undefined) {
    throw new TreelineError('usage.invalid', { detail: `Unknown cleanup element “${unknown}”; known: ${cleanupElements.join(', ')}` });
  }
  const { sysroot } = job;
  const before = freeBytes(sysroot.path);
  const gone = [
    ...(elements.includes('pending-deploy') ? pendingDeployments(sysroot, osname) : []),
    ...(elements.includes('rollback-deploy') ? rollbackDeployments(sysroot, osname) : []),
  ];
  if (gone.length > 0) drop(job, gone);
  let pruned = 0;
  if (elements.includes('base') || gone.length > 0) {
    keepLayers(sysroot);
    pruned = job.context.task('Removing what nothing uses any more', () => sysroot.cleanup()).objectsPruned;
  }
  let removedMetadata = false;
  if (elements.includes('repomd')) {
    const cache = `${sysroot.isBooted ? '' : `${sysroot.path}/ostree/deploy/${osname}`}/${repomdCache}`;
    const own = packageCachedir(dirOf(job, osname).cache);
    for (const directory of [cache, own].filter((each) => existsSync(each))) {
      removedMetadata = true;
      rmSync(directory, { recursive: true, force: true });
    }
  }
  const freedBytes = Math.max(0, freeBytes(sysroot.path) - before);
  return { changed: gone.length > 0 || pruned > 0 || removedMetadata, freedBytes };
}

function freeBytes(sysroot: string): number {
  const root = statfsSync(sysroot);
  const bootPath = `${sysroot}/boot`;
  const boot = existsSync(bootPath) ? statfsSync(bootPath) : root;
  const separate = boot.blocks !== root.blocks || boot.type !== root.type;
  return root.bfree * root.bsize + (separate ? boot.bfree * boot.bsize : 0);
}

/**
 * Release the lock of the staged deployment, so that the next shutdown finalizes it. Throws `deployment.not-found` (nothing staged),
 * `deployment.checksum-mismatch`, `deployment.not-locked`.
 */
export function finalize(
  job: SysrootJob,
  osname: string,
  options: { checksum?: string; allowMissingChecksum?: boolean; allowUnlocked?: boolean },
): DeployOutcome {
  const staged = job.sysroot.deployments().find((d) => d.staged && d.osname === osname);
  if (!staged) throw new TreelineError('deployment.not-found', { subject: 'staged' });
  if (options.checksum === undefined && !options.allowMissingChecksum) {
    throw new TreelineError('usage.invalid', { detail: 'The checksum of the staged deployment must be given.' });
  }
  if (options.checksum !== undefined && options.checksum !== staged.checksum) {
    throw new TreelineError('deployment.checksum-mismatch', { subject: options.checksum, detail: staged.checksum });
  }
  const locked = existsSync(finalizationLock);
  if (!locked && !options.allowUnlocked) throw new TreelineError('deployment.not-locked', { subject: staged.id });
  rmSync(finalizationLock, { force: true });
  return describe(job, staged, locked);
}
