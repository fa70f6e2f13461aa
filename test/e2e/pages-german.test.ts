// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { expect, it } from 'vitest';
import * as c from './support/compose-fixtures.ts';
import { answerDialog, composeAnswers, place, treesOf } from './support/compose-states.ts';
import { drift, ownFileNext } from './support/etc-fixtures.ts';
import { withMore } from './support/live-fixtures.ts';
import { wouldReplace } from './support/package-states.ts';
import { withPageDriver, type PageDriver } from './support/page-driver.ts';
import * as f from './support/page-fixtures.ts';
import { stagedSnapshot } from './support/page-states.ts';
import { reviewAnswers } from './support/review-states.ts';

let driver: PageDriver;
const usual = { updateDetails: { value: f.details }, history: { value: f.historyEntries }, diskUse: { value: f.diskUse } };

withPageDriver((started) => (driver = started), { LANG: 'de_DE.UTF-8', LANGUAGE: 'de' });

it('reviews in German', async () => {
  const { page } = driver;
  await driver.resize(1100, 760);
  await driver.show(f.snapshot(), { ...usual, ...reviewAnswers });
  await page.getByRole('button', { name: 'Durchsehen …' }).click();
  await page.getByRole('tab', { name: /^Konfiguration/ }).click();
  await page.getByRole('option', { name: /sshd_config/ }).click();
  await page.getByText('Beide sind anders: Ihre behalten').first().waitFor();
  expect(await seen()).toContain('beide geändert: Ihre behalten, die des Herstellers nicht übernommen');
  await driver.screenshot('german-review');
  expect(await driver.axe()).toEqual([]);
  await driver.resize(480, 700);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
});

it('composes in German', async () => {
  const { page } = driver;
  await driver.resize(1100, 760);
  await driver.show(f.snapshot(), composeAnswers);
  const file = path.join(await treesOf(driver), 'desktop.yaml');
  const problem = { code: 'treefile.unknown-key', file, line: 5, column: 1, key: 'selinuxx', facts: { hint: 'Did you mean “selinux”?' } };
  await driver.answer('compose.check', { value: { ...c.goodCheck, problems: [problem] } });
  await answerDialog(driver, place(await treesOf(driver), 'desktop.yaml', c.treefileText));
  await page.getByRole('button', { name: 'Zusammenstellen' }).first().click();
  await page.getByRole('button', { name: 'Treefile öffnen …' }).click();
  await page.getByRole('button', { name: /^Zeile 5: Unbekannter Schlüssel im Treefile/ }).click();
  expect(await seen()).toContain('Meinten Sie „selinux“?');
  await page.locator('.cm-editor').waitFor();
  await page.keyboard.press('Control+f');
  await page.getByRole('textbox', { name: 'Suchen' }).waitFor();
  await driver.screenshot('german-compose');
  expect(await driver.axe()).toEqual([]);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Auflösen' }).click();
  await page.getByRole('tab', { name: /^Pakete ?125/ }).click();
  await page.getByText('125 Pakete ·', { exact: false }).first().waitFor();
  await page.getByRole('tab', { name: 'Zusammenstellen' }).click();
  await page.getByText('Lösen Sie zuerst die Probleme im Treefile.').waitFor();
  await driver.resize(480, 700);
  await driver.screenshot('german-compose-narrow');
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  expect(await driver.axe()).toEqual([]);
});

const seen = (): Promise<string> => driver.page.locator('body').innerText();

it('speaks German, numbers and dates included', async () => {
  const { page } = driver;
  await driver.resize(1100, 760);
  await driver.show(f.snapshot(), usual);
  await page.getByRole('grid').waitFor();
  expect(await page.locator('html').getAttribute('lang')).toBe('de');
  const text = await seen();
  expect(text).toContain('Version 43.2 ist verfügbar');
  expect(text).toContain('48,3 MB');
  expect(text).toContain('3 Sicherheitskorrekturen, höchste Stufe:');
  await driver.screenshot('german-updates');
  expect(await driver.axe()).toEqual([]);
});

it('explains failures in German, keeping the system’s own words', async () => {
  await driver.show(
    f.snapshot({
      check: {
        kind: 'failed',
        failedAt: f.now - 60,
        since: f.now - 3 * 86_400,
        error: { code: 'repo.unreachable', subject: 'https://updates.timberline.example/repo', detail: 'Could not connect to server' },
      },
    }),
  );
  const text = await seen();
  expect(text).toMatch(/Keine Prüfung möglich seit \d+\.\d+\.\d{4}, \d+:\d\d/);
  expect(text).toContain('Der Server ist nicht erreichbar');
  expect(text).toContain('Could not connect to server');
  expect(text).toContain('Prüfen Sie das Netz');
  await driver.screenshot('german-check-failed');
});

it('fits into a narrow window', async () => {
  const { page } = driver;
  await driver.resize(480, 700);
  await driver.show(
    f.snapshot({ deployments: [f.staged, f.booted, f.older], job: f.job({ method: 'Cleanup', title: 'cleanup base' }) }),
    usual,
  );
  await page.getByRole('button', { name: 'Verlauf' }).click();
  await page.getByText('Zu 43.0 zurückkehren').waitFor();
  await driver.screenshot('german-history-narrow');
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  expect(await driver.axe()).toEqual([]);
  expect(driver.complaints).toEqual([]);
});

it('tells of disk space, /etc and packages without a restart in a narrow window', async () => {
  const { page } = driver;
  const fits = async (picture: string): Promise<void> => {
    await driver.screenshot(picture);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    expect(await driver.axe()).toEqual([]);
  };
  await driver.resize(480, 700);
  await driver.show(stagedSnapshot, { ...usual, etcDrift: { value: drift }, etcOwnFile: { value: ownFileNext } });
  await page.getByRole('button', { name: 'System' }).click();
  await page.getByRole('button', { name: 'Löschen, wohin Sie zurückkehren könnten …' }).scrollIntoViewIfNeeded();
  await page.getByText('sie zu löschen gibt 335 MB frei').waitFor();
  await fits('german-disk-narrow');
  await page.getByRole('button', { name: 'Abweichungen ansehen' }).click();
  await page.getByRole('option', { name: /sshd_config/ }).click();
  await page.getByText('Vorgabe von 43.2').waitFor();
  await page.getByRole('button', { name: 'Vorgabe wiederherstellen …' }).click();
  await page.getByText('Ihre bleibt daneben als /etc/ssh/sshd_config.rpmsave').waitFor();
  await fits('german-etc-narrow');
  await driver.show(f.snapshot({ deployments: [withMore, f.booted] }), { ...usual, liveFs: { value: wouldReplace } });
  await page.getByRole('button', { name: 'Jetzt verwenden, ohne Neustart' }).click();
  await page.getByRole('button', { name: 'Auch sie jetzt ändern …' }).scrollIntoViewIfNeeded();
  await fits('german-live-narrow');
});
