import { app } from 'electron';
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createHostClient } from '../client/index.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';
import type { AppClient } from './app-client.ts';

/** Names a module below test/ whose createHostClient() plays the service, for page tests in a checkout. */
const scriptedClientVariable = 'TREELINE_TEST_CLIENT';

interface ScriptedModule {
  readonly createHostClient: (errorOf: (report: ErrorReport) => Error) => AppClient;
}

/**
 * The client of the real service. Only in a checkout (never in a packaged app) can a test put a scripted one in its place; window,
 * preload and IPC stay the real ones. The module has to lie below the checkout's test/, links resolved.
 */
export async function openHostClient(): Promise<AppClient> {
  const file = app.isPackaged ? undefined : process.env[scriptedClientVariable];
  if (!file) return createHostClient();
  const tests = realpathSync(path.join(app.getAppPath(), 'test')) + path.sep;
  const module = realpathSync(path.resolve(file));
  if (!module.startsWith(tests)) throw new Error(`${scriptedClientVariable}: ${module} isn't below ${tests}`);
  const scripted = (await import(pathToFileURL(module).href)) as ScriptedModule;
  return scripted.createHostClient((report) => TreelineError.fromReport(report));
}
