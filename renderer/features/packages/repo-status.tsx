// SPDX-License-Identifier: LGPL-2.1-or-later
import { CircleAlert, RefreshCw } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { PackageRepos } from '../../../shared/domain/index.ts';
import type { ErrorReport } from '../../../shared/errors/index.ts';
import { useErrorText } from '../../i18n/use-error-text.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { hostActions, useHost } from '../../model/host-store.ts';
import { Button } from '../../ui/button.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import type { RepoSearch } from './use-repo-search.ts';

/** How much of the repositories a search sees, and the way to see more: that nothing is known is never an empty list. */
export function RepoStatus({ search }: { search: RepoSearch }): ReactNode {
  const { t } = useTranslation();
  const busy = useHost(({ job, intents }) => job !== undefined || intents.length > 0);
  const refreshing = useHost(({ intents }) => intents.includes('refreshRepos'));
  const failed = useHost(({ endedJob }) => (endedJob?.method === 'RefreshMd' ? endedJob.error : undefined));
  const refused = useHost(({ refusal }) => (refusal?.intent === 'refreshRepos' ? refusal.error : undefined));
  const { repos, again } = search;
  const problem = search.error ?? search.reposError;
  const none = repos !== undefined && repos.problems.length === 0 && !repos.repos.some(({ enabled }) => enabled);
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-1 text-sm">
      <div className="min-w-0 flex-1 basis-36" role="status">
        {problem ? (
          <Problem report={problem} />
        ) : none ? (
          <p className="text-muted">{t('pkg.noRepo')}</p>
        ) : search.asked && !search.found ? (
          <Spinner label={t('pkg.searching')} />
        ) : search.found && search.found.unknown.length > 0 ? (
          search.found.unknown.map((report, index) => <Problem key={index} report={report} without />)
        ) : (
          <p className="text-muted">
            {search.found?.packages.length === 0 ? `${t('pkg.nothingInRepos')} ` : ''}
            <Age repos={repos} />
          </p>
        )}
        {refreshing || !(refused ?? failed) ? null : <Problem report={refused ?? failed} />}
      </div>
      {none ? null : (
        <Button
          look="quiet"
          isPending={refreshing}
          isDisabled={busy && !refreshing}
          icon={<RefreshCw aria-hidden className={`size-4 shrink-0 ${refreshing ? 'animate-spin' : ''}`} />}
          onPress={() => void hostActions.refreshRepos().then(again)}
        >
          {t('pkg.refresh')}
        </Button>
      )}
    </div>
  );
}

function Problem({ report, without = false }: { report: ErrorReport | undefined; without?: boolean }): ReactNode {
  const { t } = useTranslation();
  const explain = useErrorText();
  if (!report) return null;
  const { title, explanation } = explain(report);
  return (
    <p className="foreign-text flex gap-2">
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
      <span>
        {without ? t('pkg.without', { repo: report.subject ?? '', reason: title }) : [title, explanation].filter(Boolean).join(': ')}
      </span>
    </p>
  );
}

/** Of the one that was looked at longest ago. */
function Age({ repos }: { repos: PackageRepos | undefined }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const enabled = repos?.repos.filter((repo) => repo.enabled) ?? [];
  if (!repos) return null;
  const times = enabled.flatMap(({ refreshedAt }) => (refreshedAt === undefined ? [] : [refreshedAt]));
  const count = t('pkg.repos', { count: enabled.length });
  return times.length === 0 ? count : t('pkg.reposAge', { repos: count, ago: format.ago(Math.min(...times)) });
}
