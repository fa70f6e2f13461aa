import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeDisplay, openDisplay } from './support/display.ts';
import { startPageDriver, type PageDriver } from './support/page-driver.ts';
import { pageStates } from './support/page-states.ts';

let driver: PageDriver;

beforeAll(async () => {
  await openDisplay();
  driver = await startPageDriver();
});

afterAll(async () => {
  await driver.close();
  await closeDisplay();
});

describe('every state of every page', () => {
  it.each(pageStates.map((state) => [state.name, state] as const))('%s', async (name, state) => {
    const { page } = driver;
    driver.complaints.length = 0;
    await driver.resize(1100, 760);
    await driver.dark(false);
    await driver.show(state.snapshot, state.answers);
    await state.act?.(driver);
    for (const text of state.shows)
      await page
        .getByText(text)
        .and(page.locator(':visible'))
        .first()
        .waitFor({ timeout: 5000 })
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
  });
});
