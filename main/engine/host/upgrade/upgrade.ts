// SPDX-License-Identifier: LGPL-2.1-or-later
import { errorLine, TreelineError, type ErrorCode } from '../../../../shared/errors/index.ts';
import type { UpdateDetails } from '../../../../shared/domain/index.ts';
import { KeyFile, knownFields } from '../../../files/index.ts';
import type { DeployOutcome } from '../sysroot/params.ts';
import type { BroughtPackages, UpdateJobs } from './params.ts';
import type { ImportPort } from '../../base/ports/fetch.ts';
import type { LayerChange, LayerContent, LayerOutcome, LayerPort } from '../../base/ports/layers.ts';
import type { CommitPort, RepoPort } from '../../base/ports/sysroot.ts';
import { requireOneWay } from '../initramfs/tracked-files.ts';
import { versionOf, type SysrootJob } from '../sysroot/actions.ts';
import { deploy } from '../sysroot/deploy.ts';
import { baseChecksum } from '../sysroot/layer.ts';
import { downloadedRef, holdBase, keepLayers, releaseBase } from '../sysroot/layer-refs.ts';
import { originOf } from '../sysroot/origin.ts';
import { removeRolledBack, rolledBack } from '../sysroot/rolled-back.ts';
import { goesBack } from '../../base/trust/index.ts';
import { updateId } from '../../base/commits/image-commit.ts';
import type { ImageSink } from '../../base/ports/container.ts';
import { describeUpdate, rememberLook } from './check.ts';
import { isRolledBack, saveDetails } from './found-update.ts';
import { isBase } from './image-update.ts';
import { requireWantedImage, storedCommit, takeImage, takeImageAgain } from './take-image.ts';
import { commitOfImage, lookAtImage, type LookedImage } from '../source/look-at-image.ts';
import { requireProvenImage } from '../source/trusted-image.ts';
import { withFetched, type UpdateContext } from '../source/context.ts';
import { fetchCommits, fetchedTarget, type Looked } from '../source/fetched.ts';
import { WeightedProgress } from './progress.ts';
import { complete, isOnline, maybeLocalDamage, mend, pull } from './pull.ts';
import {
  isImage,
  isSameSource,
  parseRevision,
  requireNothingLost,
  updateSource,
  type ImageSource,
  type Revision,
  type Source,
} from '../source/source.ts';

export type UpgradeParams = UpdateJobs['update.upgrade']['params'];

export interface UpgradeContext extends UpdateContext, SysrootJob {
  readonly importer: ImportPort;
  readonly layers: LayerPort;
  /** Takes images into the sysroot's repository. */
  readonly openImageSink: () => ImageSink;
  /** Throws when a commit isn't to be deployed after all. */
  readonly beforeDeploy?: (checksum: string) => void;
}

/** Shares of the bar, about what each takes on a slow line. */
const steps = [
  { id: 'check', weight: 3 },
  { id: 'pull', weight: 62 },
  { id: 'import', weight: 15 },
  { id: 'layer', weight: 30 },
  { id: 'deploy', weight: 20 },
];

/**
 * Fetch, verify, import, then stage (booted) or deploy. Kernel arguments and what Treeline doesn't know in the origin are kept. Throws
 * `update.older`, `update.rolled-back`, `update.other-branch`, `disk.*`, `repo.*`, `origin.*`. Nothing newer is a result, not an error.
 */
export async function upgrade(context: UpgradeContext, params: UpgradeParams): Promise<DeployOutcome> {
  try {
    return await replaceTree(context, params);
  } catch (error) {
    if (params.dryRun) releaseBase(context.sysroot);
    else if (params.noPullBase) letGoOfAttempt(context, error);
    if (!params.automatic) throw error;
    // a policy isn't a person: what it may not decide is left to one, and is no failure of every night
    if (!(error instanceof TreelineError) || !leftToPeople.includes(error.code)) throw error;
    context.context.message(`Skipped: ${errorLine(error.report)}`);
    return { changed: false, staged: false };
  }
}

/** Of what was to come onto the base that is here nothing stays; what has arrived of a new one does, for the next attempt. */
function letGoOfAttempt({ sysroot, context }: UpgradeContext, error: unknown): void {
  if (keepLayers(sysroot) && error instanceof TreelineError && error.code === 'disk.full')
    context.task('Removing what nothing uses any more', () => sysroot.cleanup());
}

const leftToPeople: readonly ErrorCode[] = ['update.would-lose', 'update.rolled-back', 'layer.blocks-update'];

async function replaceTree(context: UpgradeContext, params: UpgradeParams): Promise<DeployOutcome> {
  const { sysroot, layers } = context;
  const progress = new WeightedProgress(steps, (p) => context.context.progress(p));
  const source = updateSource(sysroot, params.osname, params.refspec);
  const revision = parseRevision(params.revision);
  // to tell what another base would be like, it would have to be fetched
  if (params.dryRun && !params.noPullBase) throw new TreelineError('not-supported', { subject: 'A dry run of an update' });
  // what is asked wrongly is said before anything is fetched
  const change = { ...changeOf(params), ...(await keepBrought(context, params.brought)) };
  const wished = layers.change(source.newest.originText ?? '', change);
  // what is dropped by the change itself can't be lost
  requireNothingLost({ newest: source.newest, origin: originOf({ ...source.newest, originText: wished }, () => true) });
  const sameRequests = wished === layers.change(source.newest.originText ?? '', {});
  progress.report('check', 0);
  const target = params.noPullBase ? { checksum: source.newestChecksum } : await resolveTarget(context, source, revision, params);
  const { checksum } = target;
  if (target.staleList)
    context.context.message(`The signed list of branches of ${source.remote} is older than ${source.ref} itself; it counts`);
  const sameSource = isSameSource(source);
  const sameBase = checksum === source.newestChecksum && sameSource && complete(context, checksum);
  const looked = !params.noPullBase && isOnline(context, source, params) && !context.medium && revision.kind === 'newest';
  if (sameBase && looked && checksum === source.baseChecksum) rememberLook(context, source, undefined, target);
  if (sameBase && sameRequests && !layers.wanted(wished)) return nothingNew(context, source, checksum);
  if (sameBase && params.automatic) requirePackagesWanted(context, checksum);
  const base: NewBase = sameBase
    ? unchanged(context, checksum)
    : isImage(source)
      ? await takeImageBase(context, source, target, looked, params, progress)
      : await takeBase(context, source, revision, target, looked, params, progress);
  return await putTogether(context, source, { ...params, change }, { base, revision, wished, sameRequests, sameBase }, progress);
}

interface Parts {
  readonly base: NewBase;
  readonly revision: Revision;
  /** The newest deployment's origin with what is asked for. */
  readonly wished: string;
  readonly sameRequests: boolean;
  readonly sameBase: boolean;
}

/** What comes onto the base, and the deployment. */
async function putTogether(
  context: UpgradeContext,
  source: Source,
  params: UpgradeParams & { readonly change: LayerChange },
  { base, revision, wished, sameRequests, sameBase }: Parts,
  progress: WeightedProgress,
): Promise<DeployOutcome> {
  const { sysroot, layers } = context;
  const { change } = params;
  const { checksum } = base;
  const originText = params.noPullBase ? wished : layers.change(originFor(source, revision, checksum, params.customOrigin), change);
  const layer = layers.wanted(originText)
    ? await makeLayer(context, source, checksum, base.version, originText, params, change, progress)
    : undefined;
  const same = sameBase && sameRequests && layer?.checksum === source.newest.checksum;
  const outcome = {
    changed: true,
    fromVersion: versionOf(sysroot, source.baseChecksum),
    toVersion: base.version,
    checksum: layer?.checksum || checksum,
    ...(layer ? { layer: contentOf(layer) } : {}),
  };
  // a ref of its own keeps it from being pruned until it is deployed
  if (params.downloadOnly && !params.dryRun) sysroot.repo.setRef(downloadedRef(params.osname), checksum);
  if (params.dryRun || params.downloadOnly || same) releaseBase(sysroot);
  if (params.dryRun) return { ...outcome, staged: false };
  if (params.downloadOnly) {
    progress.report('deploy', 1);
    return { ...outcome, staged: false };
  }
  if (same) return nothingNew(context, source, outcome.checksum);
  context.beforeDeploy?.(outcome.checksum);
  progress.report('deploy', 0);
  const stage = (): DeployOutcome =>
    deploy(context, {
      osname: params.osname,
      checksum: outcome.checksum,
      originText: layer ? layers.settle(originText, layer) : originText,
      ...(params.lockFinalization === undefined ? {} : { lockFinalization: params.lockFinalization }),
    });
  let done: DeployOutcome;
  try {
    done = stage();
  } catch (error) {
    if (!(error instanceof TreelineError) || error.code !== 'repo.objects-damaged') throw error;
    const take = (again?: 'again'): Promise<void> =>
      isImage(source)
        ? takeImageAgain(context, source, updateId(sysroot.repo.loadCommit(checksum)), progress)
        : pull(context, source, checksum, base.details, params, progress, again);
    await mend(context, source, checksum, isOnline(context, source, params), error, take);
    done = stage();
  }
  for (const taken of new Set([checksum, updateId(sysroot.repo.loadCommit(checksum)), outcome.checksum]))
    removeRolledBack(context.dir, taken);
  if (sysroot.repo.tryResolveRev(downloadedRef(params.osname)) !== undefined) sysroot.repo.setRef(downloadedRef(params.osname), null);
  progress.report('deploy', 1);
  return layer ? { ...done, layer: contentOf(layer) } : done;
}

/** Package files become packages that the repository holds, which is what an origin can ask for. */
async function keepBrought({ layers, context }: UpgradeContext, brought: BroughtPackages = {}): Promise<LayerChange> {
  const { install = [], installForced = [], replace = [] } = brought;
  const files = [...install, ...installForced, ...replace];
  if (files.length === 0) return {};
  const kept = await context.task('Importing package files', () => layers.keep(files, context));
  const forcedFrom = install.length;
  const replaceFrom = forcedFrom + installForced.length;
  return {
    installLocal: kept.slice(0, forcedFrom),
    installLocalForced: kept.slice(forcedFrom, replaceFrom),
    overrideReplaceLocal: kept.slice(replaceFrom),
  };
}

/** Modifiers, and the options that are meant with them. */
function changeOf(params: UpgradeParams): LayerChange {
  const { change, noLayering, noOverrides, noInitramfs, idempotentLayering, withoutPackages } = params;
  const options = { noLayering, noOverrides, noInitramfs, idempotent: idempotentLayering, setAside: withoutPackages };
  return { ...change, ...knownFields(options) };
}

/** What the base to come is called, and what is to be fetched of it. */
interface NewBase {
  readonly checksum: string;
  readonly version: string;
  readonly details: Pick<UpdateDetails, 'toVersion' | 'sizes'>;
}

function unchanged(context: UpgradeContext, checksum: string): NewBase {
  const version = versionOf(context.sysroot, checksum);
  return { checksum, version, details: { toVersion: version } };
}

/** Look at a base that isn't the one of the newest deployment, and fetch what is missing of it. */
async function takeBase(
  context: UpgradeContext,
  source: Source,
  revision: Revision,
  target: Looked,
  looked: boolean,
  params: UpgradeParams,
  progress: WeightedProgress,
): Promise<NewBase> {
  const { checksum } = target;
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
  if (!complete(context, checksum)) {
    try {
      await take();
    } catch (error) {
      // a damaged directory object is in the way when libostree looks for what is missing
      if (!(error instanceof TreelineError) || !maybeLocalDamage.includes(error.code)) throw error;
      await mend(context, source, checksum, isOnline(context, source, params), error, take);
    }
  }
  if (source.remote !== '' && revision.kind === 'newest') context.sysroot.repo.setRef(source.ref, checksum, source.remote);
  return { checksum, version: details.toVersion, details };
}

/** As takeBase, of a system that follows an image. */
async function takeImageBase(
  context: UpgradeContext,
  source: ImageSource,
  { checksum, image }: Target,
  looked: boolean,
  params: UpgradeParams,
  progress: WeightedProgress,
): Promise<NewBase> {
  progress.report('check', 1);
  // --cache-only: what an earlier download left
  if (!image) {
    requireProvenImage(context.sysroot.repo, source, context.sysroot.repo.loadCommit(checksum), context.gpg);
    return unchanged(context, checksum);
  }
  requireWantedImage(context, source, image, params);
  const { details } = image;
  saveDetails(context, details);
  if (looked) rememberLook(context, source, isBase(context, source, details.toChecksum) ? undefined : details, {});
  let commit = checksum;
  const take = async (again?: 'again'): Promise<void> => {
    commit = await takeImage(context, source, image, progress, again);
  };
  try {
    await take();
  } catch (error) {
    if (!(error instanceof TreelineError) || !maybeLocalDamage.includes(error.code)) throw error;
    await mend(context, source, checksum, true, error, take);
  }
  return { checksum: commit, version: details.toVersion, details };
}

/** The tree of the base and what the origin asks for on top of it. */
async function makeLayer(
  context: UpgradeContext,
  source: Source,
  base: string,
  version: string,
  originText: string,
  params: UpgradeParams,
  change: LayerChange,
  progress: WeightedProgress,
): Promise<LayerOutcome> {
  progress.report('layer', 0);
  requireOneWay(new KeyFile(originText));
  // until it is deployed nothing else keeps it; after a failure a new one stays, for the next attempt, until something else is deployed
  holdBase(context.sysroot, base);
  const { osname, cacheOnly, downloadOnly, dryRun, recommends, enablerepo, disablerepo, releasever } = params;
  const local = [...(change.installLocal ?? []), ...(change.installLocalForced ?? [])].map(({ nevra }) => nevra);
  const request = {
    ...{ osname, base, version, originText, current: source.newest.checksum },
    ...{ newRequests: [...(change.install ?? []), ...local], allowInactive: params.allowInactiveRequests ?? false },
  };
  const options = knownFields({ cacheOnly, downloadOnly, dryRun, recommends, enablerepo, disablerepo, releasever });
  const made = await context.layers.make({ ...request, ...options }, context.context, (done, more) => progress.report('layer', done, more));
  const asked = new Set([
    ...(change.overrideRemove ?? []),
    ...(change.overrideReplaceLocal ?? []).map(({ nevra }) => nevra),
    ...(change.overrideReplace ?? []).flatMap(({ packages }) => packages),
  ]);
  for (const { spec, by } of made.idle) {
    // whoever asks for it now is told; later another base may have it
    if (asked.has(spec) && by === undefined) throw new TreelineError('layer.not-in-base', { subject: spec });
    if (asked.has(spec)) throw new TreelineError('layer.inactive', { subject: spec, detail: by });
    context.context.message(`Inactive override: ${spec} (the base ${by === undefined ? 'doesn’t have it' : `has ${by} itself`})`);
  }
  for (const spec of made.setAside) context.context.message(`Left out, because it doesn’t fit: ${spec} (it stays requested)`);
  for (const { spec, by } of made.inactive) context.context.message(`Inactive request: ${spec} (already provided by ${by})`);
  return made;
}

export const contentOf = ({ added, replaced, inactive, setAside }: LayerOutcome): LayerContent => ({ added, replaced, inactive, setAside });

/** Without asking the server for --cache-only. */
async function resolveTarget(context: UpgradeContext, source: Source, revision: Revision, params: UpgradeParams): Promise<Target> {
  if (isImage(source)) return await resolveImage(context, source, revision, params);
  if (params.cacheOnly) return { checksum: fetchedTarget(context, source, revision) };
  const title = `Looking for updates of ${source.refspec}`;
  return context.context.task(title, () => fetchCommits(context, source, revision));
}

async function resolveImage(context: UpgradeContext, source: ImageSource, revision: Revision, params: UpgradeParams): Promise<Target> {
  const { sysroot } = context;
  if (params.cacheOnly) return { checksum: storedCommit(sysroot, source, revision) };
  const title = `Looking for updates of ${source.refspec}`;
  const image = await context.context.task(title, () => lookAtImage(context, source, revision));
  const { toChecksum } = image.details;
  return { checksum: commitOfImage(sysroot, toChecksum) ?? toChecksum, image };
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

/** What a look found; an image that isn't here is called by its digest's digits until it is. */
interface Target extends Looked {
  readonly image?: LookedImage;
}

function requireWanted(context: UpgradeContext, repo: RepoPort, source: Source, params: UpgradeParams, to: CommitPort): void {
  const name = to.version || to.checksum.slice(0, 12);
  const from = context.sysroot.repo.tryLoadCommit(source.newestChecksum);
  if (from && goesBack(repo, from, to) && !params.allowDowngrade && isSameSource(source)) {
    throw new TreelineError('update.older', { subject: name, detail: from.version });
  }
  if (params.automatic && isRolledBack(context, to.checksum)) throw new TreelineError('update.rolled-back', { subject: name });
}

/** Somebody left packages on this very base by a rollback: a policy waits for another base, or for a person. */
function requirePackagesWanted({ sysroot, dir }: UpgradeContext, base: string): void {
  const left = rolledBack(dir).find(({ checksum }) => checksum !== base && baseChecksum(sysroot.repo, checksum) === base);
  if (left) throw new TreelineError('update.rolled-back', { subject: `the packages on ${left.version || base.slice(0, 12)}` });
}

/**
 * The origin of what comes from a source. Pinning a revision is remembered as rpm-ostree does; following the branch again forgets it. An image's origin stays as it is:
 * rpm-ostree refuses `override-commit` there.
 */
export function originFor(source: Source, revision: Revision, checksum: string, custom?: UpgradeParams['customOrigin']): string {
  const origin = new KeyFile(source.newest.originText ?? '');
  const put = (key: string, value: string | undefined): void => origin.set('origin', key, value);
  if (!isSameSource(source)) {
    for (const stale of ['container-image-reference', 'custom-url', 'custom-description', 'unconfigured-state']) put(stale, undefined);
    if (isImage(source)) {
      for (const branch of ['refspec', 'baserefspec']) put(branch, undefined);
      put('container-image-reference', source.refspec);
    }
  }
  if (!isImage(source)) put(origin.get('origin', 'baserefspec') === undefined ? 'refspec' : 'baserefspec', source.refspec);
  if (custom) {
    put('custom-url', custom.url);
    put('custom-description', custom.description || undefined);
  }
  put('override-commit', revision.kind === 'newest' || isImage(source) ? undefined : checksum);
  return origin.text;
}
