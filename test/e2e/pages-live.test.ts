// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { liveDeployment, withMore } from './support/live-fixtures.ts';
import { wouldReplace } from './support/package-states.ts';
import { withPageDriver, type PageDriver } from './support/page-driver.ts';
import * as f from './support/page-fixtures.ts';
import { usual } from './support/page-states.ts';

let driver: PageDriver;
withPageDriver((started) => (driver = started));

const asked = async (): Promise<unknown> => (await driver.calls()).filter(([method]) => method === 'liveFs');
const focused = (): Promise<string> => driver.page.evaluate(() => document.activeElement?.textContent ?? '');
const done = { value: f.job({ id: 'live-2', method: 'LiveFs', phase: 'succeeded', messages: [], changed: true }) };

it('replaces what is in use only by a second choice, and takes it back after a question', async () => {
  const { page } = driver;
  await driver.show(f.snapshot({ deployments: [withMore, f.booted] }), { ...usual, liveFs: { value: wouldReplace } });
  await page.getByRole('button', { name: 'Use now, without restarting' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('openssl, glibc').waitFor();
  await expect.poll(focused).toBe('Usable without a restart');
  await page.getByRole('button', { name: 'Change them now, too…' }).focus();
  await page.keyboard.press('Enter');
  await expect.poll(focused).toBe('Wait for the restart');
  expect(await asked()).toEqual([['liveFs', {}]]);
  await driver.answer('liveFs', done);
  await page.getByRole('alertdialog').getByRole('button', { name: 'Change them now' }).focus();
  await page.keyboard.press('Enter');
  await expect.poll(asked).toEqual([['liveFs', { replace: true }]]);
  await driver.update(f.snapshot({ deployments: [withMore, liveDeployment({ commit: withMore.checksum })] }));
  await page.getByText('In use until the restart').waitFor();
  await expect.poll(focused).toBe('In use until the restart');
  await page.getByRole('button', { name: 'Take back…' }).focus();
  await page.keyboard.press('Enter');
  await expect.poll(focused).toBe('Keep as it is');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect.poll(asked).toEqual([['liveFs', { target: f.booted.checksum }]]);
  // after the restart into what had it
  await driver.update(
    f.snapshot({
      deployments: [
        { ...withMore, staged: false, booted: true },
        { ...f.booted, booted: false, index: 1 },
      ],
    }),
  );
  await page.getByText('In use until the restart').waitFor({ state: 'detached' });
});
