// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ElectronApplication } from 'playwright-core';
import { Variant } from '../../shared/dbus/index.ts';
import { closeDisplay, openDisplay } from './support/display.ts';
import { checkout, launchApp, ordinaryUser, type OrdinaryUser } from './support/ordinary-user.ts';
import * as f from './support/page-fixtures.ts';
import { sessionBus, type SessionBus } from './support/session-bus.ts';

const watcherName = 'org.kde.StatusNotifierWatcher';
let user: OrdinaryUser;
let session: SessionBus | undefined;
let app: ElectronApplication | undefined;
const registered: unknown[] = [];

/** With something on the bus that shows tray icons, as KDE's panel does. */
beforeAll(async () => {
  await openDisplay();
  user = ordinaryUser();
  const properties = {
    IsStatusNotifierHostRegistered: new Variant('b', true),
    ProtocolVersion: new Variant('i', 0),
    RegisteredStatusNotifierItems: new Variant('as', []),
  };
  session = await sessionBus(user.home, ({ connection }, call) => {
    if (call.member === 'RegisterStatusNotifierItem') {
      registered.push(call.body[0]);
      connection.reply(call);
    } else if (call.member === 'Get') connection.reply(call, 'v', [properties[call.body[1] as keyof typeof properties]]);
    else if (call.member === 'GetAll') connection.reply(call, 'a{sv}', [properties]);
    else connection.replyError(call, 'org.freedesktop.DBus.Error.UnknownMethod', 'no such method');
  });
  expect(await session.bus.ownName(watcherName)).toBe(true);
  app = await launchApp(user, {
    TREELINE_TEST_CLIENT: path.join(checkout, 'test/e2e/support/scripted-client.mjs'),
    DBUS_SESSION_BUS_ADDRESS: session.address,
  });
});

afterAll(async () => {
  await app?.close();
  session?.close();
  user.remove();
  await closeDisplay();
});

it('shows a tray icon when the person wants one, and stays there without a window', async () => {
  if (!app) throw new Error('the app was started before');
  const electron = app;
  const page = await electron.firstWindow();
  await electron.evaluate((_electron, snapshot) => {
    (globalThis as unknown as { treelineScript: { setSnapshot(value: unknown): void } }).treelineScript.setSnapshot(snapshot);
  }, f.snapshot());
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Notifications…' }).click();
  expect(registered).toEqual([]);
  await page.getByText('Show an icon in the panel').click();
  await expect.poll(() => registered.length).toBe(1);
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await page.close();
  const windows = (): Promise<number> => electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length);
  await expect.poll(windows).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await windows()).toBe(0);
  const next = electron.waitForEvent('window');
  await electron.evaluate(({ app: electronApp }) => electronApp.emit('second-instance', {}, ['treeline-app']));
  await (await next).getByRole('heading', { name: 'Updates' }).waitFor();
});
