// SPDX-License-Identifier: LGPL-2.1-or-later
import { RotateCcw } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { HostSnapshot } from '../../shared/domain/index.ts';
import { RestartDialog } from '../ui/restart-dialog.tsx';
import { nextBootOf } from '../model/update-state.ts';
import { useHost } from '../model/host-store.ts';
import { openView, useRoute, type Section } from '../model/route-store.ts';
import { Button } from '../ui/button.tsx';

/** "Staged: restart to finish", wherever one is. Updates says the same at the top of its page. */
export function StagedBanner({ snapshot, section }: { snapshot: HostSnapshot; section: Section }): ReactNode {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  // the entry shows up a moment before the job that wrote it has ended, and until then a restart is refused
  const busy = useHost(({ job, intents }) => job !== undefined || intents.length > 0);
  const next = nextBootOf(snapshot);
  const view = useRoute((route) => route.view?.kind);
  // Updates and the review say it themselves, with the same button
  if (!next || view === 'review' || (section === 'updates' && !view)) return null;
  return (
    <aside
      aria-label={t('banner.label')}
      className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-accent-soft px-4 py-1.5 md:px-6"
    >
      <RotateCcw aria-hidden className="size-4 shrink-0 text-accent" />
      <p className="min-w-28 flex-1 wrap-anywhere">{t(next.staged ? 'banner.staged' : 'banner.pending', { version: next.version })}</p>
      <div className="ml-auto flex flex-wrap justify-end gap-x-3 gap-y-1">
        {next.staged && snapshot.service.kind === 'treeline' ? (
          <Button onPress={() => openView({ kind: 'review' })}>{t('action.review')}</Button>
        ) : null}
        <Button isDisabled={busy} onPress={() => setAsking(true)}>
          {t('action.restartNow')}
        </Button>
      </div>
      <RestartDialog version={next.version} isOpen={asking} onClose={() => setAsking(false)} />
    </aside>
  );
}
