// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkState } from './support/check-state.ts';
import { withPageDriver, type PageDriver } from './support/page-driver.ts';
import * as f from './support/page-fixtures.ts';
import * as r from './support/review-fixtures.ts';
import { reviewAnswers, reviewStates } from './support/review-states.ts';

let driver: PageDriver;

withPageDriver((started) => (driver = started));

describe('every state of review, sources and restarts', () => {
  it.each(reviewStates.map((state) => [state.name, state] as const))('%s', (_name, state) => checkState(driver, state));
});

const stagedSnapshot = f.snapshot({ deployments: [f.staged, f.booted, { ...f.older, index: 2 }] });
const home = (): Promise<string> => driver.app.evaluate(({ app }) => app.getPath('home'));

describe('what buttons ask of the service', () => {
  it('fetches what the preview needs, and shows it then', async () => {
    const { page } = driver;
    await driver.resize(1100, 760);
    const notHere = { ...r.etc, available: false, fetchBytes: 184_000, entries: [] };
    const fetched = f.job({ method: 'FetchReview', phase: 'succeeded', endedAt: f.now });
    await driver.show(f.snapshot(), { ...reviewAnswers, etcPreview: { value: notHere }, fetchReview: { value: fetched } });
    await page.getByRole('button', { name: 'Review…' }).click();
    await page.getByRole('tab', { name: /^Configuration/ }).click();
    const button = page.getByRole('button', { name: 'Fetch the configuration' });
    await button.waitFor();
    await driver.calls();
    await driver.answer('etcPreview', { value: r.etc });
    await button.click();
    await page.getByRole('option', { name: /chrony/ }).waitFor();
    expect((await driver.calls()).map(([name]) => name)).toEqual(expect.arrayContaining(['fetchReview', 'etcPreview']));
  });

  it('schedules, postpones and cancels a restart', async () => {
    const { page } = driver;
    await driver.show(stagedSnapshot, {
      ...reviewAnswers,
      scheduleRestart: { value: r.scheduled },
      postponeRestart: { value: r.scheduled },
    });
    await page.getByRole('button', { name: 'Schedule restart…' }).click();
    await driver.calls();
    await page.getByText('In an hour').click();
    await page.getByRole('button', { name: 'Schedule', exact: true }).click();
    await page.getByRole('button', { name: 'Postpone by an hour' }).click();
    await page.getByRole('button', { name: 'Cancel restart' }).click();
    await page.getByRole('button', { name: 'Cancel restart' }).waitFor({ state: 'detached' });
    const [scheduled, ...rest] = await driver.calls();
    expect(scheduled?.[0]).toBe('scheduleRestart');
    expect(Math.abs(Number(scheduled?.[1]) - Date.now() / 1000 - 3600)).toBeLessThan(120);
    expect(rest).toEqual([['postponeRestart', 3600], ['cancelScheduledRestart']]);
  });

  it('restarts over somebody’s head only by a button that says so', async () => {
    const { page } = driver;
    await driver.show(stagedSnapshot, { ...reviewAnswers, restartBlockers: { value: r.blockers } });
    await page.getByRole('button', { name: 'Restart now…' }).click();
    await driver.calls();
    await page.getByRole('button', { name: 'Restart anyway' }).click();
    await expect.poll(() => driver.calls()).toEqual([['restart', { force: true }]]);
  });

  it('pauses a download and goes on from there', async () => {
    const { page } = driver;
    await driver.show(f.snapshot({ job: f.job() }), reviewAnswers);
    await driver.calls();
    await page.getByRole('button', { name: 'Pause' }).click();
    await expect.poll(() => driver.calls()).toEqual([['pause']]);
    await driver.update(f.snapshot());
    await driver.emitJob(f.job({ phase: 'cancelled', endedAt: f.now, error: { code: 'job.paused', subject: 'upgrade' } }));
    await page.getByRole('button', { name: 'Resume' }).click();
    await expect.poll(async () => (await driver.calls()).filter(([name]) => name === 'upgrade')).toEqual([['upgrade', {}]]);
  });

  it('changes the source to a chosen version, after its preview', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), { ...reviewAnswers, rebase: { value: f.job({ phase: 'succeeded', endedAt: f.now }) } });
    await page.keyboard.press('Control+2');
    await page.getByRole('tab', { name: 'Sources' }).click();
    await page.getByRole('button', { name: 'Change source…' }).click();
    await page.getByRole('button', { name: /The newest/ }).click();
    await page.getByRole('option', { name: /43\.9/ }).click();
    await page.getByRole('button', { name: 'Change to it and stage 44.0' }).click();
    const rebased = async (): Promise<unknown[][]> => (await driver.calls()).filter(([name]) => name === 'rebase' || name === 'preview');
    await expect.poll(rebased).toContainEqual(['rebase', 'timberline:timberline/testing/x86_64', { revision: '5'.repeat(64) }]);
    expect(await page.locator('h1').innerText()).toBe('Updates');
  });

  it('says once what is new', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), { ...reviewAnswers, whatsNew: { value: r.whatsNew } });
    const card = page.getByRole('region', { name: 'You’re now on 43.1' });
    await driver.calls();
    await card.getByRole('button', { name: 'Close' }).click();
    await card.waitFor({ state: 'detached' });
    expect(await driver.calls()).toContainEqual(['acknowledgeWhatsNew']);
  });
});

describe('files', () => {
  it('saves a report where main’s dialog says', async () => {
    const { page, app } = driver;
    const file = path.join(await home(), 'review.md');
    await app.evaluate(({ dialog }, filePath) => {
      dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath });
    }, file);
    await driver.show(f.snapshot(), reviewAnswers);
    await page.getByRole('button', { name: 'Review…' }).click();
    for (const [item, check] of [
      ['To read (Markdown)…', '# Review: 43.1 → 43.2'],
      ['For programs (JSON)…', '"kind": "treeline-review"'],
    ] as const) {
      await page.getByRole('button', { name: 'Export report' }).click();
      await page.getByRole('menuitem', { name: item }).click();
      await expect.poll(() => readFileSync(file, { encoding: 'utf8', flag: 'a+' })).toContain(check);
    }
    await page.getByText('The report is saved as review.md').waitFor();
    const report = JSON.parse(readFileSync(file, 'utf8')) as { etcDiffs: { path: string }[]; update: { packages: unknown[] } };
    expect(report.update.packages).toHaveLength(f.changes.length);
    expect(report.etcDiffs).not.toHaveLength(0);
  });

  it('says where a report can’t be written, and nothing when the dialog is closed', async () => {
    const { page, app } = driver;
    await app.evaluate(({ dialog }) => {
      dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath: '/proc/review.md' });
    });
    await driver.show(f.snapshot(), reviewAnswers);
    await page.getByRole('button', { name: 'Review…' }).click();
    await page.getByRole('button', { name: 'Export report' }).click();
    await page.getByRole('menuitem', { name: 'To read (Markdown)…' }).click();
    await page.getByText('The file can’t be written').waitFor();
    await app.evaluate(({ dialog }) => {
      dialog.showSaveDialog = () => Promise.resolve({ canceled: true, filePath: '' });
    });
    await driver.show(f.snapshot(), reviewAnswers);
    await page.getByRole('button', { name: 'Review…' }).click();
    await page.getByRole('button', { name: 'Export report' }).click();
    await page.getByRole('menuitem', { name: 'To read (Markdown)…' }).click();
    await page.getByRole('button', { name: 'Export report' }).waitFor();
    expect(await page.getByText('The report is saved').count()).toBe(0);
  });

  it('shows a key’s fingerprint before trusting it; the window never names the file', async () => {
    const { page, app } = driver;
    const file = path.join(await home(), 'release.asc');
    writeFileSync(file, 'key material', { mode: 0o644 });
    await app.evaluate(({ dialog }, chosen) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [chosen] });
    }, file);
    await driver.show(f.snapshot(), { ...reviewAnswers, inspectKey: { value: [r.releaseKey] }, importKey: { value: [r.releaseKey] } });
    await page.keyboard.press('Control+2');
    await page.getByRole('tab', { name: 'Sources' }).click();
    await page.getByRole('button', { name: 'Actions for timberline' }).click();
    await page.getByRole('menuitem', { name: 'Import a key…' }).click();
    await driver.calls();
    await page.getByRole('button', { name: 'Choose the key file…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Import a key for timberline' });
    await dialog.getByText('3C1D 7A55 90AA 41B2 7E0B 4F8D 6F8A 2D4C 91B0 E357').waitFor();
    await driver.screenshot('sources-key-dialog');
    expect(await driver.axe()).toEqual([]);
    const base64 = Buffer.from('key material').toString('base64');
    expect(await driver.calls()).toEqual([['inspectKey', base64]]);
    await dialog.getByRole('button', { name: 'The fingerprint fits: trust it' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await driver.calls()).toContainEqual(['importKey', 'timberline', base64]);
  });

  it('takes an update from a folder or from one file; each has a dialog of its kind', async () => {
    const { page, app } = driver;
    await driver.show(f.snapshot(), { ...reviewAnswers, preview: { value: f.details } });
    for (const [entry, chosen, kind] of [
      ['Update from a folder…', '/run/media/robin/STICK', 'openDirectory'],
      ['Update from a file…', '/run/media/robin/STICK/stable-43.2.tldelta', 'openFile'],
    ] as const) {
      await app.evaluate(({ dialog }, file) => {
        dialog.showOpenDialog = (...given: unknown[]) => {
          (globalThis as unknown as { askedFor: unknown }).askedFor = given.at(-1);
          return Promise.resolve({ canceled: false, filePaths: [file] });
        };
      }, chosen);
      await page.getByRole('button', { name: 'More' }).click();
      await driver.calls();
      await page.getByRole('menuitem', { name: entry }).click();
      await page.getByRole('heading', { name: chosen.split('/').at(-1) as string }).waitFor();
      expect(await driver.calls()).toContainEqual(['preview', { medium: chosen }]);
      const asked = await app.evaluate(() => (globalThis as unknown as { askedFor: { properties: string[]; filters?: unknown } }).askedFor);
      expect(asked.properties).toEqual([kind]);
      if (kind === 'openFile') expect(asked.filters).toEqual([{ name: 'Update files', extensions: ['tldelta', 'delta'] }]);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'More' }).waitFor();
    }
  });

  it('refuses a medium that was neither found nor chosen, and a token nobody gave', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), reviewAnswers);
    const invoke = (name: string, ...args: unknown[]): Promise<unknown> =>
      page.evaluate(
        ([command, given]) =>
          (window as unknown as { treeline: { invoke(name: string, ...args: unknown[]): Promise<unknown> } }).treeline.invoke(
            command,
            ...given,
          ),
        [name, args] as const,
      );
    const refused = expect.objectContaining({
      ok: false,
      error: expect.objectContaining({ code: 'service.bad-argument' }) as unknown,
    }) as unknown;
    await driver.calls();
    expect(await invoke('media.upgrade', '/etc', {})).toEqual(refused);
    expect(await invoke('review.preview', { medium: '/etc' })).toEqual(refused);
    expect(await invoke('remotes.importKey', 'timberline', crypto.randomUUID())).toEqual(refused);
    expect(await invoke('review.etcFile', '../shadow')).toEqual(refused);
    expect(await driver.calls()).toEqual([]);
  });
});

describe('size and keyboard', () => {
  it('stays fluid with 2,000 files, and finds one as one types', async () => {
    const { page } = driver;
    await driver.resize(1100, 760);
    await driver.show(stagedSnapshot, { ...reviewAnswers, reviewSummary: { value: r.stagedSummary }, treeDiff: { value: r.manyFiles } });
    await page.getByRole('button', { name: 'Review…' }).click();
    await page.getByRole('tab', { name: 'Files' }).click();
    const list = page.getByRole('listbox', { name: 'Files' });
    await list.waitFor();
    await page.getByText('The first 2,000 of 120,000 files that differ.').waitFor();
    expect(await page.getByRole('option').count()).toBeLessThan(60);
    // each of 40 frames draws what is seen, whatever a frame takes on this machine
    const drawn = await page.evaluate(async () => {
      const scroller = document.querySelector('[role=listbox]') as HTMLElement;
      const counts: number[] = [];
      for (let step = 1; step <= 40; step++) {
        scroller.scrollTop = (scroller.scrollHeight * step) / 40;
        await new Promise(requestAnimationFrame);
        counts.push(scroller.querySelectorAll('[role=option]').length);
      }
      return counts;
    });
    expect(Math.max(...drawn)).toBeLessThan(80);
    expect(Math.min(...drawn)).toBeGreaterThan(0);
    await list.focus();
    await page.keyboard.press('End');
    await page.getByRole('option', { name: /package-1999/, selected: true }).waitFor();
    await page.keyboard.press('Control+f');
    await page.keyboard.type('1234 readme');
    await page.getByText('1 file', { exact: true }).waitFor({ state: 'attached' });
    expect(await page.getByRole('option').count()).toBe(1);
  });

  it('lists 2,000 files of /etc, what needs a look first', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), { ...reviewAnswers, etcPreview: { value: r.manyEtc } });
    await page.getByRole('button', { name: 'Review…' }).click();
    await page.getByRole('tab', { name: /^Configuration/ }).click();
    await page.getByRole('option').first().waitFor();
    expect(await page.getByRole('option').count()).toBeLessThan(60);
    expect(await page.getByRole('option').first().getAttribute('aria-setsize')).toBe('2000');
    expect(await page.getByRole('option').first().innerText()).toContain('both changed');
  });

  it('goes through a review without a pointer and back', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), reviewAnswers);
    await page.getByRole('button', { name: 'Review…' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Review of 43.2' }).waitFor();
    await page.getByRole('tab', { name: 'Overview' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    const list = page.getByRole('listbox');
    await list.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')))
      .toBe('Details of /etc/ssh/sshd_config');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('listbox');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('h1').innerText()).toBe('Updates');
  });

  it('is usable with text at 200 %', async () => {
    const { page } = driver;
    await driver.resize(1100, 760, 2);
    await driver.show(f.snapshot(), reviewAnswers);
    await page.getByRole('button', { name: 'Review…' }).click();
    await page.getByRole('heading', { name: 'Review of 43.2' }).waitFor();
    await driver.screenshot('review-200-percent');
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await driver.resize(1100, 760);
  });
});
