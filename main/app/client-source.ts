// SPDX-License-Identifier: LGPL-2.1-or-later
import { app } from 'electron';
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createHostClient, type HostClient } from '../client/index.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';
import { createComposeClient, type ComposeClient } from '../local/index.ts';

/** Names a module below test/ whose createHostClient() plays the service (and createComposeClient() the composer), for page tests in a checkout. */
const scriptedClientVariable = 'TREELINE_TEST_CLIENT';

type ErrorOf = (report: ErrorReport) => Error;

interface ScriptedModule {
  readonly createHostClient: (errorOf: ErrorOf) => HostClient;
  readonly createComposeClient: (errorOf: ErrorOf) => ComposeClient;
}

interface Clients {
  readonly host: HostClient;
  readonly compose: ComposeClient;
}

/**
 * The clients of the real service and the real composer. Only in a checkout (never in a packaged app) can a test put scripted ones in their
 * place; window, preload and IPC stay the real ones. The module has to lie below the checkout's test/, links resolved.
 */
export async function openClients(): Promise<Clients> {
  const file = app.isPackaged ? undefined : process.env[scriptedClientVariable];
  if (!file) return { host: createHostClient(), compose: createComposeClient() };
  const tests = realpathSync(path.join(app.getAppPath(), 'test')) + path.sep;
  const module = realpathSync(path.resolve(file));
  if (!module.startsWith(tests)) throw new Error(`${scriptedClientVariable}: ${module} isn't below ${tests}`);
  const scripted = (await import(pathToFileURL(module).href)) as ScriptedModule;
  const errorOf: ErrorOf = (report) => TreelineError.fromReport(report);
  return { host: scripted.createHostClient(errorOf), compose: scripted.createComposeClient(errorOf) };
}
