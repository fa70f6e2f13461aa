// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ElectronApplication } from 'playwright-core';
import { closeDisplay, openDisplay } from './support/display.ts';
import { checkout, launchApp, ordinaryUser, type OrdinaryUser } from './support/ordinary-user.ts';
import * as f from './support/page-fixtures.ts';
import { sessionBus, type SessionBus } from './support/session-bus.ts';

let user: OrdinaryUser;
let session: SessionBus | undefined;
let app: ElectronApplication | undefined;
const said: string[] = [];

/** With something on the bus that shows notifications. */
beforeAll(async () => {
  await openDisplay();
  user = ordinaryUser();
  session = await sessionBus(user.home, ({ connection }, call) => {
    if (call.member === 'Notify') {
      said.push(String(call.body[3]));
      connection.reply(call, 'u', [said.length]);
    } else if (call.member === 'GetCapabilities') connection.reply(call, 'as', [['actions', 'body']]);
    else connection.replyError(call, 'org.freedesktop.DBus.Error.UnknownMethod', 'no such method');
  });
  expect(await session.bus.ownName('org.freedesktop.Notifications')).toBe(true);
  const env = {
    TREELINE_TEST_CLIENT: path.join(checkout, 'test/e2e/support/scripted-client.mjs'),
    DBUS_SESSION_BUS_ADDRESS: session.address,
  };
  app = await launchApp(user, env, ['--background']);
});

afterAll(async () => {
  await app?.close();
  session?.close();
  user.remove();
  await closeDisplay();
});

it('started at log-in it says what matters without a window, which comes when somebody starts it', async () => {
  if (!app) throw new Error('the app was started before');
  const electron = app;
  const windows = (): Promise<number> => electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length);
  await electron.evaluate(
    (_electron, snapshot) => {
      (globalThis as unknown as { treelineScript: { setSnapshot(value: unknown): void } }).treelineScript.setSnapshot(snapshot);
    },
    f.snapshot({ finalizeFailure: { at: f.now - 600, version: '43.2', text: 'No space left on device' } }),
  );
  await expect.poll(() => said).toContain('Version 43.2 didn’t take');
  expect(await windows()).toBe(0);
  // logging in twice shows nothing either
  await electron.evaluate(({ app: electronApp }) => electronApp.emit('second-instance', {}, ['treeline-app', '--background']));
  expect(await windows()).toBe(0);
  const next = electron.waitForEvent('window');
  await electron.evaluate(({ app: electronApp }) => electronApp.emit('second-instance', {}, ['treeline-app']));
  const page = await next;
  await page.getByRole('heading', { name: 'Updates' }).waitFor();
  await page.close();
  await expect.poll(windows).toBe(0);
  // and stays there afterwards
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await windows()).toBe(0);
});
