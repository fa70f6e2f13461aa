import { createRoot } from 'react-dom/client';
import { I18nProvider } from 'react-aria-components';
import i18next from 'i18next';
import { createFormatter, formatLocaleFor } from '../i18n/format.ts';
import { chooseLanguage, startTranslations } from '../i18n/i18n.ts';
import { FormatContext } from '../i18n/use-format.ts';
import { call } from '../stores/bridge.ts';
import { loadSnapshot, takeJob, takeSnapshot, useHost } from '../stores/host-store.ts';
import { loadSurroundings } from '../stores/restart-store.ts';
import { App } from './app.tsx';
import './theme.css';

/** Events first, then the snapshot: nothing that happens in between is missed. */
async function start(): Promise<void> {
  window.treeline.subscribe('host.snapshot', takeSnapshot);
  window.treeline.subscribe('host.job', takeJob);
  void loadSnapshot();
  followSurroundings();
  const environment = await call('app.environment');
  await startTranslations(environment.languages);
  const locale = formatLocaleFor(chooseLanguage(environment.languages), environment.formatLocale);
  const root = document.getElementById('root');
  if (!root) return;
  createRoot(root).render(
    <I18nProvider locale={i18next.language}>
      <FormatContext value={createFormatter(locale)}>
        <App />
      </FormatContext>
    </I18nProvider>,
  );
}

/** After each change of the machine's state, and every half minute: a stick can be plugged in, somebody else can schedule a restart. */
function followSurroundings(): void {
  void loadSurroundings();
  useHost.subscribe((now, before) => {
    if (now.snapshot !== before.snapshot && before.snapshot) void loadSurroundings();
  });
  setInterval(() => void loadSurroundings(), 30_000);
}

void start();
