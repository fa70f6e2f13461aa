// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { withPageDriver, type PageDriver } from './support/page-driver.ts';
import * as f from './support/page-fixtures.ts';

let driver: PageDriver;
const usual = { updateDetails: { value: f.details }, history: { value: f.historyEntries }, diskUse: { value: f.diskUse } };
const focused = (): Promise<string> =>
  driver.page.evaluate(
    () =>
      `${document.activeElement?.getAttribute('role') ?? document.activeElement?.tagName} ${document.activeElement?.textContent?.slice(0, 40) ?? ''}`,
  );
const heading = (): Promise<string> => driver.page.locator('h1').innerText();

withPageDriver((started) => (driver = started));

describe('keyboard', () => {
  it('reaches the sections, the search field and the check', async () => {
    const { page } = driver;
    await driver.resize(1100, 760);
    await driver.show(f.snapshot(), usual);
    await page.keyboard.press('Control+2');
    expect(await heading()).toBe('History');
    await page.keyboard.press('Control+3');
    await expect.poll(heading).toBe('Packages');
    await page.keyboard.press('Control+4');
    await expect.poll(heading).toBe('System');
    await page.keyboard.press('Control+5');
    await expect.poll(heading).toBe('Compose');
    await page.keyboard.press('Control+6');
    expect(await heading()).toBe('Activity');
    await page.keyboard.press('Control+1');
    expect(await heading()).toBe('Updates');
    await page.getByRole('grid').waitFor();
    await page.keyboard.press('Control+f');
    await page.keyboard.type('openssl');
    await page.getByText('1 package', { exact: true }).waitFor({ state: 'attached' });
    expect(await page.getByRole('row').count()).toBe(2);
    await driver.calls();
    await page.keyboard.press('F5');
    expect(await driver.calls()).toEqual([['checkForUpdate']]);
  });

  it('moves through the versions; Enter opens the details of one', async () => {
    const { page } = driver;
    await driver.resize(1100, 760);
    await driver.show(f.snapshot(), usual);
    await page.keyboard.press('Control+2');
    const rows = page.getByRole('list', { name: 'Versions' }).locator(':scope > li');
    await rows.first().focus();
    const at = (): Promise<number> => rows.evaluateAll((all) => all.indexOf(document.activeElement as HTMLElement));
    const steps: [string, number][] = [
      ['ArrowDown', 1],
      ['ArrowDown', 1],
      ['Home', 0],
      ['ArrowUp', 0],
      ['End', 1],
    ];
    for (const [key, index] of steps) {
      await page.keyboard.press(key);
      expect([key, await at()]).toEqual([key, index]);
    }
    await page.keyboard.press('Enter');
    await rows.last().getByText('Commit', { exact: true }).waitFor();
    // Tab goes into the row it is at
    await page.keyboard.press('Tab');
    expect(await rows.last().evaluate((row) => row !== document.activeElement && row.contains(document.activeElement))).toBe(true);
  });

  it('moves through the package list and into the details and back', async () => {
    const { page } = driver;
    await driver.resize(1100, 760);
    await driver.show(f.snapshot(), usual);
    const grid = page.getByRole('grid');
    await grid.focus();
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('[role=row][aria-selected=true]').innerText()).toMatch(/^less/);
    expect(await grid.getAttribute('aria-activedescendant')).toBe('package-row-less.x86_64');
    await page.keyboard.press('End');
    expect(await page.locator('[role=row][aria-selected=true]').innerText()).toMatch(/^pixman/);
    await page.keyboard.press('Enter');
    await expect.poll(focused).toMatch(/^region/);
    expect(await page.getByRole('region', { name: 'Details of pixman' }).innerText()).toContain('0.46-1 → 0.45.9-3');
    await page.keyboard.press('Escape');
    await expect.poll(focused).toMatch(/^grid/);
  });

  it('keeps the focus inside a dialog, on the safe button first, and gives it back', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), usual);
    await page.keyboard.press('Control+2');
    const opener = page.getByRole('button', { name: 'Roll back to 43.0' });
    await opener.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog', { name: 'Roll back to 43.0' }).waitFor();
    await expect.poll(focused).toBe('BUTTON Keep as it is');
    const visited = new Set<string>();
    for (let press = 0; press < 5; press++) {
      visited.add(await focused());
      await page.keyboard.press('Tab');
    }
    expect([...visited].sort()).toEqual(['BUTTON Keep as it is', 'BUTTON Roll back']);
    await driver.calls();
    await page.keyboard.press('Escape');
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    await expect.poll(focused).toBe('BUTTON Roll back to 43.0');
    expect(await driver.calls()).toEqual([]);
  });
});

describe('what buttons ask of the service', () => {
  it('stages, cancels, restarts', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), { ...usual, upgrade: { pending: true } });
    await driver.calls();
    await page.getByRole('button', { name: 'Download and stage' }).click();
    await driver.emitJob(f.job());
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(async () => (await driver.calls()).map(([name]) => name)).toEqual(expect.arrayContaining(['cancel']));
    await driver.emitJob(f.job({ phase: 'cancelled', endedAt: f.now }));
    await page.getByText('Cancelled. What had arrived is kept.').waitFor();
    await driver.update(f.snapshot({ deployments: [f.staged, f.booted] }));
    await page.getByRole('button', { name: 'Restart now…' }).click();
    await driver.calls();
    await page.getByRole('button', { name: 'Restart', exact: true }).click();
    await expect.poll(() => driver.calls()).toEqual([['restart']]);
  });

  it('takes a version that was rolled back from, or an older one, only when told so', async () => {
    const { page } = driver;
    await driver.show(f.snapshot({ check: { kind: 'available', checkedAt: f.now, update: { ...f.update, rolledBackFrom: true } } }), usual);
    await driver.calls();
    await page.getByRole('button', { name: 'Stage 43.2 anyway' }).click();
    expect(await driver.calls()).toEqual([]);
    await page.getByRole('button', { name: 'Take it again' }).click();
    await expect.poll(() => driver.calls()).toEqual([['upgrade', { allowDowngrade: false }]]);
  });

  it('rolls back, pins, deletes, sets the default by name', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), usual);
    await page.keyboard.press('Control+2');
    await page.getByText('335 MB').waitFor();
    await driver.calls();
    await page.getByRole('button', { name: 'Roll back to 43.0' }).click();
    await page.getByRole('button', { name: 'Roll back', exact: true }).click();
    for (const item of ['Pin', 'Start this version next…', 'Delete…']) {
      await page.getByRole('button', { name: 'Actions for 43.0' }).click();
      await page.getByRole('menuitem', { name: item, exact: true }).click();
      if (item === 'Start this version next…') await page.getByRole('button', { name: 'Start it next' }).click();
      if (item === 'Delete…') await page.getByRole('button', { name: 'Delete', exact: true }).click();
      await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    }
    await expect
      .poll(() => driver.calls())
      .toEqual([
        ['rollback', {}],
        ['pin', f.older.id, true],
        ['setDefault', f.older.id, {}],
        ['undeploy', f.older.id],
      ]);
    await page.getByRole('button', { name: 'Actions for 43.1' }).click();
    expect(await page.getByRole('menuitem').allInnerTexts()).toEqual(['Pin']);
    await page.keyboard.press('Escape');
  });

  it('says nothing about a closed password dialog', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), { ...usual, upgrade: { error: { code: 'auth.dismissed' } } });
    await page.getByRole('button', { name: 'Download and stage' }).click();
    await expect.poll(async () => (await driver.calls()).some(([name]) => name === 'upgrade')).toBe(true);
    expect(await page.getByText('Not authorised').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Download and stage' }).isEnabled()).toBe(true);
  });
});

describe('jobs', () => {
  it('follows a job of somebody else and announces steps, tens of per cent and failure', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), usual);
    const polite = page.locator('[aria-live=polite]');
    const progress = f.job().progress;
    if (!progress) throw new Error('the fixture has progress');
    await driver.emitJob(f.job({ owner: 'ada' }));
    await expect.poll(() => polite.innerText()).toBe('Upgrade: Downloading');
    await driver.emitJob(f.job({ progress: { ...progress, fraction: 0.39 } }));
    await driver.emitJob(f.job({ progress: { ...progress, fraction: 0.41 } }));
    await expect.poll(() => polite.innerText()).toBe('40%');
    expect(await page.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('41');
    await driver.emitJob(
      f.job({ phase: 'failed', endedAt: f.now, error: { code: 'disk.full', subject: '/sysroot', detail: 'No space left on device' } }),
    );
    await expect.poll(() => page.locator('[aria-live=assertive]').innerText()).toBe('Upgrade: The disk is full');
    expect(await page.getByRole('button', { name: 'Open History' }).count()).toBe(1);
  });

  it('copies a report', async () => {
    const { page, app } = driver;
    await driver.show(f.snapshot({ pastJobs: f.pastJobs }), usual);
    await page.keyboard.press('Control+6');
    await page.getByRole('button', { name: /Failed/ }).click();
    await page.getByRole('button', { name: 'Copy report' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    const text = await app.evaluate(({ clipboard }) => clipboard.readText());
    expect(text).toContain('job: upgrade (Upgrade)');
    expect(text).toContain('"code": "repo.unreachable"');
  });
});

describe('size', () => {
  it('stays fluid with 2,000 packages', async () => {
    const { page } = driver;
    await driver.resize(1100, 760);
    await driver.show(f.snapshot(), { updateDetails: { value: { ...f.details, packages: f.manyChanges, advisories: [] } } });
    const grid = page.getByRole('grid');
    await grid.waitFor();
    expect(await grid.getAttribute('aria-rowcount')).toBe('2002');
    expect(await page.getByRole('row').count()).toBeLessThan(60);
    // each of 40 frames draws what is seen, whatever a frame takes on this machine
    const drawn = await page.evaluate(async () => {
      const scroller = document.querySelector('[role=grid]') as HTMLElement;
      const counts: number[] = [];
      for (let step = 1; step <= 40; step++) {
        scroller.scrollTop = (scroller.scrollHeight * step) / 40;
        await new Promise(requestAnimationFrame);
        counts.push(scroller.querySelectorAll('[role=row]').length);
      }
      return counts;
    });
    expect(Math.max(...drawn)).toBeLessThan(80);
    expect(Math.min(...drawn)).toBeGreaterThan(0);
    expect(await page.getByRole('row', { name: /package-1999/ }).count()).toBe(1);
    await page.getByRole('tab', { name: 'Changelog' }).click();
    expect(await page.getByRole('listitem').count()).toBeLessThan(100);
  });

  it('is usable with text at 200 % and in a narrow window', async () => {
    const { page } = driver;
    await driver.resize(1100, 760, 2);
    await driver.show(f.snapshot(), usual);
    await driver.screenshot('updates-200-percent');
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await page.getByRole('button', { name: 'Download and stage' }).click({ trial: true });
    await driver.resize(480, 700);
    await driver.show(f.snapshot(), usual);
    await page.getByRole('row', { name: /^less/ }).click();
    await page.getByRole('button', { name: 'All packages' }).waitFor();
    await driver.screenshot('updates-detail-narrow');
    await page.keyboard.press('Escape');
    await page.getByRole('row', { name: /^less/ }).waitFor();
  });
});
