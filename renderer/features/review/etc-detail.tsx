// SPDX-License-Identifier: LGPL-2.1-or-later
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { EtcEntry, EtcFile, FileSide } from '../../../shared/domain/index.ts';
import { useFormat } from '../../i18n/use-format.ts';
import { call } from '../../model/bridge.ts';
import { useLoad } from '../../model/use-load.ts';
import { Button } from '../../ui/button.tsx';
import { Choice } from '../../ui/choice.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { ErrorNotice } from '../../ui/notices/error-notice.tsx';
import { DiffView } from '../../ui/files/diff-view.tsx';
import { EtcBadge } from './etc-badge.tsx';
import { sideText, sideWords } from '../../ui/files/side-words.ts';
import { ThreeWayView } from '../../ui/files/three-way-view.tsx';

type Comparison = 'all' | 'vendor' | 'yours';

/** One file of /etc: what happens to it in a sentence, the three versions of it, their texts. */
export function EtcDetail({ entry, checksum }: { entry: EtcEntry; checksum: string }): ReactNode {
  const { t } = useTranslation();
  const { value, error, reload } = useLoad(`${checksum}:${entry.path}`, () => call('review.etcFile', entry.path, checksum));
  return (
    <>
      <header className="space-y-1">
        <h2 className="foreign-text font-mono text-base font-semibold">/etc/{entry.path}</h2>
        <p>
          <EtcBadge kind={entry.kind} {...(entry.problem ? { problem: entry.problem } : {})} />
        </p>
        {entry.problem ? (
          <Notice tone={entry.problem === 'blocks' ? 'danger' : 'warn'} title={t(`etc.problem.${entry.problem}`)} />
        ) : (
          <p className="text-muted">{t(`etc.explain.${entry.kind}`)}</p>
        )}
      </header>
      {error ? (
        <ErrorNotice report={error}>
          <Button onPress={reload}>{t('action.tryAgain')}</Button>
        </ErrorNotice>
      ) : value ? (
        <Versions file={value} entry={entry} />
      ) : (
        <Spinner label={t('review.reading')} />
      )}
    </>
  );
}

function Versions({ file, entry }: { file: EtcFile; entry: EtcEntry }): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  const sides = { base: file.base, yours: file.yours, vendor: file.vendor };
  return (
    <>
      <dl className="grid grid-cols-[max-content_1fr] gap-x-4 gap-y-1 text-sm">
        {(['base', 'yours', 'vendor'] as const).map((side) => (
          <div key={side} className="contents">
            <dt className="text-muted">{t(`threeWay.${side}`)}</dt>
            <dd className="foreign-text">{sideWords(t, format, sides[side])}</dd>
          </div>
        ))}
      </dl>
      <Texts {...sides} kind={entry.kind} />
    </>
  );
}

interface TextsProps {
  readonly base: FileSide;
  readonly yours: FileSide;
  readonly vendor: FileSide;
  readonly kind: EtcEntry['kind'];
}

/** Three texts where both sides did something; else the one comparison that says it all. */
function Texts({ base, yours, vendor, kind }: TextsProps): ReactNode {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<Comparison>('all');
  const [from, mine, theirs] = [base, yours, vendor].map(sideText);
  if (from === undefined || mine === undefined || theirs === undefined) return <p className="text-muted">{t('etc.noText')}</p>;
  if ([base, yours, vendor].some((side) => side.exists && side.type !== 'file')) return null;
  if (kind === 'vendor-applied') return <DiffView label={t('etc.vendorChange')} from={from} to={theirs} />;
  if (kind === 'yours-kept') return <DiffView label={t('etc.yourChange')} from={from} to={mine} />;
  return (
    <>
      <Choice
        label={t('etc.compare')}
        value={chosen}
        onChange={setChosen}
        options={[
          { value: 'all', label: t('etc.compareAll') },
          { value: 'vendor', label: t('etc.vendorChange') },
          { value: 'yours', label: t('etc.yourChange') },
        ]}
      />
      {chosen === 'all' ? <ThreeWayView base={from} yours={mine} vendor={theirs} /> : null}
      {chosen === 'vendor' ? <DiffView label={t('etc.vendorChange')} from={from} to={theirs} /> : null}
      {chosen === 'yours' ? <DiffView label={t('etc.yourChange')} from={from} to={mine} /> : null}
    </>
  );
}
