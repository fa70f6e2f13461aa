// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { closeDisplay, openDisplay } from './support/display.ts';
import { layeredDeployment, packageAnswers } from './support/package-fixtures.ts';
import { startPageDriver, withPageDriver, type PageDriver } from './support/page-driver.ts';
import * as f from './support/page-fixtures.ts';

const snapshot = f.snapshot({ deployments: [layeredDeployment, f.older], check: { kind: 'up-to-date', checkedAt: f.now - 300 } });
const inMain = (driver: PageDriver): Promise<boolean> => driver.page.evaluate(() => !!document.activeElement?.closest('main'));

describe('the Packages page by keyboard alone', () => {
  let driver: PageDriver;
  withPageDriver((started) => (driver = started));

  it('finds, marks, shows the plan, applies it as one change, and keeps the focus', async () => {
    const { page } = driver;
    await driver.resize(1100, 760);
    await driver.show(snapshot, packageAnswers);
    await page.keyboard.press('Control+3');
    await page.getByRole('listbox').waitFor();
    await page.keyboard.press('Control+f');
    await page.keyboard.type('vim');
    await page.getByText('In the repositories 2').waitFor();
    await page.getByRole('listbox').focus();
    // over the heading of the repositories
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    await page.getByText('1 change planned').waitFor();
    await page.keyboard.press('Home');
    await page.keyboard.press('Space');
    await page.getByText('2 changes planned').waitFor();
    await page.getByRole('button', { name: 'Show plan' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('needed by libluv, neovim').waitFor();
    expect(await inMain(driver)).toBe(true);
    await page.getByRole('button', { name: 'Take vim-enhanced off the plan' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('1 change planned').waitFor();
    expect(await inMain(driver)).toBe(true);
    await page.getByText('needed by libluv, neovim').waitFor();
    await driver.calls();
    const job = { id: '1', title: 'install: 1', method: 'UpdateDeployment', owner: 'uid 1000', startedAt: f.now, messages: [] };
    await driver.answer('updateDeployment', { value: { ...job, endedAt: f.now + 5, phase: 'succeeded', changed: true } });
    await page.getByRole('button', { name: 'Apply 1 change' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('43.1 with your changes is ready').waitFor();
    expect((await driver.calls()).filter(([method]) => method === 'updateDeployment')).toEqual([
      ['updateDeployment', { installPackages: ['neovim'] }, { noPullBase: true }],
    ]);
    expect(await inMain(driver)).toBe(true);
    expect(await page.getByRole('tab', { name: 'Plan' }).innerText()).toBe('Plan');
  });

  it('keeps the plan when it can’t be applied, and says why', async () => {
    const { page } = driver;
    await driver.show(snapshot, packageAnswers);
    await page.keyboard.press('Control+3');
    await page.getByRole('option', { name: /^bash/ }).click();
    await page.getByRole('button', { name: 'Leave out of the base' }).click();
    await page.getByRole('button', { name: 'Show plan' }).click();
    const failure = { code: 'layer.locked', subject: '/etc/rpm-ostreed.conf' } as const;
    await driver.answer('updateDeployment', { error: failure });
    await page.getByRole('button', { name: 'Apply 1 change' }).click();
    await page.getByText('/etc/rpm-ostreed.conf').first().waitFor();
    expect(await page.getByText('1 change planned').count()).toBe(1);
    // a closed password dialog is an answer
    await driver.answer('updateDeployment', { error: { code: 'auth.dismissed' } });
    await page.getByRole('button', { name: 'Apply 1 change' }).click();
    await page.getByText('/etc/rpm-ostreed.conf').first().waitFor({ state: 'detached' });
    expect(await page.getByText('1 change planned').count()).toBe(1);
  });

  it('looks once more after a refresh', async () => {
    const { page } = driver;
    await driver.show(snapshot, { ...packageAnswers, findPackages: { error: { code: 'rpmmd.not-fetched', subject: 'timberline' } } });
    await page.keyboard.press('Control+3');
    await page.getByRole('searchbox').fill('vim');
    await page.getByText('isn’t known yet', { exact: false }).waitFor();
    await driver.answer('findPackages', packageAnswers.findPackages);
    const job = { id: '2', title: 'refresh-md', method: 'RefreshMd', owner: '', startedAt: f.now, phase: 'succeeded', messages: [] };
    await driver.answer('refreshMd', { value: { ...job, endedAt: f.now } });
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByText('In the repositories 2').waitFor();
    expect(await inMain(driver)).toBe(true);
  });

  it('stays whole at twice the size, in forced colours, and in a large window', async () => {
    const { page } = driver;
    await driver.show(snapshot, packageAnswers);
    await page.keyboard.press('Control+3');
    await page.getByRole('radio', { name: /^Layered/ }).click();
    await driver.resize(1100, 760, 2);
    await driver.screenshot('packages-200');
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    expect(await driver.axe()).toEqual([]);
    await driver.resize(1900, 1000);
    await driver.screenshot('packages-large');
    await driver.resize(1100, 760);
    await page.emulateMedia({ forcedColors: 'active' });
    await driver.screenshot('packages-forced');
    await page.emulateMedia({ forcedColors: 'none' });
  });
});

it('plans in German', async () => {
  await openDisplay();
  const driver = await startPageDriver({ LANG: 'de_DE.UTF-8', LANGUAGE: 'de' });
  const { page } = driver;
  await driver.resize(1100, 760);
  await driver.show(snapshot, packageAnswers);
  await page.keyboard.press('Control+3');
  await page.getByRole('searchbox').fill('vim');
  await page.getByRole('option', { name: /^neovim/ }).click();
  await page.getByRole('button', { name: 'Hinzufügen' }).click();
  await driver.screenshot('german-packages');
  await page.getByRole('button', { name: 'Plan zeigen' }).click();
  await page.getByText('gebraucht von libluv, neovim', { exact: false }).waitFor();
  await driver.screenshot('german-packages-plan');
  await driver.resize(480, 700);
  await driver.screenshot('german-packages-plan-narrow');
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  expect(await driver.axe()).toEqual([]);
  await driver.close();
  await closeDisplay();
});
