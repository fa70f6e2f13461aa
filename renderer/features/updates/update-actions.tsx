// SPDX-License-Identifier: LGPL-2.1-or-later
import { AlarmClock, Download, FileSearch, RefreshCw, RotateCcw } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { AvailableUpdate, Deployment } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { hostActions, useHost } from '../../model/host-store.ts';
import { useRestart } from '../../model/restart-store.ts';
import { openView } from '../../model/route-store.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/notice.tsx';
import { RestartDialog } from '../../ui/restart-dialog.tsx';
import { ScheduleDialog } from './schedule-dialog.tsx';
import { isCheckJob, type UpdateState } from '../../model/update-state.ts';

const icon = 'size-4 shrink-0';

/** The buttons of each state. The primary one is what most people want next. */
export function UpdateActions({ state, booted }: { state: UpdateState; booted: Deployment | undefined }): ReactNode {
  switch (state.kind) {
    case 'working':
    case 'checking':
    case 'blocked':
      return null;
    case 'staged':
    case 'pending':
      return <RestartActions version={state.deployment.version} staged={state.kind === 'staged'} />;
    case 'available':
      return <StageActions update={state.update} booted={booted} />;
    case 'failed':
      return state.check.last ? <StageActions update={state.check.last} booted={booted} checkFirst /> : <CheckButton primary />;
    case 'up-to-date':
      return <CheckButton />;
    case 'never':
      return <CheckButton primary />;
  }
}

function RestartActions({ version, staged }: { version: string; staged: boolean }): ReactNode {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const [scheduling, setScheduling] = useState(false);
  const busy = useHost(({ job, intents }) => job !== undefined || intents.includes('restart'));
  const canSchedule = useRestart((restart) => restart.canSchedule && !restart.scheduled);
  return (
    <div className="flex flex-wrap gap-2">
      <Button look="primary" isDisabled={busy} icon={<RotateCcw aria-hidden className={icon} />} onPress={() => setAsking(true)}>
        {t('action.restartNow')}
      </Button>
      {canSchedule ? (
        <Button isDisabled={busy} icon={<AlarmClock aria-hidden className={icon} />} onPress={() => setScheduling(true)}>
          {t('action.scheduleRestart')}
        </Button>
      ) : null}
      {staged ? <ReviewButton /> : null}
      <CheckButton />
      <ScheduleDialog version={version} isOpen={scheduling} onClose={() => setScheduling(false)} />
      <RestartDialog version={version} isOpen={asking} onClose={() => setAsking(false)} />
    </div>
  );
}

interface StageActionsProps {
  readonly update: AvailableUpdate;
  readonly booted: Deployment | undefined;
  /** The check failed: asking again comes first. */
  readonly checkFirst?: boolean;
}

/** An older version, or one that was rolled back from, is taken only by a button that says so. */
function StageActions({ update, booted, checkFirst = false }: StageActionsProps): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const busy = useHost(({ job, intents }) => job !== undefined || intents.includes('upgrade'));
  const older = booted !== undefined && update.timestamp < booted.timestamp;
  const tooBig = update.sizes && update.sizes.diskBytes > update.sizes.freeBytes ? update.sizes : undefined;
  const plain = !older && !update.rolledBackFrom;
  const [asking, setAsking] = useState(false);
  const stage = (): void => void hostActions.upgrade({ allowDowngrade: older });
  return (
    <div className="space-y-3">
      {update.rolledBackFrom ? (
        <Notice tone="warn" title={t('notice.rolledBackFrom', { version: update.version })}>
          <p>{t('notice.rolledBackNext')}</p>
        </Notice>
      ) : null}
      {older ? <Notice tone="warn" title={t('notice.older', { version: update.version, current: booted.version })} /> : null}
      {tooBig ? (
        <Notice tone="warn" title={t('notice.tooBig', { need: format.bytes(tooBig.diskBytes), free: format.bytes(tooBig.freeBytes) })}>
          <p>{t('notice.tooBigNext')}</p>
        </Notice>
      ) : null}
      <div className="flex flex-wrap gap-2">
        {checkFirst ? <CheckButton primary /> : null}
        <Button
          look={plain && !checkFirst ? 'primary' : 'plain'}
          isDisabled={busy}
          icon={<Download aria-hidden className={icon} />}
          onPress={() => (update.rolledBackFrom ? setAsking(true) : stage())}
        >
          {plain ? t('action.stage') : t('action.stageAnyway', { version: update.version })}
        </Button>
        <ReviewButton />
        {checkFirst ? null : <CheckButton />}
      </div>
      <ConfirmDialog
        isOpen={asking}
        onClose={() => setAsking(false)}
        title={t('dialog.againTitle', { version: update.version })}
        cancelLabel={t('action.notNow')}
        confirmLabel={t('dialog.again')}
        onConfirm={stage}
      >
        <p>{t('dialog.againText', { version: update.version })}</p>
      </ConfirmDialog>
    </div>
  );
}

/** A stock service has nothing to review by. */
function ReviewButton(): ReactNode {
  const { t } = useTranslation();
  const possible = useHost(({ snapshot }) => snapshot?.service.kind === 'treeline');
  if (!possible) return null;
  return (
    <Button icon={<FileSearch aria-hidden className={icon} />} onPress={() => openView({ kind: 'review' })}>
      {t('action.review')}
    </Button>
  );
}

function CheckButton({ primary = false }: { primary?: boolean }): ReactNode {
  const { t } = useTranslation();
  const checking = useHost(({ intents, job }) => intents.includes('check') || (job !== undefined && isCheckJob(job)));
  const busy = useHost(({ job }) => job !== undefined);
  return (
    <Button
      look={primary ? 'primary' : 'plain'}
      isDisabled={checking || busy}
      icon={<RefreshCw aria-hidden className={icon} />}
      onPress={() => void hostActions.check()}
    >
      {checking ? t('action.checking') : t('action.check')}
    </Button>
  );
}
