// SPDX-License-Identifier: LGPL-2.1-or-later
import { PackageSearch, RefreshCw } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobState, PackageRepo, PackageRepos } from '../../../shared/domain/index.ts';
import { call } from '../../model/bridge.ts';
import { hostActions, useHost } from '../../model/host-store.ts';
import { passedOver, repoState } from '../../model/repo-state.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Notice } from '../../ui/notice.tsx';
import { ErrorNotice, RefusalNotice } from '../../ui/notices/error-notice.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { RepoFileProblem } from './repo-file-problem.tsx';
import { RepoKeysDialog } from './repo-keys-dialog.tsx';
import { RepoRow } from './repo-row.tsx';
import { useKeptFocus } from './use-kept-focus.ts';

/** Those of the past, and one that has ended since they were told. */
const endedJobs = (past: readonly JobState[], last: JobState | undefined): readonly JobState[] => (last ? [last, ...past] : past);

/** The package repositories: which are used, what is known of them, whose keys are trusted. */
export function PackageReposPanel({ pastJobs }: { pastJobs: readonly JobState[] }): ReactNode {
  const { t } = useTranslation();
  const { title, onFocus } = useKeptFocus('repos');
  const { value, error, reload } = useLoad('repos', () => call('packages.repos'));
  const [failed, setFailed] = useState<JobState>();
  const [skipping, setSkipping] = useState<{ readonly startedAt: number; readonly seen: PackageRepos | undefined }>();
  const [switching, setSwitching] = useState<{ readonly id: string; readonly enabled: boolean }>();
  const [looking, setLooking] = useState<PackageRepo>();
  const endedJob = useHost((host) => host.endedJob);
  const refreshing = useHost(({ intents }) => intents.includes('refreshRepos'));
  const busy = useHost(({ job, intents }) => job !== undefined || intents.length > 0);
  const endedId = endedJob?.id;
  // also what others did
  useEffect(() => {
    if (endedId !== undefined) reload();
  }, [endedId, reload]);

  const ended = (job: JobState | undefined): void => {
    if (job?.phase === 'failed' && job.error?.code !== 'auth.dismissed') setFailed(job);
  };
  const refresh = async (skipUnavailable: boolean): Promise<void> => {
    setFailed(undefined);
    setSkipping(undefined);
    const job = await hostActions.refreshRepos({ force: true, skipUnavailable });
    if (skipUnavailable && job?.phase === 'succeeded') setSkipping({ startedAt: job.startedAt, seen: value });
    ended(job);
  };
  const use = async (id: string, enabled: boolean): Promise<void> => {
    setFailed(undefined);
    setSwitching({ id, enabled });
    ended(await hostActions.modifyRepo(id, enabled));
    setSwitching(undefined);
  };

  const repos = value?.repos ?? [];
  const enabled = repos.some((repo) => repo.enabled);
  // the list from before doesn't know what was reached
  const skipped = skipping && value !== skipping.seen ? passedOver(repos, skipping.startedAt) : [];
  const jobs = endedJobs(pastJobs, endedJob);
  return (
    <section aria-labelledby="repos-title" onFocus={onFocus} className="space-y-3 pt-4">
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1 basis-60">
          <h2 id="repos-title" ref={title} tabIndex={-1} className="text-lg font-semibold">
            {t('repos.title')}
          </h2>
          <p className="max-w-prose text-muted">{t('repos.hint')}</p>
        </div>
        {enabled ? (
          <Button
            isPending={refreshing}
            isDisabled={busy && !refreshing}
            icon={<RefreshCw aria-hidden className={`size-4 shrink-0 ${refreshing ? 'animate-spin' : ''}`} />}
            onPress={() => void refresh(false)}
          >
            {t('pkg.refresh')}
          </Button>
        ) : null}
      </div>
      <RefusalNotice intents={['refreshRepos', 'modifyRepo']} />
      {failed?.error ? (
        <ErrorNotice report={failed.error} job={failed} onClose={() => setFailed(undefined)}>
          {failed.method === 'RefreshMd' && failed.error.code === 'rpmmd.unreachable' ? (
            <Button isDisabled={busy} onPress={() => void refresh(true)}>
              {t('repos.others')}
            </Button>
          ) : null}
        </ErrorNotice>
      ) : null}
      {skipped.length > 0 ? (
        <Notice tone="warn" title={<span className="foreign-text">{t('repos.passedOver', { names: skipped.join(', ') })}</span>}>
          <p>{t('repos.passedOverText')}</p>
        </Notice>
      ) : null}
      {error ? (
        <ErrorNotice report={error}>
          <Button onPress={reload}>{t('action.tryAgain')}</Button>
        </ErrorNotice>
      ) : value ? (
        <>
          {value.problems.map((problem, index) => (
            <RepoFileProblem key={index} report={problem} />
          ))}
          {repos.length > 0 ? (
            <>
              {enabled ? null : <Notice tone="info" title={t('pkg.noRepo')} />}
              <ul aria-label={t('repos.title')} className="divide-y divide-line rounded-xl border border-line bg-surface">
                {repos.map((repo) => (
                  <RepoRow
                    key={repo.id}
                    repo={repo}
                    state={repoState(repo, jobs)}
                    enabled={switching?.id === repo.id ? switching.enabled : repo.enabled}
                    pending={switching?.id === repo.id}
                    busy={busy}
                    onUse={(on) => void use(repo.id, on)}
                    onLook={() => setLooking(repo)}
                  />
                ))}
              </ul>
            </>
          ) : value.problems.length > 0 ? null : (
            <Empty icon={PackageSearch} title={t('repos.empty')}>
              <p>{t('repos.emptyHint')}</p>
            </Empty>
          )}
        </>
      ) : (
        <Spinner label={t('repos.loading')} />
      )}
      {looking ? <RepoKeysDialog repo={looking} onClose={() => setLooking(undefined)} onTrusted={reload} /> : null}
    </section>
  );
}
