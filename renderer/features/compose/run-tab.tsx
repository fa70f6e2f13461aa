// SPDX-License-Identifier: LGPL-2.1-or-later
import { CircleCheck, Equal, Hammer, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { ComposeResult, JobState } from '../../../shared/domain/index.ts';
import type { OpenTreefile } from '../../../shared/ipc/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { composeActions, isChanged, isStale, runningJob, useCompose } from '../../model/compose-store.ts';
import { useHost } from '../../model/host-store.ts';
import { goTo } from '../../model/route-store.ts';
import { Bar } from '../../ui/bar.tsx';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { amountText } from '../../model/job-text.ts';
import { jobReportText } from '../../model/report.ts';
import { RunLog } from './run-log.tsx';
import { Stages } from './stages.tsx';

const icon = 'size-4 shrink-0';

/** Makes the tree and publishes it: what will happen, what happens, what came of it. */
export function RunTab({ file, showReleases }: { file: OpenTreefile; showReleases: () => void }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const busy = useCompose((compose) => compose.busy);
  const job = useCompose((compose) => (compose.job?.method === 'compose.tree' ? compose.job : undefined));
  const running = useCompose((compose) => runningJob(compose)?.method === 'compose.tree');
  const result = useCompose((compose) => compose.result);
  const ability = useCompose((compose) => compose.start?.ability);
  const changed = useCompose(isChanged);
  const problems = useCompose((compose) => (compose.check?.problems.length ?? 0) > 0);
  const blocked = !file.target || file.target.state === 'missing' || problems || ability?.kind === 'none';
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-4">
      {ability?.kind === 'none' ? (
        <Notice tone="warn" title={t('compose.abilityNone')}>
          <p>{t('compose.abilityNoneText')}</p>
          <p className="foreign-text text-muted">{ability.detail}</p>
        </Notice>
      ) : null}
      {ability?.kind === 'single' ? (
        <Notice tone="info" title={t('compose.abilitySingle')}>
          <p>{t('compose.abilitySingleText')}</p>
        </Notice>
      ) : null}
      <section aria-labelledby="run-title" className="space-y-4 rounded-xl border border-line bg-surface p-5">
        {running && job ? (
          <Running job={job} />
        ) : result ? (
          <Result result={result} file={file} showReleases={showReleases} />
        ) : (
          <Before file={file} />
        )}
        {running ? (
          <Button isDisabled={job?.phase === 'uninterruptible'} icon={<X aria-hidden className={icon} />} onPress={composeActions.cancel}>
            {t('action.cancel')}
          </Button>
        ) : (
          <div className="space-y-2">
            <Button
              look={result ? 'plain' : 'primary'}
              isDisabled={blocked || busy !== undefined}
              icon={<Hammer aria-hidden className={icon} />}
              onPress={() => void composeActions.compose()}
            >
              {t(changed ? 'compose.saveAndRun' : result ? 'compose.runAgain' : 'compose.run')}
            </Button>
            {problems ? <p className="text-sm text-muted">{t('compose.blockedByProblems')}</p> : null}
            {!file.target ? <p className="text-sm text-muted">{t('compose.blockedByTarget')}</p> : null}
          </div>
        )}
      </section>
      {job?.phase === 'cancelled' ? <p role="status">{t('compose.cancelled')}</p> : null}
      {job && job.messages.length > 0 ? (
        <RunLog messages={job.messages}>
          <CopyButton label={t('action.copyReport')} text={() => jobReportText(job, undefined)} />
        </RunLog>
      ) : null}
      {job?.endedAt !== undefined && job.messages.length === 0 && job.phase === 'succeeded' ? (
        <p className="text-sm text-muted">{t('activity.took', { time: format.duration(Math.max(1, job.endedAt - job.startedAt)) })}</p>
      ) : null}
    </div>
  );
}

const title = 'text-lg font-semibold';

function Before({ file }: { file: OpenTreefile }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const plan = useCompose((compose) => compose.plan);
  const stale = useCompose(isStale);
  const ref = useCompose((compose) => compose.check?.ref);
  const known = plan && !stale ? plan : undefined;
  return (
    <div className="space-y-1">
      <h2 id="run-title" className={`${title} wrap-anywhere`}>
        {known?.version ? t('compose.runVersion', { version: known.version }) : t('compose.runTitle')}
      </h2>
      <p className="text-muted">{t('compose.runText')}</p>
      {ref && file.target ? <p className="foreign-text text-muted">{t('compose.runInto', { ref, repo: file.target.path })}</p> : null}
      {known?.unchanged ? <p className="text-muted">{t('compose.unchangedHint')}</p> : null}
      {known && known.downloadBytes > 0 ? (
        <p className="text-muted">{t('compose.toDownload', { size: format.bytes(known.downloadBytes) })}</p>
      ) : null}
    </div>
  );
}

function Running({ job }: { job: JobState }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const { progress } = job;
  const fraction = progress?.fraction;
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4">
        <h2 id="run-title" className={title}>
          {t('compose.composing')}
        </h2>
        {fraction === undefined ? null : <p className="tabular-nums">{format.percent(fraction)}</p>}
      </div>
      <Bar label={t('compose.composing')} fraction={fraction} valueText={fraction === undefined ? undefined : format.percent(fraction)} />
      <Stages job={job} />
      <p className="min-h-5 text-sm text-muted tabular-nums">{progress ? amountText(t, format, progress) : ''}</p>
    </div>
  );
}

function Result({ result, file, showReleases }: { result: ComposeResult; file: OpenTreefile; showReleases: () => void }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const follows = useHost(({ snapshot }) =>
    snapshot?.deployments.some((deployment) => deployment.booted && deployment.origin.ref === result.ref),
  );
  const Icon = result.changed ? CircleCheck : Equal;
  const version = result.version || result.checksum.slice(0, 12);
  return (
    <div className="space-y-3">
      <h2 id="run-title" className={`${title} flex items-center gap-2 wrap-anywhere`}>
        <Icon aria-hidden className="size-5 shrink-0 text-accent" />
        {t(result.changed ? 'compose.done' : 'compose.unchangedResult', { version })}
      </h2>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 max-sm:grid-cols-1 max-sm:gap-y-0">
        {(
          [
            [t('compose.factVersion'), result.version],
            [t('compose.branch'), result.ref],
            [t('compose.factCommit'), result.checksum],
            [t('compose.factRepository'), file.target?.path ?? ''],
            [t('tabs.packages'), format.count(result.packageCount)],
          ] as const
        )
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="text-muted">{name}</dt>
              <dd className={`foreign-text ${value === result.checksum ? 'font-mono text-sm' : ''}`}>{value}</dd>
            </div>
          ))}
      </dl>
      <div className="flex flex-wrap gap-2">
        <Button look="primary" onPress={showReleases}>
          {t('compose.showReleases')}
        </Button>
        <CopyButton label={t('compose.copyChecksum')} text={() => result.checksum} />
        {follows ? <Button onPress={() => goTo('history')}>{t('action.openHistory')}</Button> : null}
      </div>
    </div>
  );
}
