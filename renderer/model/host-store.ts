// SPDX-License-Identifier: LGPL-2.1-or-later
import { create } from 'zustand';
import type { HostSnapshot, JobState } from '../../shared/domain/index.ts';
import type { CommandArgs } from '../../shared/ipc/index.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';
import { call } from './bridge.ts';

/** What the person asked for and is being waited for; names a button's busy state. */
export type Intent =
  | 'check'
  | 'upgrade'
  | 'restart'
  | 'rollback'
  | 'setDefault'
  | 'pin'
  | 'undeploy'
  | 'repair'
  | 'cleanup'
  | 'cancel'
  | 'reload'
  | 'pause'
  | 'bootOnce'
  | 'deploy'
  | 'rebase'
  | 'mediaUpgrade'
  | 'fetchReview'
  | 'changePackages'
  | 'refreshRepos'
  | 'modifyRepo'
  | 'kernelArgs'
  | 'initramfs'
  | 'applyLive';

interface HostState {
  readonly snapshot: HostSnapshot | undefined;
  /** Why there is no snapshot at all: an answer that breaks the contract, as from a service of another version. */
  readonly unreadable: ErrorReport | undefined;
  /** The running job, newer than snapshot.job: job events come in between. */
  readonly job: JobState | undefined;
  /** The last job that ended while the window was open. */
  readonly endedJob: JobState | undefined;
  readonly intents: readonly Intent[];
  /** Why the last intent wasn't even started; a job's own error is in the job. */
  readonly refusal: { readonly intent: Intent; readonly error: ErrorReport } | undefined;
  /** Ids of failed jobs whose message was closed. */
  readonly dismissed: readonly string[];
}

export const isRunning = (job: JobState | undefined): job is JobState =>
  !!job && ['waiting', 'running', 'uninterruptible'].includes(job.phase);

export const useHost = create<HostState>(() => ({
  snapshot: undefined,
  unreadable: undefined,
  job: undefined,
  endedJob: undefined,
  intents: [],
  refusal: undefined,
  dismissed: [],
}));

/** A whole snapshot is the truth, except that it may have been made before an end we already heard of. */
export function takeSnapshot(snapshot: HostSnapshot): void {
  const { job, endedJob } = useHost.getState();
  let running = isRunning(snapshot.job) && snapshot.job.id !== endedJob?.id ? snapshot.job : undefined;
  if (running && job?.id === running.id && (job.progress?.fraction ?? 0) > (running.progress?.fraction ?? 0)) running = job;
  useHost.setState({ snapshot, unreadable: undefined, job: running });
}

export function takeJob(job: JobState): void {
  useHost.setState(isRunning(job) ? { job } : { job: undefined, endedJob: job });
}

/** The first snapshot, or another try at it. */
export async function loadSnapshot(): Promise<void> {
  try {
    takeSnapshot(await call('host.snapshot'));
  } catch (error) {
    useHost.setState({ unreadable: TreelineError.report(error) });
  }
}

/** Runs what a button asks for. A closed password dialog is an answer, not an error: it is dropped silently. */
async function run(intent: Intent, action: () => Promise<JobState | undefined>): Promise<JobState | undefined> {
  if (useHost.getState().intents.includes(intent)) return undefined;
  useHost.setState(({ intents }) => ({ intents: [...intents, intent], refusal: undefined }));
  try {
    const job = await action();
    if (job) takeJob(job);
    return job;
  } catch (error) {
    const report = TreelineError.report(error);
    if (report.code !== 'auth.dismissed') useHost.setState({ refusal: { intent, error: report } });
    return undefined;
  } finally {
    useHost.setState(({ intents }) => ({ intents: intents.filter((other) => other !== intent) }));
  }
}

export const hostActions = {
  check: () => run('check', () => call('host.check')),
  upgrade: (...options: CommandArgs<'host.upgrade'>) => run('upgrade', () => call('host.upgrade', ...options)),
  /** Update without these packages, and don't ask for them any more. */
  upgradeRemoving: (uninstallPackages: readonly string[]) =>
    run('upgrade', () => call('host.upgradeRemoving', { uninstallPackages: [...uninstallPackages] }, {})),
  rollback: () => run('rollback', () => call('host.rollback', {})),
  setDefault: (id: string) => run('setDefault', () => call('host.setDefault', id, {})),
  pin: (id: string, pinned: boolean) => run('pin', () => call('host.pin', id, pinned)),
  undeploy: (id: string) => run('undeploy', () => call('host.undeploy', id)),
  repair: () => run('repair', () => call('host.repair')),
  cleanup: (elements: CommandArgs<'host.cleanup'>[0] = ['base', 'repomd']) => run('cleanup', () => call('host.cleanup', elements)),
  restart: (force = false) => run('restart', () => (force ? call('host.restart', { force }) : call('host.restart'))),
  cancel: () => run('cancel', () => call('host.cancel')),
  pause: () => run('pause', () => call('host.pause')),
  bootOnce: (id: string) => run('bootOnce', () => call('host.bootOnce', id, {})),
  deploy: (revision: string) => run('deploy', () => call('host.deploy', revision, {})),
  rebase: (refspec: string, revision: string | undefined) =>
    run('rebase', () => call('remotes.rebase', refspec, revision === undefined ? {} : { revision })),
  mediaUpgrade: (path: string) => run('mediaUpgrade', () => call('media.upgrade', path, {})),
  fetchReview: () => run('fetchReview', () => call('review.fetch')),
  /** Exactly what was planned: on the base that is there. */
  changePackages: (change: CommandArgs<'packages.apply'>[0]) =>
    run('changePackages', () => call('packages.apply', change, { noPullBase: true })),
  kernelArgs: (change: CommandArgs<'host.kernelArgs'>[0]) => run('kernelArgs', () => call('host.kernelArgs', change)),
  initramfs: (change: CommandArgs<'host.initramfs'>[0]) => run('initramfs', () => call('host.initramfs', change)),
  /** What would start next, or `target`, into the running system. */
  applyLive: (change: CommandArgs<'host.applyLive'>[0]) => run('applyLive', () => call('host.applyLive', change)),
  refreshRepos: (options: CommandArgs<'packages.refresh'>[0] = { skipUnavailable: true }) =>
    run('refreshRepos', () => call('packages.refresh', options)),
  modifyRepo: (id: string, enabled: boolean) => run('modifyRepo', () => call('packages.modifyRepo', id, { enabled })),
  reload: () =>
    run('reload', async () => {
      await call('host.reload');
      await loadSnapshot();
      return undefined;
    }),
  dismissRefusal: () => useHost.setState({ refusal: undefined }),
  dismissJob: (id: string) => useHost.setState(({ dismissed }) => ({ dismissed: [...dismissed, id] })),
};
