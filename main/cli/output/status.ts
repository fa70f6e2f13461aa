// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  baseOf,
  clockDoubt,
  followedBy,
  imageDigest,
  isImageReference,
  timeText,
  type AvailableUpdate,
  type CheckState,
  type Deployment,
  type HostSnapshot,
  type PackageChange,
  type Signature,
  type UpdateDetails,
} from '../../../shared/domain/index.ts';
import { errorLine } from '../../../shared/errors/index.ts';
import { sizeText } from './progress.ts';
import { pendingUpdate, plainMeta } from './status-json.ts';

const labelWidth = 26;

export interface StatusView {
  readonly verbose: boolean;
  readonly advisories: boolean;
  readonly deployments: readonly Deployment[];
}

/** What `treeline status` prints, as lines. */
export function statusLines(snapshot: HostSnapshot, details: UpdateDetails | undefined, view: StatusView): string[] {
  const lines = [`State: ${snapshot.job ? 'busy' : 'idle'}`];
  if (snapshot.job) {
    lines.push(`Transaction: ${snapshot.job.title}`, `  Initiator: ${snapshot.job.owner}`);
    if (snapshot.job.progress)
      lines.push(`   Progress: ${Math.floor(snapshot.job.progress.fraction * 100)}% ${snapshot.job.progress.step}`);
  }
  if (snapshot.updateDriver) lines.push(`AutomaticUpdatesDriver: ${snapshot.updateDriver}`);
  else if (snapshot.automaticUpdatePolicy && snapshot.automaticUpdatePolicy !== 'none') {
    lines.push(`AutomaticUpdates: ${snapshot.automaticUpdatePolicy}; ${checkText(snapshot.check)}`);
  }
  if (snapshot.problem) lines.push(`Warning: ${errorLine(snapshot.problem)}`);
  if (snapshot.finalizeFailure) lines.push(`Warning: the staged deployment didn’t take: ${snapshot.finalizeFailure.text}`);
  lines.push('Deployments:');
  view.deployments.forEach((deployment, index) => {
    if (index > 0) lines.push('');
    lines.push(...deploymentLines(deployment, view.verbose));
  });
  const update = pendingUpdate(snapshot.check);
  if (snapshot.check.kind === 'blocked') lines.push('', `No updates: ${errorLine(snapshot.check.error)}`);
  if (snapshot.check.kind === 'failed') lines.push('', `Could not check for updates: ${errorLine(snapshot.check.error)}`);
  if (update && !snapshot.deployments.some((deployment) => baseOf(deployment).checksum === update.checksum)) {
    lines.push('', 'AvailableUpdate:');
    lines.push(
      label('Version', `${update.version} (${dateText(update.timestamp)})`),
      isImageReference(update.refspec) ? label('Image', update.refspec) : label('Commit', update.checksum),
    );
    lines.push(label('Download', downloadText(update)));
    for (const line of update.signatures ? signatureTexts(update.signatures) : ['unknown']) lines.push(label('GPGSignature', line));
    if (!update.security) lines.push(label('SecAdvisories', 'unknown'));
    else if (update.security.count > 0) lines.push(label('SecAdvisories', `${update.security.count}, worst: ${update.security.worst}`));
    if (view.advisories && details) {
      for (const advisory of details.advisories) lines.push(label('', `${advisory.id}  ${advisory.severity}  ${advisory.title}`));
    }
    lines.push(label('Diff', update.counts ? countsText(update.counts) : 'unknown'));
    if (view.verbose && details) lines.push(...changeLines(details.packages));
  }
  return lines;
}

/** The three states of a check, which never mix. */
export function checkText(check: CheckState): string {
  switch (check.kind) {
    case 'never':
      return 'never checked';
    case 'up-to-date':
      return check.wentBack
        ? `the source went back to ${check.wentBack.version || check.wentBack.checksum.slice(0, 12)} of ${dateText(check.wentBack.timestamp)}, checked ${dateText(check.checkedAt)}`
        : `${check.staleList ? 'nothing newer in the signed list of branches, which is older than the branch' : 'up to date'}, checked ${dateText(check.checkedAt)}`;
    case 'available':
      return check.checkedAt === undefined ? 'update available' : `update available, checked ${dateText(check.checkedAt)}`;
    case 'blocked':
      return 'updates are blocked';
    case 'failed':
      return check.since > 0 ? `could not check since ${dateText(check.since)}` : 'could not check so far';
  }
}

/** What isn't told is said to be unknown: nothing is no size. */
function downloadText({ sizes }: AvailableUpdate): string {
  if (!sizes || (!sizes.downloadExact && sizes.downloadBytes === 0)) return 'unknown';
  return `${sizes.downloadExact ? '' : 'about '}${sizeText(sizes.downloadBytes)}`;
}

function deploymentLines(deployment: Deployment, verbose: boolean): string[] {
  const { origin } = deployment;
  const lines = [`${deployment.booted ? '●' : ' '} ${followedBy(origin) || '(no origin)'}`];
  const add = (name: string, value: string): void => void lines.push(label(name, value));
  if (origin.problem) add('OriginProblem', [origin.problem, origin.problemDetail].filter(Boolean).join(': '));
  if (origin.problem === 'unreadable') add('', `repair it: treeline repair-origin ${deployment.id} REMOTE:BRANCH`);
  const base = baseOf(deployment);
  if (base.version) add('Version', `${base.version} (${dateText(base.timestamp)})`);
  else add('Timestamp', dateText(base.timestamp));
  const digest = origin.containerImageReference === undefined ? undefined : imageDigest(deployment);
  if (digest !== undefined) add('Digest', digest);
  if (deployment.layer) add('BaseCommit', base.checksum);
  if (!deployment.layer || verbose) add('Commit', deployment.checksum);
  if (!deployment.commitPresent) add('Damaged', 'the commit object is missing');
  for (const line of signatureTexts(deployment.signatures)) add('GPGSignature', line);
  for (const [name, values] of layeringRows(deployment)) if (values.length > 0) add(name, values.join(' '));
  if (deployment.staged) add('Staged', deployment.finalizationLocked ? 'yes (finalization locked)' : 'yes');
  if (deployment.pinned) add('Pinned', 'yes');
  if (deployment.unlocked !== 'none') add('Unlocked', deployment.unlocked);
  if (deployment.live) {
    const { commit, inProgress, packages } = deployment.live;
    if (inProgress !== undefined) add('InterruptedLiveCommit', inProgress);
    if (commit !== undefined) add('LiveCommit', commit);
    if (commit !== undefined) add('LiveDiff', packages ? countsText(countsOf(packages)) : 'unknown');
    if (verbose && packages) lines.push(...changeLines(packages));
  }
  if (verbose) {
    add('StateRoot', deployment.osname);
    add('Index', String(deployment.index));
    add('KernelArgs', deployment.kernelArgs?.join(' ') ?? 'unknown');
  }
  return lines;
}

/** rpm-ostree's names of what is layered, and what of it the tree doesn't hold. */
function layeringRows({ origin: { layering }, layer }: Deployment): [string, readonly string[]][] {
  const inactive = layering.packages.filter((each) => !layer?.packages.includes(each));
  const pairs = replacedPairs(layer);
  const replaced = new Set(pairs.map(({ nevra }) => nevra));
  const local = pairs.flatMap(({ repo, text }) => (repo === undefined ? [text] : []));
  const remote = pairs.flatMap(({ repo, text }) => (repo === undefined ? [] : [`${text} (${repo})`]));
  // of a repository's the tree says only the names
  const isDone = (name: string): boolean => pairs.some((pair) => pair.repo !== undefined && name.startsWith(pair.name));
  const idle = [
    ...layering.localReplacements.filter((nevra) => !replaced.has(nevra)),
    ...layering.replacements.filter((each) => !each.split(',').slice(1).every(isDone)),
  ];
  return [
    ['RemovedBasePackages', layering.removals],
    ['LocalOverrides', local],
    ['RemoteOverrides', remote],
    ['LayeredPackages', layer?.packages ?? []],
    ['InactiveRequests', inactive],
    ['InactiveOverrides', idle],
    ['LocalPackages', layering.localPackages],
    ['LocalForcedPackages', layering.localFileoverrides],
    ['EnabledModules', layering.modules],
    ['Initramfs', layering.regenerateInitramfs ? [layering.initramfsArgs.join(' ') || 'regenerate'] : []],
    ['InitramfsEtc', layering.initramfsEtc],
    ['Cliwrap', layering.cliwrap ? ['yes'] : []],
    ['UnknownRequests', layering.unknown],
  ];
}

interface ReplacedPair {
  readonly name: string;
  readonly nevra: string;
  /** `NAME OLD -> NEW` */
  readonly text: string;
  /** Missing: somebody brought it. */
  readonly repo?: string;
}

/** What stands in the place of packages of the base, as the layer's commit says it: rows of NEVRA, name, epoch, version, release, architecture. */
function replacedPairs(layer: Deployment['layer']): ReplacedPair[] {
  const value = (key: string): unknown => plainMeta(layer?.meta[`rpmostree.${key}`]);
  const rows = (list: unknown): unknown[][] => (Array.isArray(list) ? list.filter((row): row is unknown[] => Array.isArray(row)) : []);
  const pairsOf = (list: unknown, repo?: string): ReplacedPair[] =>
    rows(list).flatMap((pair) => {
      const [after, before] = rows(pair);
      if (!after || !before) return [];
      const evr = ([, , epoch, version, release]: unknown[]): string =>
        `${Number(epoch) > 0 ? `${String(epoch)}:` : ''}${String(version)}-${String(release)}`;
      const [nevra, name] = after.map(String);
      return [
        { name: name ?? '', nevra: nevra ?? '', text: `${name} ${evr(before)} -> ${evr(after)}`, ...(repo === undefined ? {} : { repo }) },
      ];
    });
  const remote = value('replaced-base-remote-packages');
  const bySource = typeof remote === 'object' && remote !== null ? Object.entries(remote) : [];
  return [...pairsOf(value('replaced-base-packages')), ...bySource.flatMap(([repo, list]) => pairsOf(list, repo))];
}

const label = (name: string, value: string): string => `${name ? `${name}:` : ''}`.padStart(labelWidth) + ` ${value}`;

/** ISO in UTC, whatever the locale: other programs read it (field report 5). */
export function dateText(seconds: number): string {
  return timeText(seconds);
}

function signatureTexts(signatures: readonly Signature[]): string[] {
  return signatures.map((signature) => {
    const who = signature.userName || signature.keyId || signature.fingerprint;
    if (signature.valid) return `Valid ${signature.type} signature by ${who}`;
    const doubt = clockDoubt(signature, Math.floor(Date.now() / 1000));
    if (doubt)
      return `Unknown ${signature.type} signature by ${who}: of ${dateText(signature.timeSeconds ?? 0)}, this machine’s clock may be wrong`;
    const why = signature.keyMissing
      ? 'key not trusted here'
      : signature.keyExpired
        ? 'key expired'
        : signature.keyRevoked
          ? 'key revoked'
          : 'invalid';
    return `Bad ${signature.type} signature by ${who}: ${why}`;
  });
}

function countsOf(packages: readonly PackageChange[]): Record<PackageChange['kind'], number> {
  const counts = { upgraded: 0, downgraded: 0, removed: 0, added: 0 };
  for (const { kind } of packages) counts[kind]++;
  return counts;
}

function countsText(counts: Readonly<Record<PackageChange['kind'], number>>): string {
  const parts = (['upgraded', 'downgraded', 'removed', 'added'] as const).filter((kind) => counts[kind] > 0);
  return parts.length > 0 ? parts.map((kind) => `${counts[kind]} ${kind}`).join(', ') : 'no package changes';
}

/** Package changes grouped by kind, one line each. */
export function changeLines(changes: readonly PackageChange[]): string[] {
  const lines: string[] = [];
  for (const kind of ['upgraded', 'downgraded', 'removed', 'added'] as const) {
    const group = changes.filter((change) => change.kind === kind);
    if (group.length === 0) continue;
    lines.push(`${kind[0]?.toUpperCase()}${kind.slice(1)}:`);
    for (const { name, from, to, arch } of group) {
      const evr = (pkg: typeof from): string => (pkg ? `${pkg.epoch ? `${pkg.epoch}:` : ''}${pkg.version}-${pkg.release}` : '');
      lines.push(from && to ? `  ${name} ${evr(from)} -> ${evr(to)}` : `  ${name}-${evr(from ?? to)}.${arch}`);
    }
  }
  return lines;
}
