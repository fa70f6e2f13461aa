// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { CommitPort, RepoPort } from '../../base/ports/sysroot.ts';
import { demandsAny, demandsOf, requireProven } from '../../base/trust/index.ts';
import type { GpgVerify } from '../../base/trust/signatures.ts';
import { imageKeys } from '../../base/commits/image-commit.ts';
import { parseConfig } from '../../images/oci.ts';
import type { ImageSource } from './source.ts';

/** Before an image is asked for: that who is to judge it can. Throws `source.image-unproven` where an OSTree remote's keys are to, and it demands none. */
export function requireJudge(repo: RepoPort, { image, refspec }: ImageSource): void {
  const { verification } = image;
  if (typeof verification === 'string') return;
  if (!repo.hasRemote(verification.remote)) throw new TreelineError('origin.remote-missing', { subject: verification.remote });
  if (!demandsAny(demandsOf(repo, verification.remote).commit))
    throw new TreelineError('source.image-unproven', { subject: verification.remote, detail: refspec });
}

/** Before it is deployed: where an OSTree remote's keys judge, the commit in the image is signed by them, and its tree is the image's. `commit` stands for the image. */
export function requireProvenImage(repo: RepoPort, { image, refspec }: ImageSource, commit: CommitPort, gpg: GpgVerify): void {
  const { verification } = image;
  if (typeof verification === 'string') return;
  const config = parseConfig(Buffer.from(commit.value(imageKeys.config, 's') ?? ''), refspec);
  const inner = repo.loadCommit(config.config?.Labels?.['ostree.commit'] ?? '');
  const subject = `Commit ${inner.checksum.slice(0, 12)} of ${refspec}`;
  requireProven(repo, repo, inner, { remote: verification.remote, ref: '', anyBranch: true }, gpg, subject);
  if (inner.rootDirtree !== commit.rootDirtree || inner.rootDirmeta !== commit.rootDirmeta)
    throw new TreelineError('repo.corrupt', { subject: refspec, detail: 'its tree isn’t that of the commit in it' });
}
