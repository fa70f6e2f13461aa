// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CommandName, Reply, TreelineBridge } from '../../shared/ipc/index.ts';
import { closeDisplay, openDisplay } from './support/display.ts';
import { startPageDriver, type PageDriver } from './support/page-driver.ts';
import * as f from './support/page-fixtures.ts';

let driver: PageDriver;
let server: Server;
let requests = 0;
let remote = '';

beforeAll(async () => {
  server = createServer((_request, response) => {
    requests++;
    response.end('reached');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  remote = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await openDisplay();
  driver = await startPageDriver();
  await driver.show(f.snapshot(), { updateDetails: { value: f.details } });
});
afterAll(async () => {
  await driver.close();
  await closeDisplay();
  server.close();
});

/** Calls the bridge as a hostile page would, past all types. */
const invoke = (name: string, ...args: unknown[]): Promise<Reply<unknown>> =>
  driver.page.evaluate(
    ([command, words]) =>
      (window as unknown as { treeline: TreelineBridge }).treeline.invoke(command as 'host.pin', ...(words as [string, boolean])),
    [name, args] as const,
  );

it('runs every process in the sandbox, without node in the page', async () => {
  const { page, app } = driver;
  expect(
    await page.evaluate(() => [typeof (globalThis as { require?: unknown }).require, typeof (globalThis as { process?: unknown }).process]),
  ).toEqual(['undefined', 'undefined']);
  expect(await app.evaluate(({ app: electron }) => electron.commandLine.hasSwitch('no-sandbox'))).toBe(false);
  expect(await page.evaluate(() => Object.isFrozen((window as unknown as { treeline: object }).treeline))).toBe(true);
  const preferences = await app.evaluate(({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> };
    const { sandbox, contextIsolation, nodeIntegration, webSecurity, webviewTag } = contents.getLastWebPreferences();
    return { sandbox, contextIsolation, nodeIntegration, webSecurity, webviewTag };
  });
  expect(preferences).toEqual({ sandbox: true, contextIsolation: true, nodeIntegration: false, webSecurity: true, webviewTag: false });
});

it('opens no window and goes nowhere', async () => {
  const { page, app } = driver;
  const before = page.url();
  expect(await page.evaluate((url) => window.open(url) === null, remote)).toBe(true);
  await page.evaluate((url) => {
    location.href = url;
  }, remote);
  await page.evaluate((url) => {
    const link = Object.assign(document.createElement('a'), { href: url, textContent: 'out', target: '_blank' });
    document.body.append(link);
    link.click();
    link.remove();
  }, remote);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(page.url()).toBe(before);
  expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
  expect(requests).toBe(0);
});

it('loads nothing from anywhere else', async () => {
  const { page, app } = driver;
  const outcome = await page.evaluate(async (url) => {
    const tried = (load: (done: (what: string) => void) => void): Promise<string> =>
      new Promise((resolve) => {
        load(resolve);
        setTimeout(() => resolve('timeout'), 2000);
      });
    const element = (tag: 'img' | 'script' | 'iframe', source: string): Promise<string> =>
      tried((done) => {
        const node = document.createElement(tag);
        node.onload = () => done('loaded');
        node.onerror = () => done('refused');
        node.src = source;
        document.body.append(node);
      });
    const fetched = await fetch(url).then(
      () => 'loaded',
      () => 'refused',
    );
    const file = await fetch('file:///etc/passwd').then(
      () => 'loaded',
      () => 'refused',
    );
    return {
      fetched,
      file,
      image: await element('img', url),
      script: await element('script', url),
      data: await element('img', 'data:image/gif;base64,R0lGODlhAQABAAAAACw='),
    };
  }, remote);
  expect(outcome).toEqual({ fetched: 'refused', file: 'refused', image: 'refused', script: 'refused', data: 'refused' });
  // past the page's policy, too: the session itself cancels
  const direct = await app.evaluate(async ({ session }, url) => {
    try {
      await session.defaultSession.fetch(url);
      return 'loaded';
    } catch {
      return 'refused';
    }
  }, remote);
  expect(direct).toBe('refused');
  expect(requests).toBe(0);
});

it('runs no inline script and evaluates no text', async () => {
  const outcome = await driver.page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.owned = true';
    document.body.append(script);
    const holder = document.createElement('div');
    holder.innerHTML = '<img src="x" onerror="window.owned = true">';
    document.body.append(holder);
    return new Promise((resolve) => setTimeout(() => resolve((window as { owned?: boolean }).owned ?? false), 300));
  });
  expect(outcome).toBe(false);
});

it('serves files of the renderer only', async () => {
  const { app } = driver;
  const statuses = await app.evaluate(async ({ session }) => {
    const paths = [
      'index.html',
      '../app/main.mjs',
      '..%2fapp%2fmain.mjs',
      '%2e%2e/app/main.mjs',
      'assets',
      'nothing.js',
      '..\\app\\main.mjs',
      '%00',
      '%E0%A4%A',
    ];
    const answers = await Promise.all(paths.map((path) => session.defaultSession.fetch(`app://treeline/${path}`)));
    const post = await session.defaultSession.fetch('app://treeline/index.html', { method: 'POST', body: 'x' });
    const other = await session.defaultSession.fetch('app://elsewhere/index.html');
    return [...answers.map((answer) => answer.status), post.status, other.status];
  });
  expect(statuses).toEqual([200, 404, 404, 404, 404, 404, 404, 404, 404, 405, 404]);
});

it('has a policy that starts from nothing', async () => {
  const policy = await driver.app.evaluate(async ({ session }) =>
    (await session.defaultSession.fetch('app://treeline/index.html')).headers.get('content-security-policy'),
  );
  expect(policy).toMatch(
    /^default-src 'none'; script-src 'self'; style-src 'self' 'nonce-[\w+/=]+'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
  );
});

it('refuses bad arguments, unknown commands and results that break the contract', async () => {
  await driver.calls();
  const bad: readonly [CommandName, ...unknown[]][] = [
    ['host.pin', '../../etc', true],
    ['host.pin', f.booted.id, 'yes'],
    ['host.pin', f.booted.id],
    ['host.undeploy', { id: f.booted.id }],
    ['host.upgrade', { reboot: true, extra: 1 }],
    ['host.upgrade'],
    ['host.cleanup', ['everything']],
    ['host.history', -1],
    ['host.compare', f.booted.id, 7],
    ['app.copyText', 42],
  ];
  for (const [name, ...args] of bad) {
    expect(await invoke(name, ...args), name).toMatchObject({ ok: false, error: { code: 'service.bad-argument', subject: name } });
  }
  expect(await invoke('host.format')).toMatchObject({ ok: false, error: { code: 'service.bad-argument' } });
  expect(await driver.calls()).toEqual([]);
  await driver.show(f.snapshot(), { history: { value: [{ id: 7 }] } });
  expect(await invoke('host.history', 10)).toMatchObject({ ok: false, error: { code: 'internal.protocol' } });
});

it('answers no frame but its own', async () => {
  const { app } = driver;
  const outcome = await app.evaluate(async ({ BrowserWindow, app: electron }) => {
    const window = new BrowserWindow({
      show: false,
      webPreferences: { sandbox: true, preload: `${electron.getAppPath()}/dist/app/preload.cjs` },
    });
    await window.loadURL('app://treeline/index.html');
    const reply = (await window.webContents.executeJavaScript(`window.treeline.invoke('host.snapshot')`)) as unknown;
    window.destroy();
    return reply;
  });
  expect(outcome).toMatchObject({ ok: false, error: { code: 'auth.denied' } });
});

it('grants no permission', async () => {
  const { page } = driver;
  const states = await page.evaluate(async () => {
    const names = ['geolocation', 'notifications', 'camera', 'microphone', 'clipboard-read'] as PermissionName[];
    return Promise.all(names.map(async (name) => (await navigator.permissions.query({ name })).state));
  });
  expect(new Set(states)).toEqual(new Set(['denied']));
});

it('shows HTML in a changelog as text', async () => {
  const { page } = driver;
  await driver.show(f.snapshot(), { updateDetails: { value: f.details } });
  await page.getByRole('row', { name: /^less/ }).click();
  const detail = page.getByRole('region', { name: 'Details of less' });
  expect(await detail.innerText()).toContain(f.hostileText);
  expect(await detail.locator('img, b').count()).toBe(0);
  expect(await page.title()).not.toContain('owned');
});
