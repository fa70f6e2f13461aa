// SPDX-License-Identifier: LGPL-2.1-or-later
import { argChanges, newestDeployment, type PackageChange } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { diffPackages } from '../../base/diff/index.ts';
import { TreeReader, type DirRef } from '../../base/commits/tree-reader.ts';
import type { LivePort } from '../../base/ports/live.ts';
import type { CommitPort, RawDeployment } from '../../base/ports/sysroot.ts';
import type { SysrootJob } from '../sysroot/actions.ts';
import { kernelArgsOf } from '../sysroot/deployments.ts';
import { liveState, type LiveState } from '../sysroot/live-state.ts';
import { readLocalTree } from '../review/etc-local.ts';
import { difference, type Step } from './difference.ts';
import { planEtc, type EtcPlan } from './etc-plan.ts';
import type { LiveOutcome, LiveParams } from './params.ts';

export interface LiveContext extends SysrootJob {
  readonly live: Pick<LivePort, 'packages'>;
}

export interface LivePlan {
  readonly booted: RawDeployment;
  readonly state: LiveState | undefined;
  readonly target: string;
  /** Back to what was started. */
  readonly reset: boolean;
  readonly steps: readonly Step[];
  readonly etc: EtcPlan;
  readonly outcome: LiveOutcome;
}

/**
 * What changing the running system to another commit takes; nothing is changed. Throws `live.not-booted`, `live.nothing-pending`, `live.unlocked`,
 * `live.interrupted`, `live.would-replace`, `repo.revision-not-found`, `repo.corrupt`.
 */
export function planLive(context: LiveContext, params: LiveParams): LivePlan {
  const { sysroot } = context;
  const booted = sysroot.deployments().find((each) => each.booted);
  if (!booted || booted.osname !== params.osname) throw new TreelineError('live.not-booted', { subject: params.osname });
  const state = liveState(sysroot, booted);
  const target = targetOf(context, booted, params.target);
  const reset = target === booted.checksum;
  requireUsable(context, booted, state, target);
  const reader = new TreeReader(sysroot.repo, sysroot.repo, context.objects);
  const commit = (checksum: string): CommitPort => sysroot.repo.loadCommit(checksum);
  const usr = (checksum: string): DirRef => usrOf(reader, commit(checksum));
  // what was interrupted is between all of these
  const sources = [state?.commit ?? booted.checksum, ...(state?.inProgress === undefined ? [] : [state.inProgress, booted.checksum])];
  const all = difference(reader, [...new Set(sources)].map(usr), usr(target), 'usr');
  const [steps, kept] = withoutRunningModules(reader, commit(booted.checksum), all);
  const etc = etcOf(context, reader, steps, sources, state?.etc ?? []);
  const packages = packageChanges(context, sources[0] ?? target, target);
  if (!params.allowReplacement && !reset) requireOnlyAdded(packages, steps);
  const outcome: LiveOutcome = {
    changed: steps.length > 0 || state?.inProgress !== undefined || (reset ? state !== undefined : target !== sources[0]),
    staged: false,
    checksum: target,
    fromVersion: commit(booted.checksum).version,
    toVersion: commit(target).version,
    subject: reset ? 'reset' : (subjectOf(packages) ?? target.slice(0, 12)),
    ...(packages ? { packages } : {}),
    files: {
      added: steps.filter(({ was, does }) => was === 'nothing' && does !== 'remove').length,
      changed: steps.filter(({ was, does }) => was !== 'nothing' && does !== 'remove').length,
      removed: steps.filter(({ does }) => does === 'remove').length,
    },
    etc: [...etc.put.keys()].map((name) => `/etc/${name}`).sort(),
    afterRestart: [...kernelParts(context, reader, booted, target), ...kept, ...etc.waits.map((name) => `/etc/${name}`)],
  };
  return { booted, state, target, reset, steps, etc, outcome };
}

function targetOf({ sysroot }: LiveContext, booted: RawDeployment, wanted: string | undefined): string {
  if (wanted) return sysroot.repo.resolveRev(wanted);
  const next = newestDeployment(sysroot.deployments(), booted.osname);
  if (!next || next.id === booted.id) throw new TreelineError('live.nothing-pending', { subject: booted.osname });
  return next.checksum;
}

function requireUsable({ sysroot }: LiveContext, booted: RawDeployment, state: LiveState | undefined, target: string): void {
  // hotfixes stay over restarts: what is applied there wouldn't be gone afterwards
  if (!['none', 'transient', 'development'].includes(booted.unlocked))
    throw new TreelineError('live.unlocked', { subject: booted.id, detail: booted.unlocked });
  const commit = sysroot.repo.loadCommit(target);
  if (commit.state !== 'normal') throw new TreelineError('repo.corrupt', { subject: target, detail: 'not here as a whole' });
  const { inProgress } = state ?? {};
  if (inProgress !== undefined && ![inProgress, booted.checksum].includes(target))
    throw new TreelineError('live.interrupted', { subject: sysroot.repo.tryLoadCommit(inProgress)?.version || inProgress.slice(0, 12) });
}

function usrOf(reader: TreeReader, commit: CommitPort): DirRef {
  const usr = reader.find(commit, ['usr']);
  if (!usr) throw new TreelineError('repo.corrupt', { subject: commit.checksum, detail: 'it holds no /usr' });
  return usr;
}

/** The kernel that runs loads modules as long as it runs: its directory stays, whatever the target has. */
function withoutRunningModules(reader: TreeReader, booted: CommitPort, steps: readonly Step[]): [steps: Step[], kept: string[]] {
  const modules = reader.find(booted, ['usr', 'lib', 'modules']);
  const own = new Set(modules ? reader.directory(modules.tree).dirs.keys() : []);
  const keeps = ({ path, does }: Step): boolean => {
    const release = /^usr\/lib\/modules\/([^/]+)/.exec(path)?.[1];
    return does === 'remove' && release !== undefined && own.has(release);
  };
  return [steps.filter((step) => !keeps(step)), steps.filter(keeps).map(({ path }) => `/${path}`)];
}

/** Parts of the target that are read at the start only. */
function kernelParts({ sysroot }: LiveContext, reader: TreeReader, booted: RawDeployment, target: string): string[] {
  const inModules = (checksum: string, file: string): string => {
    const modules = reader.find(sysroot.repo.loadCommit(checksum), ['usr', 'lib', 'modules']);
    return [...(modules ? reader.directory(modules.tree).dirs.values() : [])]
      .map(({ tree }) => reader.directory(tree).files.get(file))
      .join();
  };
  const differs = (file: string): boolean => inModules(booted.checksum, file) !== inModules(target, file);
  const next = sysroot.deployments().find(({ checksum }) => checksum === target);
  const args = next && argChanges(rawArgs(booted), rawArgs(next));
  return [
    ...(differs('vmlinuz') ? ['kernel'] : []),
    ...(differs('initramfs.img') ? ['initramfs'] : []),
    ...(args ? ['kernel arguments'] : []),
  ];
}

const rawArgs = (raw: RawDeployment): string[] => kernelArgsOf(raw).map(({ raw: text }) => text);

function etcOf(
  { sysroot }: LiveContext,
  reader: TreeReader,
  steps: readonly Step[],
  sources: readonly string[],
  ours: readonly string[],
): EtcPlan {
  if (ours.length === 0 && !steps.some(({ path }) => path.startsWith('usr/etc/'))) return { put: new Map(), remove: [], waits: [] };
  const known = sources.map((checksum) => reader.find(sysroot.repo.loadCommit(checksum), ['usr', 'etc']));
  return planEtc(reader, steps, readLocalTree('/etc'), known, ours);
}

function packageChanges({ live }: LiveContext, from: string, to: string): readonly PackageChange[] | undefined {
  const [before, after] = [live.packages(from), live.packages(to)];
  return before && after ? diffPackages(before, after) : undefined;
}

/** Without packages the files tell. */
function requireOnlyAdded(packages: readonly PackageChange[] | undefined, steps: readonly Step[]): void {
  const replaced = packages
    ? packages.filter(({ kind }) => kind !== 'added').map(({ name }) => name)
    : steps.filter(({ was }) => was !== 'nothing').map(({ path }) => `/${path}`);
  if (replaced.length > 0) throw new TreelineError('live.would-replace', { subject: few(replaced) });
}

function subjectOf(packages: readonly PackageChange[] | undefined): string | undefined {
  const signs = { added: '+', removed: '-', upgraded: '↑', downgraded: '↓' } as const;
  return packages && packages.length > 0 ? packages.map(({ kind, name }) => `${signs[kind]}${name}`).join(' ') : undefined;
}

/** Names for a sentence. */
export function few(names: readonly string[], most = 5): string {
  const more = names.length - most;
  return `${names.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
