// SPDX-License-Identifier: LGPL-2.1-or-later
import type { AvailableUpdate, CheckState, UpdateDetails, UpdateSizes } from '../../../../shared/domain/index.ts';
import { lossesOf, newestDeployment } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { updateId } from '../../base/commits/image-commit.ts';
import type { CommitPort, RepoPort, SysrootPort } from '../../base/ports/sysroot.ts';
import { originOf } from '../sysroot/origin.ts';
import { baseChecksum } from '../sysroot/layer.ts';
import { requireIntact } from '../../base/trust/signatures.ts';
import { readJson, tryWriteJson, writeJson } from '../sysroot/state-dir.ts';
import { goesBack, requireProven } from '../../base/trust/index.ts';
import { buildDetails } from './details.ts';
import { isRolledBack, savedDetails, saveDetails, summarize } from './found-update.ts';
import { checkImage, knownByCommit } from './image-update.ts';
import { fetchCommits, knownTarget, type Looked } from '../source/fetched.ts';
import { fetchRepoPath, withFetched, type UpdateContext } from '../source/context.ts';
import { checkFile, updateTarget, type CheckFile, isCheckFile } from '../source/last-check.ts';
import { updateSizes } from '../source/sizes.ts';
import { isImage, parseRevision, requireNothingLost, updateSource, type Source } from '../source/source.ts';

/** Describe a fetched commit against the base, once it has proven what requireProven demands. `anyBranch`: see Claim. */
export function describeUpdate(context: UpdateContext, repo: RepoPort, source: Source, to: CommitPort, anyBranch = false): UpdateDetails {
  const { sysroot } = context;
  const subject = to.version ? `Version ${to.version}` : `Commit ${to.checksum.slice(0, 12)}`;
  const { remote, ref } = source;
  const signatures = requireProven(sysroot.repo, repo, to, { remote, ref, anyBranch }, context.gpg, subject);
  const from = sysroot.repo.tryLoadCommit(source.baseChecksum);
  const places = { sysroot: sysroot.path, fetchRepo: fetchRepoPath(context.dir) };
  const details = buildDetails(repo, from, to, (delta) => updateSizes(repo, from, to, places, delta), signatures);
  for (const { checksum, version } of details.releases) {
    const commit = repo.tryLoadCommit(checksum);
    if (commit) requireIntact(commit, `Version ${version}`);
  }
  return details;
}

/**
 * Ask the server. Never throws for what the server, the network or the signatures are to blame for: that is the state 'failed', which
 * keeps what an earlier check had found. The state is written for `cachedCheck`.
 */
export async function check(context: UpdateContext, osname: string): Promise<CheckState> {
  const blocked = blockedState(context.sysroot, osname);
  if (blocked) return blocked;
  const before = readJson(checkFile(context.dir), isCheckFile);
  let state: CheckState;
  let base = '';
  try {
    const source = updateSource(context.sysroot, osname);
    base = source.baseChecksum;
    state = isImage(source) ? await checkImage(context, source) : await checkBranch(context, source);
  } catch (error) {
    if (error instanceof TreelineError && ['job.cancelled', 'deployment.not-found'].includes(error.code)) throw error;
    const earlier = before?.state;
    const last = earlier?.kind === 'available' ? earlier.update : earlier?.kind === 'failed' ? earlier.last : undefined;
    state = {
      kind: 'failed',
      failedAt: context.now,
      since:
        !earlier || earlier.kind === 'never' || earlier.kind === 'blocked'
          ? 0
          : earlier.kind === 'failed'
            ? earlier.since
            : (earlier.checkedAt ?? 0),
      error: TreelineError.report(error),
      ...(last ? { last } : {}),
    };
    base = before?.base ?? base;
  }
  writeJson(checkFile(context.dir), { format: 1, base, state } satisfies CheckFile);
  return state;
}

async function checkBranch(context: UpdateContext, source: Source): Promise<CheckState> {
  const looked = await fetchCommits(context, source, { kind: 'newest' });
  return withFetched(context, (repo) => found(context, repo, source, looked));
}

function found(context: UpdateContext, repo: RepoPort, source: Source, { checksum, staleList }: Looked): CheckState {
  const upToDate: CheckState = { kind: 'up-to-date', checkedAt: context.now, ...(staleList ? { staleList } : {}) };
  if (checksum === source.baseChecksum) return upToDate;
  const to = repo.loadCommit(checksum);
  const details = describeUpdate(context, repo, source, to);
  const { version, timestamp } = to;
  if (goneBack(context, repo, source, to)) return { ...upToDate, wentBack: { checksum, version, timestamp } };
  saveDetails(context, details);
  return { kind: 'available', checkedAt: context.now, update: summarize(context, source, details) };
}

/** Whether the source offers something older than what is booted, or than what the next start leads to. */
export function goneBack(context: UpdateContext, repo: RepoPort, source: Source, to: CommitPort): boolean {
  return [source.baseChecksum, source.newestChecksum].some((checksum) => {
    const from = context.sysroot.repo.tryLoadCommit(checksum);
    return from !== undefined && goesBack(repo, from, to);
  });
}

/**
 * An upgrade has asked the server, too: what an earlier check had to say (that it couldn't be reached, say) is over. `details`: what lies between
 * the base and the branch's newest commit, undefined when that is the base itself.
 */
export function rememberLook(
  context: UpdateContext,
  source: Source,
  details: UpdateDetails | undefined,
  { staleList }: Pick<Looked, 'staleList'>,
): void {
  const state: CheckState = details
    ? { kind: 'available', checkedAt: context.now, update: summarize(context, source, details) }
    : { kind: 'up-to-date', checkedAt: context.now, ...(staleList ? { staleList } : {}) };
  tryWriteJson(checkFile(context.dir), { format: 1, base: source.baseChecksum, state } satisfies CheckFile);
}

/** That no update can be taken is known without asking anybody, and never kept: it ends with its cause. */
function blockedState(sysroot: SysrootPort, osname: string): CheckState | undefined {
  const newest = newestDeployment(sysroot.deployments(), osname);
  if (!newest) return undefined;
  const origin = originOf(newest, (name) => sysroot.repo.hasRemote(name));
  try {
    requireNothingLost({ newest, origin });
    return undefined;
  } catch (error) {
    return { kind: 'blocked', losses: lossesOf(origin), error: TreelineError.report(error) };
  }
}

/** What the last check found, relative to what is booted now. Reads files only. */
export function cachedCheck(context: UpdateContext, osname: string): CheckState {
  const blocked = blockedState(context.sysroot, osname);
  if (blocked) return blocked;
  const file = readJson(checkFile(context.dir), isCheckFile);
  if (!file) return { kind: 'never' };
  const { state } = file;
  const told = state.kind === 'available' ? state.update : state.kind === 'failed' ? state.last : undefined;
  if (!told) return state.kind === 'up-to-date' ? stillBack(context, osname, state) : state;
  const found = knownByCommit(context, told);
  let update: AvailableUpdate | undefined;
  try {
    const source = updateSource(context.sysroot, osname);
    update = found.checksum === source.baseChecksum ? undefined : refresh(context, source, found, file.base);
  } catch {
    update = found;
  }
  if (state.kind === 'failed') {
    const { last: _, ...rest } = state;
    return update ? { ...rest, last: update } : rest;
  }
  const checkedAt = (state.kind === 'available' ? state.checkedAt : undefined) ?? 0;
  return update ? { kind: 'available', checkedAt, update } : { kind: 'up-to-date', checkedAt };
}

/** That the source went back is over once what it offers is what is here. */
function stillBack(context: UpdateContext, osname: string, state: Extract<CheckState, { kind: 'up-to-date' }>): CheckState {
  const { wentBack, ...rest } = state;
  if (!wentBack) return state;
  const here = context.sysroot.deployments().find((d) => d.osname === osname && !d.staged);
  const commit = here && context.sysroot.repo.tryLoadCommit(baseChecksum(context.sysroot.repo, here.checksum));
  return commit && updateId(commit) === wentBack.checksum ? rest : state;
}

function refresh(context: UpdateContext, source: Source, update: AvailableUpdate, base: string): AvailableUpdate | undefined {
  const rolledBackFrom = isRolledBack(context, update.checksum);
  const from = context.sysroot.repo.tryLoadCommit(source.baseChecksum);
  if (from && from.timestamp > 0 && update.timestamp > 0 && update.timestamp < from.timestamp) return undefined;
  if (base === source.baseChecksum) {
    const here = context.sysroot.repo.tryLoadCommit(update.checksum)?.state === 'normal';
    const sizes =
      here && update.sizes ? { ...update.sizes, downloadBytes: 0, downloadObjects: 0, downloadExact: true, diskBytes: 0 } : update.sizes;
    return { ...update, sizes, rolledBackFrom };
  }
  if (isImage(source)) {
    // what it changes against another base its registry would have to tell
    const { counts: _, security: __, ...rest } = update;
    return { ...rest, rolledBackFrom };
  }
  return withFetched(context, (repo) => {
    const to = repo.tryLoadCommit(update.checksum);
    return to ? summarize(context, source, describeUpdate(context, repo, source, to)) : { ...update, rolledBackFrom };
  });
}

const pickDelta = (sizes: UpdateSizes | undefined): Pick<UpdateSizes, 'installedDeltaBytes'> =>
  sizes?.installedDeltaBytes === undefined ? {} : { installedDeltaBytes: sizes.installedDeltaBytes };

/**
 * Details of `checksum`, else of the pending deployment, else of the update the last check found; always against the booted one.
 * Throws `update.none`.
 */
export function updateDetails(context: UpdateContext, osname: string, checksum?: string): UpdateDetails {
  const source = updateSource(context.sysroot, osname);
  const wanted = updateTarget(context, source, checksum);
  const saved = savedDetails(context.dir);
  const isSaved = saved?.fromChecksum === source.baseChecksum && knownByCommit(context, { checksum: saved.toChecksum }).checksum === wanted;
  const known = saved && isSaved ? { ...saved, toChecksum: wanted } : undefined;
  return withFetched(context, (repo) => {
    const revision = parseRevision(wanted);
    const to = repo.tryLoadCommit(revision.kind === 'checksum' ? wanted : knownTarget(repo, source, revision));
    if (!to) {
      if (known) return known;
      throw new TreelineError('repo.revision-not-found', { subject: wanted, facts: { repo: source.refspec } });
    }
    const built = describeUpdate(context, repo, source, to, true);
    return known && rank(built) < rank(known)
      ? { ...known, ...(built.sizes ? { sizes: { ...built.sizes, ...pickDelta(known.sizes) } } : {}) }
      : built;
  });
}

/** How much details tell. */
const rank = ({ source }: UpdateDetails): number =>
  ['none', 'layers', 'rechunk', 'pkglist', 'sbom', 'rpmdb', 'treeline.changes'].indexOf(source);
