// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleHelp,
  Download,
  LoaderCircle,
  Lock,
  PackageOpen,
  RotateCcw,
  type LucideIcon,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { newestDeployment, type CheckState, type Deployment, type HostSnapshot } from '../../../shared/domain/index.ts';
import { useErrorText } from '../../i18n/use-error-text.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { ErrorDetails } from '../../ui/notices/error-notice.tsx';
import { ErrorSentences } from '../../ui/notices/error-sentences.tsx';
import { JobProgress } from '../../ui/job-progress.tsx';
import { BlockedReason } from './blocked-reason.tsx';
import { OwnPackages } from './own-packages.tsx';
import { UpdateActions } from './update-actions.tsx';
import { UpdateFacts } from './update-facts.tsx';
import { bootedOf, type UpdateState } from '../../model/update-state.ts';

interface StateCardProps {
  readonly state: UpdateState;
  readonly snapshot: HostSnapshot;
}

const icons: Record<UpdateState['kind'], { icon: LucideIcon; colour: string }> = {
  working: { icon: Download, colour: 'text-accent' },
  staged: { icon: RotateCcw, colour: 'text-accent' },
  pending: { icon: RotateCcw, colour: 'text-accent' },
  checking: { icon: LoaderCircle, colour: 'text-muted' },
  available: { icon: PackageOpen, colour: 'text-accent' },
  failed: { icon: CircleAlert, colour: 'text-warn' },
  blocked: { icon: Lock, colour: 'text-warn' },
  'up-to-date': { icon: CircleCheck, colour: 'text-accent' },
  never: { icon: CircleHelp, colour: 'text-muted' },
};

/** The one thing this page says first: what is the matter, and the button that goes on from there. */
export function StateCard({ state, snapshot }: StateCardProps): ReactNode {
  const booted = bootedOf(snapshot);
  const { icon, colour } = state.kind === 'up-to-date' && (state.staleList || state.wentBack) ? icons.failed : icons[state.kind];
  const newest = newestDeployment(snapshot.deployments, snapshot.osname);
  const ours = snapshot.service.kind === 'treeline';
  const Icon = booted || state.kind === 'working' ? icon : CircleDashed;
  return (
    <section aria-labelledby="state-title" className="rounded-xl border border-line bg-surface p-5">
      <div className="flex gap-4">
        <Icon
          aria-hidden
          strokeWidth={1.75}
          className={`mt-0.5 size-7 shrink-0 ${colour} ${state.kind === 'checking' ? 'animate-spin' : ''}`}
        />
        <div className="min-w-0 flex-1 space-y-4">
          <Headline state={state} booted={booted} check={snapshot.check} problem={snapshot.problem} />
          {state.kind === 'working' ? <JobProgress job={state.job} /> : null}
          {state.kind === 'available' ? <UpdateFacts update={state.update} /> : null}
          {state.kind === 'available' && ours && newest ? <OwnPackages update={state.update} newest={newest} /> : null}
          {state.kind === 'failed' && state.check.last ? <UpdateFacts update={state.check.last} /> : null}
          <UpdateActions state={state} booted={booted} />
        </div>
      </div>
    </section>
  );
}

interface HeadlineProps {
  readonly state: UpdateState;
  readonly booted: Deployment | undefined;
  readonly check: CheckState;
  /** Said above the card already. */
  readonly problem: HostSnapshot['problem'];
}

function Headline({ state, booted, check: found, problem }: HeadlineProps): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const explain = useErrorText();
  const current = booted?.version ?? '';
  switch (state.kind) {
    case 'working':
      return <Words title={found.kind === 'available' ? t('state.workingOn', { version: found.update.version }) : t('state.working')} />;
    case 'checking':
      return <Words title={t('state.checking')} lines={[t('state.current', { version: current })]} />;
    case 'never':
      return <Words title={t('state.never')} lines={[t('state.current', { version: current })]} />;
    case 'up-to-date':
      return (
        <Words
          title={
            state.wentBack
              ? t('state.wentBack', {
                  version: state.wentBack.version || state.wentBack.checksum.slice(0, 12),
                  when: format.dateTime(state.wentBack.timestamp),
                })
              : state.staleList
                ? t('state.maybeNewer', { version: current })
                : t('state.upToDate')
          }
          lines={[
            ...(state.staleList ? [t('state.staleList')] : []),
            t('state.current', { version: current }),
            t('state.checkedAgo', { ago: format.ago(state.checkedAt) }),
          ]}
        />
      );
    case 'available': {
      const { update, superseded } = state;
      return (
        <Words
          title={t('state.available', { version: update.version })}
          arrow={[current, update.version]}
          lines={[
            t('state.published', { ago: format.ago(update.timestamp) }),
            ...(superseded ? [t('state.superseded', { version: superseded.version })] : []),
          ]}
        />
      );
    }
    case 'staged':
    case 'pending': {
      const { version, finalizationLocked } = state.deployment;
      // packages or settings of this machine alone may be new
      const other = version !== current;
      return (
        <Words
          title={t(`state.${state.kind}`, { version })}
          {...(other ? { arrow: [current, version] } : {})}
          lines={[t(other ? 'state.goBack' : 'state.goBackNow', { version: current }), ...(finalizationLocked ? [t('state.locked')] : [])]}
        />
      );
    }
    case 'blocked':
      return (
        <>
          <Words title={t('state.blocked')} lines={[t('state.current', { version: current })]} />
          <BlockedReason check={state.check} />
        </>
      );
    case 'failed': {
      const { check } = state;
      const text = explain(check.error);
      return (
        <>
          <Words
            title={check.since > 0 ? t('state.failedSince', { when: format.dateTime(check.since) }) : t('state.failedEver')}
            lines={[t('state.current', { version: current }), t('state.failedAgo', { ago: format.ago(check.failedAt) })]}
          />
          {check.error.code === problem?.code ? null : (
            <div>
              <p className="font-medium">{text.title}</p>
              <ErrorSentences text={text} />
              <ErrorDetails report={check.error} />
            </div>
          )}
          {check.last ? <p>{t('state.lastFound', { version: check.last.version })}</p> : null}
        </>
      );
    }
  }
}

function Words({ title, lines = [], arrow }: { title: string; lines?: readonly string[]; arrow?: readonly [string, string] }): ReactNode {
  const { t } = useTranslation();
  return (
    <div>
      <h2 id="state-title" className="text-lg font-semibold wrap-anywhere">
        {title}
      </h2>
      {arrow ? (
        <p className="wrap-anywhere">
          <span className="sr-only">{t('state.fromTo', { from: arrow[0], to: arrow[1] })}</span>
          <span aria-hidden>
            {arrow[0]} <span className="text-muted">→</span> <strong className="font-semibold">{arrow[1]}</strong>
          </span>
        </p>
      ) : null}
      {lines.length > 0 ? <p className="text-muted">{lines.join(' · ')}</p> : null}
    </div>
  );
}
