// SPDX-License-Identifier: LGPL-2.1-or-later
import { HardDrive } from 'lucide-react';
import { useState, type KeyboardEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Deployment, HostSnapshot } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { hostActions, useHost } from '../../model/host-store.ts';
import { useHistory } from '../../model/history-store.ts';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/empty.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { bootedOf } from '../../model/update-state.ts';
import { ActionDialog, type Asked } from './action-dialog.tsx';
import { DeploymentRow } from './deployment-row.tsx';

interface DeploymentListProps {
  readonly snapshot: HostSnapshot;
  readonly onCompare: (from: string, to: string) => void;
}

/** The deployments, the one that starts next on top. */
export function DeploymentList({ snapshot, onCompare }: DeploymentListProps): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const [asked, setAsked] = useState<Asked>();
  /** The row that Tab goes to. */
  const [at, setAt] = useState(0);
  const diskUse = useHistory((history) => history.diskUse);
  const { job, endedJob, dismissed } = useHost();
  const booted = bootedOf(snapshot);
  const failed = endedJob?.phase === 'failed' && !dismissed.includes(endedJob.id) ? endedJob : undefined;
  const canTreeline = snapshot.service.kind === 'treeline';
  const { deployments } = snapshot;
  if (deployments.length === 0) return <Empty icon={HardDrive} title={t('history.empty')} />;
  return (
    <div className="space-y-4">
      {failed?.error ? <ErrorNotice report={failed.error} job={failed} onClose={() => hostActions.dismissJob(failed.id)} /> : null}
      <ol
        aria-label={t('history.versions')}
        className="divide-y divide-line rounded-xl border border-line bg-surface"
        onKeyDown={(event) => moveInList(event)}
      >
        {deployments.map((deployment, index) => (
          <li
            key={deployment.id}
            tabIndex={index === Math.min(at, deployments.length - 1) ? 0 : -1}
            onFocus={() => setAt(index)}
            className="-outline-offset-2 first:rounded-t-xl last:rounded-b-xl"
          >
            <DeploymentRow
              deployment={deployment}
              next={index === 0 && !deployment.booted}
              booted={booted}
              disk={diskUse?.deployments.find((use) => use.id === deployment.id)}
              busy={job !== undefined}
              canTreeline={canTreeline}
              onAsk={(action) => setAsked({ action, deployment })}
              onCompare={(other: Deployment) => onCompare(other.id, deployment.id)}
            />
          </li>
        ))}
      </ol>
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p className="text-sm text-muted">
          {diskUse
            ? t(diskUse.repoBytes === undefined ? 'history.diskFree' : 'history.disk', {
                repo: diskUse.repoBytes === undefined ? '' : format.bytes(diskUse.repoBytes),
                free: format.bytes(diskUse.freeBytes),
                bootFree: format.bytes(diskUse.bootFreeBytes),
              })
            : ''}
        </p>
        <Button isDisabled={job !== undefined} onPress={() => void hostActions.cleanup()}>
          {t('action.cleanup')}
        </Button>
      </div>
      <ActionDialog
        asked={asked}
        booted={booted}
        canTreeline={canTreeline}
        staged={deployments.find((each) => each.staged)}
        freed={asked ? diskUse?.deployments.find((use) => use.id === asked.deployment.id) : undefined}
        onClose={() => setAsked(undefined)}
      />
    </div>
  );
}

/** Up and down, first and last; Enter opens the details. What is inside of a row keeps its own keys. */
function moveInList(event: KeyboardEvent<HTMLOListElement>): void {
  const row = event.target;
  if (!(row instanceof HTMLElement) || row.parentElement !== event.currentTarget) return;
  const rows = [...event.currentTarget.children].filter((each) => each instanceof HTMLElement);
  const last = rows.length - 1;
  const index = rows.indexOf(row);
  const goals: Partial<Record<string, number>> = {
    ArrowDown: Math.min(index + 1, last),
    ArrowUp: Math.max(index - 1, 0),
    Home: 0,
    End: last,
  };
  const goal = goals[event.key];
  if (goal !== undefined) rows[goal]?.focus();
  else if (event.key === 'Enter') row.querySelector<HTMLElement>('[aria-expanded]')?.click();
  else return;
  event.preventDefault();
}
