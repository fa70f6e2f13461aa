// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DemoProcess, startDemo } from './support/demo-process.ts';
import { launchApp, type OrdinaryUser, ordinaryUser } from './support/ordinary-user.ts';

let user: OrdinaryUser;
let demo: DemoProcess;
let app: ElectronApplication;
let page: Page;
const shots = path.resolve(import.meta.dirname, '../../.cache/screenshots');
const shot = (name: string): Promise<unknown> => page.screenshot({ path: path.join(shots, `review-${name}.png`) });
const button = (name: string | RegExp) => page.getByRole('button', { name });
const tab = (name: string | RegExp) => page.getByRole('tab', { name });

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

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await shot(`failed-${task.name.replaceAll(/[^a-z]+/gi, '-')}`).catch(() => undefined);
});

describe('reviewing on the running service', () => {
  it('before staging: what changes beside packages', async () => {
    await button('Review…').click();
    await page.getByRole('heading', { name: 'Review of 1.1', level: 1 }).waitFor();
    await page.getByText('Nothing of it is installed yet').waitFor();
    await shot('1-overview');
  });

  it('the merge of /etc, fetched on demand', async () => {
    await tab(/Configuration/).click();
    await button(/Fetch/).click();
    const rows = page.getByRole('option', { name: /vendor change, applied/ }).or(page.getByRole('row', { name: /vendor change, applied/ }));
    await rows.filter({ visible: true }).filter({ hasText: 'thistle.conf' }).waitFor({ timeout: 180_000 });
    // the detail of the first one is the three-way view of the real files
    await page.getByRole('heading', { name: '/etc/hayloft/allow.list' }).waitFor();
    await shot('2-etc');
  });

  it('files that differ', async () => {
    await tab(/^Files/).click();
    // the new tree isn't here before it is staged: said in words, or listed, but never an empty page or a fault
    await page.waitForFunction(() => {
      const text = document.querySelector<HTMLElement>('[role=tabpanel]')?.innerText.trim() ?? '';
      return text !== '' && !text.startsWith('Comparing');
    });
    const shown = await page.getByRole('tabpanel').innerText();
    expect(shown).toContain('can be compared once it is staged');
    expect(shown).not.toContain('Try again');
    await shot('3-files');
  });

  it('sources of the machine', async () => {
    await page.keyboard.press('Control+2');
    await tab('Sources').click();
    await page.getByRole('tabpanel').getByText('http://127.0.0.1:', { exact: false }).first().waitFor();
    await shot('4-sources');
    await button('1 trusted key').click();
    const shown = await page.getByRole('tabpanel').innerText();
    const fingerprint = (demo.exec('ostree', 'remote', 'gpg-list-keys', 'meadow').match(/[0-9A-F]{40}/) ?? [''])[0];
    expect(fingerprint).not.toBe('');
    expect(shown.replaceAll(/\s/g, '')).toContain(fingerprint);
  });
});
