// SPDX-License-Identifier: LGPL-2.1-or-later
import { statfsSync } from 'node:fs';
import { errorLine, TreelineError, type ErrorCode } from '../../../../shared/errors/index.ts';
import type { UpdateDetails } from '../../../../shared/domain/index.ts';
import { KeyFile } from '../../../files/index.ts';
import type { DeployOutcome } from '../sysroot/params.ts';
import type { UpdateJobs } from './params.ts';
import type { ImportPort } from '../../base/ports/fetch.ts';
import type { CommitPort, RepoPort } from '../../base/ports/sysroot.ts';
import { versionOf, type SysrootJob } from '../sysroot/actions.ts';
import { deploy } from '../sysroot/deploy.ts';
import { damagedError } from '../sysroot/whole-commit.ts';
import { removeRolledBack, rolledBack } from '../sysroot/rolled-back.ts';
import { goesBack } from '../../base/trust/index.ts';
import { requireBootRoom } from './boot-room.ts';
import { describeUpdate, rememberLook, saveDetails } from './check.ts';
import { withFetched, type UpdateContext, fetchRepoPath } from '../source/context.ts';
import { fetchCommits, fetchedTarget, fetchRequest, type Looked } from '../source/fetched.ts';
import { WeightedProgress } from './progress.ts';
import { fetchThroughDrops } from './retry.ts';
import { parseRevision, requireNothingLost, updateSource, type Revision, type Source } from '../source/source.ts';

export type UpgradeParams = UpdateJobs['update.upgrade']['params'];

export interface UpgradeContext extends UpdateContext, SysrootJob {
  readonly importer: ImportPort;
}

/** File system blocks, temporary files, the new deployment's directories. */
const diskMarginBytes = 16 << 20;

/** Shares of the bar, about what each takes on a slow line. */
const steps = [
  { id: 'check', weight: 3 },
  { id: 'pull', weight: 62 },
  { id: 'import', weight: 15 },
  { id: 'deploy', weight: 20 },
];

/**
 * Fetch, verify, import, then stage (booted) or deploy. Kernel arguments and what Treeline doesn't know in the origin are kept. Throws
 * `update.older`, `update.rolled-back`, `update.other-branch`, `disk.*`, `repo.*`, `origin.*`. Nothing newer is a result, not an error.
 */
export async function upgrade(context: UpgradeContext, params: UpgradeParams): Promise<DeployOutcome> {
  if (!params.automatic) return replaceTree(context, params);
  try {
    return await replaceTree(context, params);
  } catch (error) {
    // a policy isn't a person: what it may not decide is left to one, and is no failure of every night
    if (!(error instanceof TreelineError) || !leftToPeople.includes(error.code)) throw error;
    context.context.message(`Skipped: ${errorLine(error.report)}`);
    return { changed: false, staged: false };
  }
}

const leftToPeople: readonly ErrorCode[] = ['update.would-lose', 'update.rolled-back'];

async function replaceTree(context: UpgradeContext, params: UpgradeParams): Promise<DeployOutcome> {
  const { sysroot } = context;
  const progress = new WeightedProgress(steps, (p) => context.context.progress(p));
  const source = updateSource(sysroot, params.osname, params.refspec);
  requireNothingLost(source);
  const revision = parseRevision(params.revision);
  progress.report('check', 0);
  const target = await resolveTarget(context, source, revision, params);
  const { checksum } = target;
  if (target.staleList)
    context.context.message(`The signed list of branches of ${source.remote} is older than ${source.ref} itself; it counts`);
  const sameSource = source.refspec === source.origin.refspec;
  const looked = !params.cacheOnly && source.remote !== '' && !context.medium && revision.kind === 'newest';
  if (checksum === source.newestChecksum && sameSource && complete(context, checksum)) {
    if (looked && checksum === source.baseChecksum) rememberLook(context, source, undefined, target);
    return nothingNew(context, source, checksum);
  }
  const details = withFetched(context, (repo) => {
    const to = repo.loadCommit(checksum);
    const described = describeUpdate(context, repo, source, to, revision.kind === 'checksum' && (params.skipBranchCheck ?? false));
    requireWanted(context, repo, source, params, to);
    return described;
  });
  progress.report('check', 1);
  saveDetails(context, details);
  if (looked) rememberLook(context, source, details.toChecksum === source.baseChecksum ? undefined : details, target);
  const take = (again?: 'again'): Promise<void> => pull(context, source, checksum, details, params, progress, again);
  const online = isOnline(context, source, params);
  if (!complete(context, checksum)) {
    try {
      await take();
    } catch (error) {
      // a damaged directory object is in the way when libostree looks for what is missing
      if (!(error instanceof TreelineError) || !maybeLocalDamage.includes(error.code)) throw error;
      await mend(context, source, checksum, online, error, take);
    }
  }
  if (source.remote !== '' && revision.kind === 'newest') sysroot.repo.setRef(source.ref, checksum, source.remote);
  const outcome = {
    changed: true,
    fromVersion: versionOf(sysroot, source.baseChecksum),
    toVersion: details.toVersion,
    checksum,
  };
  if (params.downloadOnly) {
    // a ref of its own keeps it from being pruned until it is deployed
    sysroot.repo.setRef(downloadedRef(params.osname), checksum);
    progress.report('deploy', 1);
    return { ...outcome, staged: false };
  }
  progress.report('deploy', 0);
  const stage = (): DeployOutcome =>
    deploy(context, {
      osname: params.osname,
      checksum,
      originText: originFor(source, revision, checksum),
      ...(params.lockFinalization === undefined ? {} : { lockFinalization: params.lockFinalization }),
    });
  let done: DeployOutcome;
  try {
    done = stage();
  } catch (error) {
    if (!(error instanceof TreelineError) || error.code !== 'repo.objects-damaged') throw error;
    await mend(context, source, checksum, online, error, take);
    done = stage();
  }
  removeRolledBack(context.dir, checksum);
  if (sysroot.repo.tryResolveRev(downloadedRef(params.osname)) !== undefined) sysroot.repo.setRef(downloadedRef(params.osname), null);
  progress.report('deploy', 1);
  return done;
}

const downloadedRef = (osname: string): string => `treeline/downloaded/${osname}`;

/** Without asking the server for --cache-only. */
async function resolveTarget(context: UpgradeContext, source: Source, revision: Revision, params: UpgradeParams): Promise<Looked> {
  if (params.cacheOnly) return { checksum: fetchedTarget(context, source, revision) };
  const title = `Looking for updates of ${source.refspec}`;
  return context.context.task(title, () => fetchCommits(context, source, revision));
}

function complete(context: UpgradeContext, checksum: string): boolean {
  return context.sysroot.repo.tryLoadCommit(checksum)?.state === 'normal';
}

function nothingNew(context: UpgradeContext, source: Source, checksum: string): DeployOutcome {
  const version = versionOf(context.sysroot, checksum);
  return {
    changed: false,
    staged: source.newest.staged,
    deploymentId: source.newest.id,
    fromVersion: versionOf(context.sysroot, source.baseChecksum),
    toVersion: version,
    checksum,
  };
}

function requireWanted(context: UpgradeContext, repo: RepoPort, source: Source, params: UpgradeParams, to: CommitPort): void {
  const name = to.version || to.checksum.slice(0, 12);
  const from = context.sysroot.repo.tryLoadCommit(source.newestChecksum);
  if (from && goesBack(repo, from, to) && !params.allowDowngrade && source.refspec === source.origin.refspec) {
    throw new TreelineError('update.older', { subject: name, detail: from.version });
  }
  const avoided = rolledBack(context.dir).some((entry) => entry.checksum === to.checksum);
  if (avoided && params.automatic) throw new TreelineError('update.rolled-back', { subject: name });
}

/** Pinning a revision is remembered as rpm-ostree does; following the branch again forgets it. */
function originFor(source: Source, revision: Revision, checksum: string): string {
  const origin = new KeyFile(source.newest.originText ?? '');
  const key = origin.get('origin', 'baserefspec') === undefined ? 'refspec' : 'baserefspec';
  origin.set('origin', key, source.refspec);
  if (source.refspec !== source.origin.refspec) {
    for (const stale of ['container-image-reference', 'custom-url', 'custom-description', 'unconfigured-state']) {
      origin.set('origin', stale, undefined);
    }
  }
  origin.set('origin', 'override-commit', revision.kind === 'newest' ? undefined : checksum);
  return origin.text;
}

function requireDiskSpace(context: UpgradeContext, details: UpdateDetails): void {
  if (!details.sizes?.downloadExact) return;
  const { diskBytes, downloadBytes } = details.sizes;
  const { bavail, bsize } = statfsSync(context.sysroot.path);
  const needBytes = diskBytes + downloadBytes + diskMarginBytes;
  const freeBytes = bavail * bsize;
  if (freeBytes < needBytes) {
    const mb = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
    throw new TreelineError('disk.full', {
      subject: context.sysroot.path,
      detail: `${mb(needBytes)} are needed, ${mb(freeBytes)} are free`,
      facts: { needBytes, freeBytes },
    });
  }
}

/** The content of a delta came with its commit. */
function isOnline(context: UpgradeContext, source: Source, params: UpgradeParams): boolean {
  return !params.cacheOnly && source.remote !== '' && context.medium?.kind !== 'delta';
}

/** What libostree says when it comes upon damaged objects of the sysroot, or looks for what these name. */
const maybeLocalDamage: readonly ErrorCode[] = [
  'repo.corrupt',
  'repo.garbage',
  'repo.not-found',
  'repo.revision-not-found',
  'internal.unexpected',
];

/**
 * Fetch anew what is damaged in the sysroot's repository of the commit and of what deployments share with it, once. Throws `error` when
 * nothing is, and `repo.objects-damaged` when there is no source to fetch from.
 */
async function mend(
  context: UpgradeContext,
  source: Source,
  checksum: string,
  online: boolean,
  error: TreelineError,
  take: (again: 'again') => Promise<void>,
): Promise<void> {
  const { sysroot } = context;
  const commits = [...new Set([checksum, ...sysroot.deployments().map((d) => d.checksum)])];
  const looked = commits.filter((each) => each === source.newestChecksum || (each === checksum && sysroot.repo.hasObject('commit', each)));
  const damaged = sysroot.damagedObjects(looked);
  if (damaged.length === 0) throw error;
  if (!online) throw damagedError(sysroot, checksum, damaged);
  context.context.message(
    `Damaged in ${sysroot.repo.path}, and fetched again: ${damaged.map(({ path, checksum: id }) => path || id).join(', ')}`,
  );
  const removed = sysroot.removeDamaged(damaged, commits);
  await take('again');
  removed.complete();
}

/** What fetching anew wouldn't mend. Everything else that goes wrong while importing is taken for damage of what was fetched. */
const notDamage: readonly ErrorCode[] = [
  ...(['disk.full', 'job.cancelled', 'sysroot.locked'] as const),
  ...(['repo.signature-missing', 'repo.signature-invalid', 'repo.key-missing', 'repo.key-expired'] as const),
];

/** Fetch without privileges, import with checksums verified, check that nothing is missing. */
async function pull(
  context: UpgradeContext,
  source: Source,
  checksum: string,
  details: UpdateDetails,
  params: UpgradeParams,
  progress: WeightedProgress,
  again?: 'again',
): Promise<void> {
  if (!again) requireDiskSpace(context, details);
  if (!params.cacheOnly) await requireBootRoom(context, source, checksum);
  const { sizes } = details;
  const name = details.toVersion || checksum.slice(0, 12);
  const online = isOnline(context, source, params);
  const fetch = async (clean?: 'all'): Promise<void> => {
    const more = {
      refs: online ? [checksum] : [],
      commitOnly: false,
      ...(sizes?.downloadExact ? { bytesTotal: sizes.downloadBytes, objectsTotal: sizes.downloadObjects } : {}),
      ...(clean ? { clean } : {}),
    };
    const request = fetchRequest(context.sysroot, context.dir, source, more, context.medium);
    await fetchThroughDrops(context.context, context.fetcher, request, (p) => progress.report('pull', p.fraction, p));
  };
  const take = (): void => {
    progress.report('import', 0);
    context.importer.importCommit(fetchRepoPath(context.dir), checksum, (done) =>
      progress.report('import', sizes && sizes.downloadObjects > 0 ? done / sizes.downloadObjects : 0),
    );
  };
  if (online) await context.context.task(`Fetching ${name}`, () => fetch(again && 'all'));
  try {
    context.context.task(`Importing ${name}`, take);
  } catch (error) {
    if (!(error instanceof TreelineError) || notDamage.includes(error.code)) throw error;
    // what was fetched is damaged (power loss, a bad disk): it would be in the way for ever
    await context.context.task(`Fetching ${name} again`, () => fetch('all'));
    if (!online) throw error;
    context.context.task(`Importing ${name}`, take);
  }
  if (!complete(context, checksum)) throw new TreelineError('repo.corrupt', { subject: `Version ${name}`, detail: 'objects are missing' });
  progress.report('import', 1);
}
