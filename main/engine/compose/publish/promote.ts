// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import {
  buildReleaseChanges,
  changesKey,
  changesOf,
  extendHistory,
  historyKey,
  mergeReleases,
  packagesOfPkglist,
  packHistory,
  packReleaseChanges,
} from '../../base/diff/index.ts';
import type { ReleaseChanges } from '../../../../shared/domain/index.ts';
import type { PublishRepo } from '../../base/ports/publish.ts';
import type { CommitPort } from '../../base/ports/sysroot.ts';
import { releasesBetween } from '../../base/commits/chain.ts';
import { revisionIn } from '../../base/commits/ancestors.ts';
import { signsAnything } from './signing.ts';
import { summarySigning, type SummaryParams } from './summary.ts';

export interface PromoteParams extends SummaryParams {
  /** Branch or checksum of what was tested. */
  readonly from: string;
  /** Branch that gets it. */
  readonly to: string;
}

export interface PromoteOutcome {
  readonly changed: boolean;
  readonly checksum: string;
  readonly version: string;
  /** What the branch pointed at before; '' for a new branch. */
  readonly before: string;
  /** A new commit object was needed, because the other is bound to its branch. Its files are the same. */
  readonly rebound: boolean;
}

const bindingKey = 'ostree.ref-binding';
/** In a rebound commit: the commit it was made of. */
const sourceKey = 'treeline.promoted-from';

/**
 * Give a branch the commit of another one. The commit stays the same where it may; one that is bound to other branches
 * (`ostree.ref-binding`, which pulls check) gets a sister with the same files, bound to the new branch, whose parent is what that branch had.
 */
export function promote(repo: PublishRepo, params: PromoteParams): PromoteOutcome {
  repo.requireWritable();
  const signing = summarySigning(repo, params);
  const commit = repo.repo.loadCommit(revisionIn(repo.repo, params.from));
  if (commit.state !== 'normal')
    throw new TreelineError('repo.corrupt', { subject: params.from, detail: `${repo.path} holds only a part of it` });
  const { to } = params;
  if (!/^[\w][-.\w]*(\/[\w][-.\w]*)*$/.test(to))
    throw new TreelineError('usage.invalid', { subject: to, detail: `“${to}” can’t be a branch` });
  const before = repo.repo.listRefs().get(to) ?? '';
  const tip = before === '' ? undefined : repo.repo.tryLoadCommit(before);
  const binding = commit.value(bindingKey, 'as');
  const fits = binding === undefined || binding.includes(to);
  const outcome = { version: commit.version, before, rebound: !fits };
  if (before === commit.checksum || (tip && !fits && isSister(tip, commit)))
    return { ...outcome, changed: false, checksum: before, rebound: false };
  let checksum = commit.checksum;
  if (fits) {
    repo.sign(checksum, signing);
    repo.repo.setRef(to, checksum);
  } else {
    const signed = ['ostree.gpgsigs', 'ostree.sign.ed25519'].some((key) => repo.repo.detachedSignatures(checksum, key).length > 0);
    if (signed && !signsAnything(signing) && !params.unsigned)
      throw new TreelineError('repo.binding', { subject: checksum.slice(0, 12), detail: binding.join(', ') });
    checksum = repo.rebind(checksum, { parent: before, ref: to, signing, metadata: metadataOf(repo, commit, tip, to) });
  }
  repo.writeSummary(signing);
  return { ...outcome, changed: true, checksum };
}

const isSister = (tip: CommitPort, commit: CommitPort): boolean => tip.value(sourceKey, 's') === commit.checksum;

/** What the sister says differently: its branch, where it comes from, and what changed against the branch's commit before. */
function metadataOf(repo: PublishRepo, commit: CommitPort, tip: CommitPort | undefined, to: string): Map<string, unknown> {
  const metadata = new Map<string, unknown>([
    [bindingKey, repo.variant('as', [to])],
    [sourceKey, repo.variant('s', commit.checksum)],
  ]);
  const own = changesOf(commit);
  if (!own) return metadata;
  metadata.set(changesKey, repo.variant('ay', packReleaseChanges(tip ? changesSince(repo, commit, own, tip) : firstRelease(own))));
  const history = tip ? extendHistory(tip) : [];
  metadata.set(historyKey, repo.variant('ay', packHistory(history)));
  return metadata;
}

function firstRelease({ parent: _, parentVersion: __, ...own }: ReleaseChanges): ReleaseChanges {
  return { ...own, packages: [], advisories: [], installedSizeDeltaBytes: 0 };
}

/** The net of all that was released on the other branch since; where its history doesn't lead back, names and versions only. */
function changesSince(repo: PublishRepo, commit: CommitPort, own: ReleaseChanges, tip: CommitPort): ReleaseChanges {
  const base = tip.value(sourceKey, 's') ?? tip.checksum;
  const { releases, complete } = releasesBetween(repo.repo, base, commit.checksum);
  const told = releases.flatMap((r) => (r.changes ? [r.changes] : []));
  const parent = { parent: tip.checksum, parentVersion: tip.version };
  if (complete && told.length === releases.length) {
    const { installedSizeDeltaBytes: _, ...rest } = own;
    return { ...rest, ...parent, ...mergeReleases([...told].reverse()) };
  }
  const packages = (of: CommitPort): ReturnType<typeof packagesOfPkglist> =>
    packagesOfPkglist(of.value('rpmostree.rpmdb.pkglist', 'a(sssss)') ?? []);
  const plain = buildReleaseChanges({
    ...parent,
    version: commit.version,
    timeSeconds: commit.timestamp,
    from: packages(tip),
    to: packages(commit),
    advisories: own.advisories,
  });
  const before = changesOf(tip)?.installedSizeBytes;
  return {
    ...plain,
    installedSizeBytes: own.installedSizeBytes,
    ...(before === undefined ? {} : { installedSizeDeltaBytes: own.installedSizeBytes - before }),
  };
}
