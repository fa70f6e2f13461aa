// SPDX-License-Identifier: LGPL-2.1-or-later
import { app, type Session, type WebContents } from 'electron';
import { isOwnUrl } from './origin.ts';

/**
 * Chromium's sandbox for every process. Root can't have it (a browser for root only makes sense in a container), and asking for
 * it together with --no-sandbox makes Electron start its children over and over.
 */
export function enableSandbox(): void {
  if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox();
}

/** The window needs no network, no permission, no device and no download: whatever asks is refused. */
export function hardenSession(session: Session): void {
  session.webRequest.onBeforeRequest((details, callback) => {
    callback({ cancel: !(isOwnUrl(details.url) || (!app.isPackaged && details.url.startsWith('devtools://'))) });
  });
  session.setPermissionRequestHandler((_contents, _permission, callback) => callback(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler(null);
  session.on('will-download', (event) => event.preventDefault());
  session.setSpellCheckerEnabled(false);
}

/** One page for the life of a window: no navigation away from it, no second window, no embedded contents. */
export function hardenContents(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  contents.on('will-navigate', (event) => event.preventDefault());
  contents.on('will-frame-navigate', (event) => event.preventDefault());
  contents.on('will-redirect', (event) => event.preventDefault());
  contents.on('will-attach-webview', (event) => event.preventDefault());
}
