// SPDX-License-Identifier: LGPL-2.1-or-later
import { Eraser, Trash2 } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Deployment, DiskUse, HostSnapshot, JobState } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { call } from '../../model/bridge.ts';
import { freedBytes, freedTogether, leftovers, leftoversOf, type Leftover } from '../../model/disk-use.ts';
import { hostActions, useHost } from '../../model/host-store.ts';
import { bootedOf } from '../../model/update-state.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { DeploymentBadges } from '../../ui/deployment-badges.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { DroppedSettings } from '../../ui/dropped-settings.tsx';
import { ErrorNotice, RefusalNotice } from '../../ui/notices/error-notice.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { useKeptFocus } from './use-kept-focus.ts';

const nameOf = ({ version, checksum }: Deployment): string => version || checksum.slice(0, 12);

/** What the versions on this machine take, and what deleting them frees. */
export function DiskPanel({ snapshot }: { snapshot: HostSnapshot }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const { title, onFocus } = useKeptFocus('disk');
  const [asked, setAsked] = useState<Leftover>();
  const [failed, setFailed] = useState<JobState>();
  const [round, setRound] = useState(0);
  const ids = snapshot.deployments.map(({ id, index, pinned }) => `${id} ${index} ${pinned}`).join(' ');
  const { value, error, reload } = useLoad(`${round} ${ids}`, () => call('host.diskUse'));
  const busy = useHost(({ job, intents }) => job !== undefined || intents.length > 0);
  const cleaning = useHost(({ intents }) => intents.includes('cleanup'));
  const cleanup = async (elements: Parameters<typeof hostActions.cleanup>[0]): Promise<void> => {
    setFailed(undefined);
    const ended = await hostActions.cleanup(elements);
    if (ended?.phase === 'failed' && ended.error?.code !== 'auth.dismissed') setFailed(ended);
    if (ended) setRound((before) => before + 1);
  };
  return (
    <section aria-labelledby="disk-title" onFocus={onFocus} className="space-y-3 pt-4">
      <div>
        <h2 id="disk-title" ref={title} tabIndex={-1} className="text-lg font-semibold">
          {t('disk.title')}
        </h2>
        <p className="max-w-prose text-muted">{t('disk.hint')}</p>
      </div>
      {error ? (
        <ErrorNotice report={error}>
          <Button onPress={reload}>{t('action.tryAgain')}</Button>
        </ErrorNotice>
      ) : value ? (
        <>
          <ul aria-label={t('disk.title')} className="divide-y divide-line rounded-xl border border-line bg-surface">
            {snapshot.deployments.map((deployment, at) => (
              <VersionRow key={deployment.id} deployment={deployment} next={at === 0 && !deployment.booted} disk={value} />
            ))}
          </ul>
          <p className="text-sm text-muted">
            {t(value.repoBytes === undefined ? 'history.diskFree' : 'history.disk', {
              repo: value.repoBytes === undefined ? '' : format.bytes(value.repoBytes),
              free: format.bytes(value.freeBytes),
              bootFree: format.bytes(value.bootFreeBytes),
            })}
          </p>
        </>
      ) : (
        <Spinner label={t('disk.counting')} />
      )}
      <RefusalNotice intents={['cleanup']} />
      {failed?.error ? <ErrorNotice report={failed.error} job={failed} onClose={() => setFailed(undefined)} /> : null}
      <div className="flex flex-wrap justify-end gap-2">
        {leftovers
          .filter((kind) => leftoversOf(snapshot, kind).length > 0)
          .map((kind) => (
            <Button key={kind} isDisabled={busy} icon={<Trash2 aria-hidden className="size-4 shrink-0" />} onPress={() => setAsked(kind)}>
              {t(`disk.delete.${kind}`)}
            </Button>
          ))}
        <Button
          isPending={cleaning}
          isDisabled={busy && !cleaning}
          icon={<Eraser aria-hidden className="size-4 shrink-0" />}
          onPress={() => void cleanup(['base', 'repomd'])}
        >
          {t('action.cleanup')}
        </Button>
      </div>
      {asked ? (
        <DeleteDialog
          kind={asked}
          snapshot={snapshot}
          disk={value}
          onClose={() => setAsked(undefined)}
          onDelete={() => void cleanup([asked])}
        />
      ) : null}
    </section>
  );
}

function VersionRow({ deployment, next, disk }: { deployment: Deployment; next: boolean; disk: DiskUse }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const bytes = freedBytes(disk.deployments.find(({ id }) => id === deployment.id));
  const told = deployment.booted ? 'disk.own' : 'disk.frees';
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 px-5 py-3">
      <h3 className="foreign-text text-base font-semibold">{nameOf(deployment)}</h3>
      <DeploymentBadges deployment={deployment} next={next} />
      <p className="flex-1 text-right text-muted">{bytes === undefined ? t('disk.unknown') : t(told, { size: format.bytes(bytes) })}</p>
    </li>
  );
}

interface DeleteDialogProps {
  readonly kind: Leftover;
  readonly snapshot: HostSnapshot;
  readonly disk: DiskUse | undefined;
  readonly onClose: () => void;
  readonly onDelete: () => void;
}

/** Names each version that goes, with what goes with it. */
function DeleteDialog({ kind, snapshot, disk, onClose, onDelete }: DeleteDialogProps): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const gone = leftoversOf(snapshot, kind);
  const versions = gone.map(nameOf).join(', ');
  const bytes = freedTogether(disk, gone);
  return (
    <ConfirmDialog
      isOpen
      danger
      onClose={onClose}
      title={t('dialog.deleteTitle', { version: versions })}
      cancelLabel={t('action.keepAsIs')}
      confirmLabel={t('action.deleteShort')}
      onConfirm={onDelete}
    >
      <p>{t(`disk.deleteText.${kind}`, { version: versions })}</p>
      {kind === 'pending-deploy' ? gone.map((each) => <DroppedSettings key={each.id} gone={each} booted={bootedOf(snapshot)} />) : null}
      <p>
        {bytes === undefined
          ? t('dialog.freesUnknown')
          : t(gone.length > 1 ? 'disk.freesAtLeast' : 'dialog.frees', { size: format.bytes(bytes) })}
      </p>
    </ConfirmDialog>
  );
}
