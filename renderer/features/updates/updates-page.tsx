// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { HostSnapshot } from '../../../shared/domain/index.ts';
import { useHost } from '../../model/host-store.ts';
import { Page } from '../../ui/page.tsx';
import { LiveCard } from '../../ui/notices/live-card.tsx';
import { MediaCards } from './media-cards.tsx';
import { StateCard } from './state-card.tsx';
import { UpdateContent } from './update-content.tsx';
import { deriveUpdateState, detailsKey } from '../../model/update-state.ts';
import { UpdatesMenu, type Preferences } from './updates-menu.tsx';
import { Warnings } from './warnings.tsx';
import { WhatsNewCard } from './whats-new.tsx';

export function UpdatesPage({ snapshot, preferences }: { snapshot: HostSnapshot; preferences: Preferences }): ReactNode {
  const { t } = useTranslation();
  const job = useHost((host) => host.job);
  const checking = useHost(({ intents }) => intents.includes('check'));
  const state = deriveUpdateState(snapshot, job, checking);
  const key = detailsKey(snapshot);
  return (
    <Page title={t('section.updates')} actions={<UpdatesMenu snapshot={snapshot} preferences={preferences} />}>
      <WhatsNewCard snapshot={snapshot} />
      <Warnings snapshot={snapshot} state={state} />
      <StateCard state={state} snapshot={snapshot} />
      <LiveCard snapshot={snapshot} />
      <MediaCards />
      {key ? <UpdateContent detailsKey={key} /> : null}
    </Page>
  );
}
