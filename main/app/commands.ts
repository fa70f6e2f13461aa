// SPDX-License-Identifier: LGPL-2.1-or-later
import { app, clipboard, type BrowserWindow } from 'electron';
import { commandTable, type ForwardedCalls, type OwnHandlers } from '../../shared/ipc/index.ts';
import type { ComposeClient } from '../local/index.ts';
import { createComposeHandlers } from './compose-commands.ts';
import type { Desktop } from './desktop.ts';
import type { Host } from './host.ts';
import { createReviewHandlers } from './review-commands.ts';
import type { Texts } from './texts.ts';

/** By name, as ipc.ts sees them: it has validated the arguments, which is what their types come from. */
export type Handlers = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;

export interface AppParts {
  readonly host: Host;
  readonly compose: ComposeClient;
  readonly desktop: Desktop;
  readonly texts: Texts;
  readonly window: () => BrowserWindow | undefined;
}

/** Commands that the service's client does as they are. */
function forwards(client: ForwardedCalls): Handlers {
  const rows = Object.entries(commandTable).flatMap(([name, row]) => ('client' in row ? [[name, row.client] as const] : []));
  return Object.fromEntries(rows.map(([name, method]) => [name, (...args) => Reflect.apply(client[method], client, args)]));
}

/** What each command does. That neither the client nor main lacks one is a matter of their types. */
export function createHandlers({ host, compose, desktop, texts, window }: AppParts): Handlers {
  const own: OwnHandlers = {
    ...createReviewHandlers({ client: host.client, window, texts }),
    ...createComposeHandlers({ compose, window, texts }),
    'host.snapshot': () => host.snapshot(),
    'app.environment': async () => ({
      languages: app.getPreferredSystemLanguages(),
      formatLocale: app.getSystemLocale() || app.getLocale(),
      appVersion: app.getVersion(),
      runtimeVersions: {
        electron: process.versions.electron ?? '',
        chrome: process.versions['chrome'] ?? '',
        node: process.versions.node,
      },
    }),
    'app.preferences': () => desktop.preferences(),
    'app.setPreferences': (change) => desktop.setPreferences(change),
    // a promise in newer versions of Electron: that it failed must reach the window
    'app.copyText': async (text) => clipboard.writeText(text),
  };
  return { ...forwards(host.client), ...own };
}
