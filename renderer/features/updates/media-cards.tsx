// SPDX-License-Identifier: LGPL-2.1-or-later
import { Usb } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Medium } from '../../../shared/domain/index.ts';
import { openView } from '../../model/route-store.ts';
import { useRestart } from '../../model/restart-store.ts';
import { Button } from '../../ui/button.tsx';

/** What a plugged-in stick offers. Ones without anything newer aren't worth a word. */
export function MediaCards(): ReactNode {
  const media = useRestart((restart) => restart.media).filter((medium) => medium.updates);
  if (media.length === 0) return null;
  return (
    <>
      {media.map((medium) => (
        <MediumCard key={medium.path} medium={medium} />
      ))}
    </>
  );
}

function MediumCard({ medium }: { medium: Medium }): ReactNode {
  const { t } = useTranslation();
  const newest = [...medium.refs].sort((a, b) => b.timestamp - a.timestamp)[0];
  const name = medium.label || medium.path;
  return (
    <section
      aria-label={t('media.title', { name })}
      className="flex flex-wrap items-center gap-3 rounded-xl border border-line bg-surface p-4"
    >
      <Usb aria-hidden className="size-5 shrink-0 text-accent" />
      <div className="min-w-40 flex-1">
        <h2 className="foreign-text font-semibold">{t('media.title', { name })}</h2>
        <p className="foreign-text text-muted">{newest ? t('media.holds', { version: newest.version, ref: newest.ref }) : medium.path}</p>
      </div>
      <Button onPress={() => openView({ kind: 'preview', target: { medium: medium.path }, name })}>{t('media.review')}</Button>
    </section>
  );
}
