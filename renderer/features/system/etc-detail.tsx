// SPDX-License-Identifier: LGPL-2.1-or-later
import { Undo2 } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { EtcDifference, EtcOwnFile, FileSide } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { call } from '../../model/bridge.ts';
import { isRestorable } from '../../model/etc-drift.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { DiffView } from '../../ui/files/diff-view.tsx';
import { sideText, sideWords } from '../../ui/files/side-words.ts';
import { ThreeWayView } from '../../ui/files/three-way-view.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { Spinner } from '../../ui/spinner.tsx';

interface EtcDetailProps {
  readonly entry: EtcDifference;
  /** The one that runs. */
  readonly version: string;
  readonly badge: ReactNode;
  readonly busy: boolean;
  readonly onRestore: (path: string) => Promise<void>;
}

/** One file of /etc: what is different about it, its texts, and the way back to its default. */
export function EtcDetail({ entry, version, badge, busy, onRestore }: EtcDetailProps): ReactNode {
  const { t } = useTranslation();
  const { value, error, reload } = useLoad(entry.path, () => call('review.etcOwnFile', entry.path));
  return (
    <>
      <header className="space-y-1">
        <h2 className="foreign-text font-mono text-base font-semibold">/etc/{entry.path}</h2>
        <p>{badge}</p>
        <p className="text-muted">
          {t(entry.machinesOwn && entry.kind !== 'added' ? 'drift.explain.own' : `drift.explain.${entry.kind}`, { version })}
        </p>
      </header>
      {error ? (
        <ErrorNotice report={error}>
          <Button onPress={reload}>{t('action.tryAgain')}</Button>
        </ErrorNotice>
      ) : value ? (
        <>
          {isRestorable(entry) ? <Restore entry={entry} file={value} version={version} busy={busy} onRestore={onRestore} /> : null}
          <Versions file={value} />
        </>
      ) : (
        <Spinner label={t('drift.readingFile')} />
      )}
    </>
  );
}

interface RestoreProps extends Omit<EtcDetailProps, 'badge'> {
  readonly file: EtcOwnFile;
}

function Restore({ entry, file, version, busy, onRestore }: RestoreProps): ReactNode {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const path = `/etc/${entry.path}`;
  const what =
    entry.kind === 'removed' ? 'removed' : file.yours.type === 'directory' && file.base.type === 'directory' ? 'directory' : 'modified';
  return (
    <>
      <Button isPending={busy} icon={<Undo2 aria-hidden className="size-4 shrink-0" />} onPress={() => setAsking(true)}>
        {t('drift.restore')}
      </Button>
      <ConfirmDialog
        isOpen={asking}
        onClose={() => setAsking(false)}
        title={t('drift.restoreTitle', { path })}
        cancelLabel={t('action.keepAsIs')}
        confirmLabel={t('drift.restoreShort')}
        onConfirm={() => void onRestore(entry.path)}
      >
        <p>{t(`drift.restoreText.${what}`, { version, path })}</p>
        {what === 'modified' ? <p>{t('drift.restoreKeeps', { path: `${path}.rpmsave` })}</p> : null}
        <p>{t('drift.restoreRunning')}</p>
      </ConfirmDialog>
    </>
  );
}

function Versions({ file: { base, yours, next } }: { file: EtcOwnFile }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const sides: (readonly [label: string, side: FileSide])[] = [
    [t('threeWay.base'), base],
    [t('threeWay.yours'), yours],
    ...(next ? [[t('drift.defaultOf', { version: next.version }), next.side] as const] : []),
  ];
  return (
    <>
      <dl className="grid grid-cols-[max-content_1fr] gap-x-4 gap-y-1 text-sm">
        {sides.map(([label, side]) => (
          <div key={label} className="contents">
            <dt className="text-muted">{label}</dt>
            <dd className="foreign-text">{sideWords(t, format, side)}</dd>
          </div>
        ))}
      </dl>
      <Texts base={base} yours={yours} next={next?.side} />
    </>
  );
}

/** Three texts only where the next version's default is another one. */
function Texts({ base, yours, next = base }: { base: FileSide; yours: FileSide; next: FileSide | undefined }): ReactNode {
  const { t } = useTranslation();
  if ([base, yours, next].some((side) => side.exists && side.type !== 'file')) return null;
  const [from, mine, coming] = [base, yours, next].map(sideText);
  if (from === undefined || mine === undefined || coming === undefined) return <p className="text-muted">{t('etc.noText')}</p>;
  if (coming !== from && base.exists) return <ThreeWayView base={from} yours={mine} vendor={coming} />;
  return <DiffView label={t('etc.yourChange')} from={from} to={mine} />;
}
