// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoProcess, startDemo } from './support/demo-process.ts';
import { launchApp, type OrdinaryUser, ordinaryUser } from './support/ordinary-user.ts';

let user: OrdinaryUser;
let demo: DemoProcess;
let app: ElectronApplication;
let page: Page;

beforeAll(async () => {
  user = ordinaryUser();
  demo = await startDemo(user.name, { fresh: true });
  app = await launchApp(user, { DBUS_SYSTEM_BUS_ADDRESS: demo.bus });
  page = await app.firstWindow();
  await page.getByRole('heading', { name: /is available$/ }).waitFor();
});

afterAll(async () => {
  await app?.close();
  await demo?.stop();
  user?.remove();
});

const faults = [
  ['refuses', { kind: 'status', status: 403 }, /403/],
  ['has nothing', { kind: 'status', status: 404 }, /404|isn’t there/],
  ['answers with a login page', { kind: 'garbage' }, /makes no sense/],
  ['closes the connection', { kind: 'cut', afterBytes: 20 }, /./],
  ['never answers', { kind: 'hang' }, /no answer within/],
] as const;

describe('an update check against a server that', () => {
  it.each(faults)('%s says so, and never "up to date"', async (_name, fault, reason) => {
    demo.setFault(fault);
    await page.getByRole('button', { name: 'Check for updates' }).click();
    const heading = page.getByRole('heading', { name: /^Could not check since / });
    await heading.waitFor({ timeout: 180_000 });
    const card = await page.getByRole('region').filter({ has: heading }).innerText();
    expect(card).toMatch(reason);
    expect(card).not.toContain('up to date');
    // and it recovers by itself
    demo.setFault(null);
    await page.getByRole('button', { name: 'Check for updates' }).click();
    await page.getByRole('heading', { name: /is available$/ }).waitFor({ timeout: 180_000 });
  });
});
