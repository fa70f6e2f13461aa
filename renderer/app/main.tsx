// SPDX-License-Identifier: LGPL-2.1-or-later
import { createRoot } from 'react-dom/client';
import type { HostSnapshot } from '../../shared/domain/index.ts';
import { I18nProvider } from 'react-aria-components';
import i18next from 'i18next';
import { createFormatter, formatLocaleFor } from '../i18n/format.ts';
import { chooseLanguage, startTranslations } from '../i18n/i18n.ts';
import { FormatContext } from '../i18n/use-format.ts';
import { call } from '../model/bridge.ts';
import { takeComposeJob } from '../model/compose-store.ts';
import { loadSnapshot, takeJob, takeSnapshot, useHost } from '../model/host-store.ts';
import { loadSurroundings, lookForMedia } from '../model/restart-store.ts';
import { App } from './app.tsx';
import './theme.css';

/** Events first, then the snapshot: nothing that happens in between is missed. */
async function start(): Promise<void> {
  window.treeline.subscribe('host.snapshot', takeSnapshot);
  window.treeline.subscribe('host.job', takeJob);
  window.treeline.subscribe('compose.job', takeComposeJob);
  void loadSnapshot();
  followSurroundings();
  const environment = await call('app.environment');
  await startTranslations(environment.languages);
  const locale = formatLocaleFor(chooseLanguage(environment.languages), environment.formatLocale);
  const root = document.getElementById('root');
  if (!root) return;
  createRoot(root).render(
    <I18nProvider locale={i18next.language}>
      <FormatContext value={createFormatter(locale, i18next.t('state.timeUnknown'))}>
        <App />
      </FormatContext>
    </I18nProvider>,
  );
}

/** After each job and each new set of versions, and from time to time: a stick can be plugged in, somebody else can schedule a restart. */
function followSurroundings(): void {
  void loadSurroundings(true);
  const mark = (snapshot: HostSnapshot | undefined): string =>
    snapshot ? [snapshot.service.kind, snapshot.job?.id, ...snapshot.deployments.map(({ id }) => id)].join() : '';
  useHost.subscribe((now, before) => {
    if (before.snapshot && mark(now.snapshot) !== mark(before.snapshot)) void loadSurroundings();
  });
  setInterval(() => void loadSurroundings(), 30_000);
  setInterval(() => void lookForMedia(), 3000);
}

void start();
