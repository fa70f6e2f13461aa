// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { isImageReference } from '../../../../shared/domain/index.ts';
import { TreelineError, systemCodeOf } from '../../../../shared/errors/index.ts';
import { atomicFile } from '../../../files/index.ts';
import type { DeployOutcome, SysrootJobs } from './params.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { RepoPort } from '../../base/ports/sysroot.ts';
import { originImageText, parseOriginImage } from '../../images/image-names.ts';

export interface RepairPort {
  /** What is wrong with bytes that should be a key file, undefined for nothing. */
  readonly damage: (bytes: Buffer) => string | undefined;
  readonly repo: RepoPort;
}

/**
 * Replace an origin file that isn't a key file by one that names a source. No sysroot is loaded for it: libostree can't. The old text is told as a
 * message. Throws `deployment.not-found`, `usage.invalid` (the file is in order, or no such branch is possible), `origin.remote-missing`.
 */
export function repairOrigin(
  { sysroot, deploymentId, refspec }: SysrootJobs['sysroot.repair-origin']['params'],
  port: RepairPort,
  context: Pick<JobContext, 'message'>,
): DeployOutcome {
  const [, osname, checksum, serial] = /^(.+)-([0-9a-f]{64})\.(\d+)$/.exec(deploymentId) ?? [];
  const stateroots = path.join(sysroot, 'ostree/deploy');
  const folder = path.join(stateroots, osname ?? '', 'deploy');
  const place = path.join(folder, `${checksum}.${serial}`);
  if (osname === undefined || /[/\0]|^\.\.?$/.test(osname) || !statSync(place, { throwIfNoEntry: false })?.isDirectory()) {
    throw new TreelineError('deployment.not-found', { subject: deploymentId });
  }
  const file = `${place}.origin`;
  const bytes = readIfThere(file);
  const damage = bytes && port.damage(bytes);
  if (bytes === undefined || damage === undefined) {
    throw new TreelineError('usage.invalid', { detail: `${file} isn’t damaged; rebase to another source instead` });
  }
  const line = isImageReference(refspec) ? imageLine(refspec) : branchLine(refspec, port.repo);
  context.message(`${file} held (${damage}): ${JSON.stringify(bytes.toString('utf8').slice(0, 4000))}`);
  atomicFile(file, `[origin]\n${line}\n`);
  // how libostree tells other programs that something changed
  utimesSync(stateroots, new Date(), new Date());
  return { changed: true, staged: false, deploymentId, checksum: checksum ?? '' };
}

const imageLine = (refspec: string): string => `container-image-reference=${originImageText(parseOriginImage(refspec))}`;

function branchLine(refspec: string, repo: RepoPort): string {
  const [, remote] = /^([^:]+):[\p{L}\p{N}_][-./\p{L}\p{N}_]*$/u.exec(refspec) ?? [];
  if (remote === undefined) throw new TreelineError('usage.invalid', { detail: `“${refspec}” isn’t REMOTE:BRANCH` });
  if (!repo.hasRemote(remote)) throw new TreelineError('origin.remote-missing', { subject: remote });
  return `refspec=${refspec}`;
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
