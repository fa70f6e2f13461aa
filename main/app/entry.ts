// SPDX-License-Identifier: LGPL-2.1-or-later
import { app, Menu, session, type BrowserWindow } from 'electron';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openClients } from './client-source.ts';
import { createHandlers } from './commands.ts';
import { Desktop } from './desktop.ts';
import { enableSandbox, hardenContents, hardenSession } from './hardening.ts';
import { Host } from './host.ts';
import { pushEvent, registerCommands } from './ipc.ts';
import { registerAppScheme, serveRenderer } from './scheme.ts';
import { createTexts } from './texts.ts';
import { createWindow } from './window.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
const paths = {
  preload: path.join(here, 'preload.cjs'),
  renderer: path.join(here, '../renderer'),
  icon: path.join(here, '../renderer/icon.png'),
};

/** At log-in (the autostart entry): notifications, and the tray if wanted, without a window. */
const background = '--background';
const inBackground = process.argv.includes(background);

let window: BrowserWindow | undefined;
let desktop: Desktop | undefined;
let composing = false;

/** A tree that is being made outlives the window; a tray icon is there to stay. */
function quitWithoutWindow(): void {
  if (!window && !composing && !desktop?.staysWithoutWindow && !(inBackground && desktop?.notifies)) app.quit();
}

function showWindow(): void {
  if (window) {
    if (window.isMinimized()) window.restore();
    window.focus();
    return;
  }
  window = createWindow(paths);
  window.on('closed', () => (window = undefined));
}

async function run(): Promise<void> {
  await app.whenReady();
  // main never reaches out to the web either: default_session is the only one
  hardenSession(session.defaultSession);
  serveRenderer(session.defaultSession, paths.renderer);
  const clients = await openClients();
  const host = new Host(clients.host, {
    snapshot: (snapshot) => pushEvent(window?.webContents, 'host.snapshot', snapshot),
    job: (job) => pushEvent(window?.webContents, 'host.job', job),
  });
  const { compose } = clients;
  compose.onJob((job) => {
    composing = job.method === 'compose.tree' && job.endedAt === undefined;
    pushEvent(window?.webContents, 'compose.job', job);
    if (job.endedAt !== undefined) quitWithoutWindow();
  });
  const texts = createTexts(app.getPreferredSystemLanguages());
  desktop = new Desktop({
    client: host.client,
    texts,
    locale: app.getSystemLocale() || app.getLocale(),
    icon: paths.icon,
    looking: () => window?.isFocused() ?? false,
    showWindow,
  });
  registerCommands(createHandlers({ host, compose, desktop, texts, window: () => window }), () => window?.webContents);
  app.on('will-quit', () => {
    desktop?.close();
    compose.close();
    host.close();
  });
  app.on('second-instance', (_event, argv) => {
    if (!argv.includes(background)) showWindow();
  });
  if (!inBackground) showWindow();
  else if (!(await desktop.watch())) app.quit();
}

if (app.requestSingleInstanceLock()) {
  // a page of text needs no GPU process: less memory with one, and 0.7 s less until the first paint without one
  app.disableHardwareAcceleration();
  enableSandbox();
  registerAppScheme();
  Menu.setApplicationMenu(null);
  app.on('web-contents-created', (_event, contents) => hardenContents(contents));
  app.on('window-all-closed', quitWithoutWindow);
  run().catch((error: unknown) => {
    process.stderr.write(`treeline: ${error instanceof Error ? error.message : String(error)}\n`);
    app.exit(1);
  });
} else {
  app.quit();
}
