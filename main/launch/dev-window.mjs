// SPDX-License-Identifier: LGPL-2.1-or-later
// What `npm run dev` does in its window: play what a page test does before it looks, load the page anew when Vite asks for it, repeat its complaints.
import { chromium } from 'playwright-core';

/**
 * @param {import('node:child_process').ChildProcess} app Electron, started with --remote-debugging-port=0 and a pipe for its standard error.
 * @param {import('vite').ViteDevServer} server
 * @param {((driver: { page: import('playwright-core').Page }) => Promise<void>) | undefined} act
 * @param {(line: string) => void} say
 */
export async function playInWindow(app, server, act, say) {
  const address = await debuggerAddress(app);
  const browser = await chromium.connectOverCDP(address);
  say(`for scripts, chromium.connectOverCDP of playwright-core: http://${new URL(address).host}`);
  const context = browser.contexts()[0];
  const page = context?.pages()[0] ?? (await context?.waitForEvent('page'));
  page.setDefaultTimeout(20_000);
  // Playwright says light by itself; the desktop shall
  await page.emulateMedia({ colorScheme: null });
  page.on('pageerror', (error) => say(`error in the window: ${error.message}`));
  page.on('console', (message) => message.type() === 'error' && say(`error in the window: ${message.text()}`));
  const play = () => act?.({ page }).catch((error) => say(`not everything could be played: ${error.message.split('\n')[0]}`));
  await play();
  // the window lets no page navigate, not even to itself: what Vite's client would do is done from here
  const { hot } = server.environments.client;
  const send = hot.send.bind(hot);
  hot.send = (...message) => {
    if (message[0]?.type !== 'full-reload') send(...message);
    else void page.reload().then(play, (error) => say(`not loaded anew: ${error.message.split('\n')[0]}`));
  };
}

function debuggerAddress(app) {
  return new Promise((resolve, reject) => {
    let text = '';
    app.once('exit', () => reject(new Error('the window has ended')));
    app.stderr.on('data', (chunk) => {
      if (text === undefined) return;
      text += chunk;
      const address = /DevTools listening on (\S+)/.exec(text)?.[1];
      if (!address) return;
      text = undefined;
      resolve(address);
    });
  });
}
