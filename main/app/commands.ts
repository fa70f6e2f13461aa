// SPDX-License-Identifier: LGPL-2.1-or-later
import { app, clipboard, type BrowserWindow } from 'electron';
import type { CommandArgs, CommandName, CommandResult } from '../../shared/ipc/index.ts';
import type { ComposeClient } from '../local/index.ts';
import { createComposeHandlers } from './compose-commands.ts';
import type { Desktop } from './desktop.ts';
import type { Host } from './host.ts';
import { createReviewHandlers } from './review-commands.ts';
import type { Texts } from './texts.ts';

export type Handlers = { readonly [N in CommandName]: (...args: CommandArgs<N>) => Promise<CommandResult<N>> };

async function done(work: Promise<void>): Promise<undefined> {
  await work;
  return undefined;
}

export interface AppParts {
  readonly host: Host;
  readonly compose: ComposeClient;
  readonly desktop: Desktop;
  readonly texts: Texts;
  readonly window: () => BrowserWindow | undefined;
}

/** What each command of the contract does. */
export function createHandlers({ host, compose, desktop, texts, window }: AppParts): Handlers {
  const { client } = host;
  return {
    ...createReviewHandlers({ client, window, texts }),
    ...createComposeHandlers({ compose, window, texts }),
    'host.snapshot': () => host.snapshot(),
    'host.check': () => done(client.checkForUpdate()),
    'host.upgrade': (options) => client.upgrade(options),
    'host.rollback': (options) => client.rollback(options),
    'host.setDefault': (id, options) => client.setDefault(id, options),
    'host.pin': (id, pinned) => client.pin(id, pinned),
    'host.undeploy': (id) => client.undeploy(id),
    'host.repair': () => client.repair(),
    'host.cleanup': (elements) => client.cleanup(elements),
    'host.restart': (options) => done(options ? client.restart(options) : client.restart()),
    'host.cancel': () => done(client.cancel()),
    'host.reload': () => done(client.reload()),
    'host.updateDetails': () => client.updateDetails(),
    'host.compare': async (from, to) => {
      const { packages, advisories } = await client.compare(from, to);
      return { packages: [...packages], advisories: [...advisories] };
    },
    'host.history': async (limit) => [...(await client.history(limit))],
    'host.diskUse': () => client.diskUse(),
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
    'app.copyText': async (text) => {
      // a promise in newer versions of Electron: that it failed must reach the window
      await clipboard.writeText(text);
      return undefined;
    },
  };
}
