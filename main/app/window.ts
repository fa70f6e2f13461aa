// SPDX-License-Identifier: LGPL-2.1-or-later
import { app, BrowserWindow, nativeTheme, screen, type Input } from 'electron';
import path from 'node:path';
import { appUrl } from './origin.ts';
import { minimumSize, readWindowState, writeWindowState } from './window-state.ts';

/** Window background before the first paint; the same values as --color-window in renderer/app/theme.css. */
const background = { light: '#fafafa', dark: '#1d1f1e' } as const;

/** Creates the one window; it shows itself once it has something to show. */
export function createWindow(paths: { readonly preload: string; readonly icon: string }): BrowserWindow {
  const stateFile = path.join(app.getPath('userData'), 'window.json');
  const state = readWindowState(
    stateFile,
    screen.getAllDisplays().map((display) => display.workArea),
  );
  const window = new BrowserWindow({
    width: 1100,
    height: 760,
    ...state?.bounds,
    minWidth: minimumSize.width,
    minHeight: minimumSize.height,
    show: false,
    title: 'Treeline',
    icon: paths.icon,
    backgroundColor: nativeTheme.shouldUseDarkColors ? background.dark : background.light,
    webPreferences: {
      preload: paths.preload,
      sandbox: !app.commandLine.hasSwitch('no-sandbox'),
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: !app.isPackaged,
      zoomFactor: state?.zoomFactor ?? 1,
    },
  });
  if (state?.maximized) window.maximize();
  window.once('ready-to-show', () => window.show());
  window.on('page-title-updated', (event) => event.preventDefault());
  window.on('close', () => {
    writeWindowState(stateFile, {
      bounds: window.getNormalBounds(),
      maximized: window.isMaximized(),
      zoomFactor: window.webContents.getZoomFactor(),
    });
  });
  window.webContents.on('before-input-event', (event, input) => {
    if (handleKey(window, input)) event.preventDefault();
  });
  void window.loadURL(appUrl);
  return window;
}

/** There is no menu bar; these are the keys that one would have had. */
function handleKey(window: BrowserWindow, input: Input): boolean {
  if (input.type !== 'keyDown' || !input.control || input.alt || input.meta) return false;
  const contents = window.webContents;
  const zoom = (factor: number): void => contents.setZoomFactor(Math.min(3, Math.max(0.5, Math.round(factor * 10) / 10)));
  switch (input.key.toLowerCase()) {
    case 'q':
      app.quit();
      return true;
    case 'w':
      window.close();
      return true;
    case '+':
    case '=':
      zoom(contents.getZoomFactor() + 0.1);
      return true;
    case '-':
      zoom(contents.getZoomFactor() - 0.1);
      return true;
    case '0':
      zoom(1);
      return true;
    default:
      return false;
  }
}
