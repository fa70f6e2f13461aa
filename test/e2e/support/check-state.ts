// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect } from 'vitest';
import type { PageDriver } from './page-driver.ts';
import type { PageState } from './page-states.ts';

/** Shows a state in light, dark and narrow, with its texts there, nothing wider than the window, and no complaint of axe or the console. */
export async function checkState(driver: PageDriver, state: PageState): Promise<void> {
  const { page } = driver;
  const { name } = state;
  driver.complaints.length = 0;
  await driver.resize(1100, 760);
  await driver.dark(false);
  await driver.show(state.snapshot, state.answers);
  await state.act?.(driver);
  // what is missing is told below, with all the text that is there
  await page
    .waitForFunction(
      (texts) => texts.every(([source, flags]) => new RegExp(source, flags).test(document.body.innerText)),
      state.shows.map((text): [string, string] =>
        typeof text === 'string' ? [text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), ''] : [text.source, text.flags],
      ),
    )
    .catch(() => undefined);
  const shown = await page.locator('body').innerText();
  for (const text of state.shows)
    expect(shown).toEqual(typeof text === 'string' ? expect.stringContaining(text) : expect.stringMatching(text));
  for (const text of state.showsNot ?? [])
    expect(shown).not.toEqual(typeof text === 'string' ? expect.stringContaining(text) : expect.stringMatching(text));
  expect(await page.locator('h1').count()).toBe(1);
  await driver.screenshot(`${name}-light`);
  expect(await driver.axe()).toEqual([]);
  await driver.dark(true);
  await driver.screenshot(`${name}-dark`);
  expect(await driver.axe()).toEqual([]);
  await driver.resize(800, 700);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  await driver.resize(480, 700);
  await driver.screenshot(`${name}-narrow`);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  expect(await driver.axe()).toEqual([]);
  expect(driver.complaints).toEqual([]);
}
