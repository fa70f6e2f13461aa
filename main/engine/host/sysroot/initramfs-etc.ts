// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { newestDeployment } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { KeyFile } from '../../../files/index.ts';
import type { RawDeployment } from '../../base/ports/sysroot.ts';
import { namesOf } from '../initramfs/etc-overlay.ts';
import { overlayFor, setTrackedFiles, trackedFiles } from '../initramfs/tracked-files.ts';
import type { SysrootJob } from './actions.ts';
import { deploy } from './deploy.ts';
import type { DeployOutcome, SysrootJobs } from './params.ts';

/** Change which files of /etc are in the initramfs, and deploy the newest deployment's tree with them. Throws as overlayFor() does, and `deployment.not-found`. */
export function setInitramfsEtc(job: SysrootJob, request: SysrootJobs['sysroot.initramfs-etc']['params']): DeployOutcome {
  const { sysroot } = job;
  const newest = newestDeployment(sysroot.deployments(), request.osname);
  if (!newest) throw new TreelineError('deployment.not-found', { subject: request.osname });
  const origin = new KeyFile(newest.originText ?? '');
  const before = trackedFiles(origin);
  for (const file of request.track) namesOf(file);
  const kept = request.untrackAll ? [] : before.filter((file) => !request.untrack.includes(file));
  const files = [...new Set([...kept, ...request.track])];
  setTrackedFiles(origin, files);
  const sameFiles = files.length === before.length && files.every((file) => before.includes(file));
  if (sameFiles && !(request.forceSync && isStale(job, origin, newest)))
    return { changed: false, staged: newest.staged, deploymentId: newest.id, checksum: newest.checksum };
  const { osname, lockFinalization } = request;
  return deploy(job, {
    osname,
    checksum: newest.checksum,
    originText: origin.text,
    ...(lockFinalization === undefined ? {} : { lockFinalization }),
  });
}

/** The files in the newest deployment's overlay aren't what is in /etc now, or nobody can tell: libostree names an overlay by its SHA-256, but not that of a staged one. */
function isStale({ sysroot }: SysrootJob, origin: KeyFile, newest: RawDeployment): boolean {
  const overlay = overlayFor(sysroot, origin, sysroot.mergeDeployment(newest.osname));
  if (!overlay) return false;
  const checksum = createHash('sha256').update(overlay).digest('hex');
  return newest.staged || !newest.overlayInitrds.some((name) => name.includes(checksum));
}
