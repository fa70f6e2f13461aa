// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { noLayering } from '../../shared/domain/index.ts';
import { closeDisplay, openDisplay } from './support/display.ts';
import { startPageDriver, withPageDriver, type PageDriver } from './support/page-driver.ts';
import { drift, ownFile } from './support/etc-fixtures.ts';
import * as f from './support/page-fixtures.ts';
import { stagedSnapshot, usual } from './support/page-states.ts';
import { allRepos, dead, deadRefresh, newKey, offered, timberline, untrusted } from './support/repo-fixtures.ts';

const answers = { ...usual, packageRepos: { value: allRepos }, offeredKeys: { value: offered } };
const changed = (more: Parameters<typeof f.job>[0]) => ({ value: f.job({ phase: 'succeeded', messages: [], changed: true, ...more }) });
const asked = async (driver: PageDriver, names: readonly string[]): Promise<unknown> =>
  (await driver.calls()).filter(([method]) => names.includes(String(method)));
const focused = (driver: PageDriver): Promise<string> =>
  driver.page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '');

describe('the System page by keyboard alone', () => {
  let driver: PageDriver;
  withPageDriver((started) => (driver = started));

  it('switches one off and keeps the focus; a closed password dialog leaves it on', async () => {
    const { page } = driver;
    await driver.resize(1100, 760);
    await driver.show(f.snapshot(), answers);
    await page.keyboard.press('Control+4');
    const toggle = page.getByRole('switch', { name: 'Use Timberline 43', exact: true });
    await toggle.focus();
    await driver.answer('modifyPackageRepo', { error: { code: 'auth.dismissed' } });
    await driver.calls();
    await page.keyboard.press('Space');
    await expect.poll(() => asked(driver, ['modifyPackageRepo'])).toEqual([['modifyPackageRepo', 'timberline', { enabled: false }]]);
    await expect.poll(() => toggle.isChecked()).toBe(true);
    expect(await page.getByText('Copy details').count()).toBe(0);
    await driver.answer('modifyPackageRepo', changed({ id: 'modify-1', method: 'ModifyYumRepo' }));
    await driver.answer('packageRepos', { value: { ...allRepos, repos: [{ ...timberline, enabled: false }, untrusted] } });
    await page.keyboard.press('Space');
    await expect.poll(() => toggle.isChecked()).toBe(false);
    await page.getByRole('switch', { name: 'Use Larch builds' }).waitFor({ state: 'detached' });
    expect(await focused(driver)).toBe('Use Timberline 43');
  });

  it('refreshes without a dead one when told so, and names what was passed over', async () => {
    const { page } = driver;
    await driver.show(f.snapshot({ pastJobs: [deadRefresh] }), { ...answers, refreshMd: { value: deadRefresh } });
    await page.keyboard.press('Control+4');
    await page.getByRole('button', { name: 'Refresh', exact: true }).focus();
    await page.keyboard.press('Enter');
    const others = page.getByRole('button', { name: 'Refresh those that can be reached' });
    await others.focus();
    await driver.answer('refreshMd', changed({ id: 'refresh-2', method: 'RefreshMd', startedAt: f.now }));
    await driver.answer('packageRepos', { value: { repos: [{ ...timberline, refreshedAt: f.now }, dead], problems: [] } });
    await page.keyboard.press('Enter');
    await page.getByText('Not reached: Larch builds').waitFor();
    expect(await page.getByText('Not fetched').count()).toBe(1);
    expect(await asked(driver, ['refreshMd'])).toEqual([
      ['refreshMd', { force: true, skipUnavailable: false }],
      ['refreshMd', { force: true, skipUnavailable: true }],
    ]);
    await expect.poll(() => focused(driver)).toBe('Package repositories');
  });

  it('trusts a key only after a yes that names its fingerprint', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), answers);
    await page.keyboard.press('Control+4');
    await page.getByRole('button', { name: /^Look at its keys/ }).focus();
    await page.keyboard.press('Enter');
    const yes = page.getByRole('checkbox', { name: /9E04 77C1/ });
    await yes.waitFor();
    expect(await page.getByRole('button', { name: 'Trust', exact: true }).isDisabled()).toBe(true);
    await yes.focus();
    await page.keyboard.press('Space');
    await driver.answer('importPackageKey', { error: { code: 'remote.other-key', subject: newKey.fingerprint, detail: 'ABCD' } });
    await page.getByRole('button', { name: 'Trust', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('The file holds other keys').waitFor();
    await driver.answer('importPackageKey', { value: [newKey] });
    const from = '/etc/treeline/package-keys/pine/key.asc';
    await driver.answer('packageRepos', {
      value: { repos: [{ ...untrusted, keys: [{ ...newKey, from }], absentKeys: [] }], problems: [] },
    });
    await driver.calls();
    await page.getByRole('button', { name: 'Trust', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await asked(driver, ['importPackageKey'])).toEqual([['importPackageKey', 'pine', offered[0]?.key, [newKey.fingerprint]]]);
    await page.getByRole('switch', { name: 'Use Larch builds' }).waitFor({ state: 'detached' });
    await expect.poll(() => focused(driver)).toBe('Package repositories');
    await page.getByRole('button', { name: '1 trusted key' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText(from).waitFor();
  });

  it('deletes what one can go back to after a question that names it', async () => {
    const { page } = driver;
    await driver.show(stagedSnapshot, answers);
    await page.keyboard.press('Control+4');
    await page.getByRole('button', { name: 'Delete what you can go back to…' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(driver)).toBe('Keep as it is');
    await driver.answer('cleanup', changed({ id: 'cleanup-1', method: 'Cleanup' }));
    await driver.calls();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect.poll(() => asked(driver, ['cleanup'])).toEqual([['cleanup', ['rollback-deploy']]]);
    await driver.update(f.snapshot({ deployments: [f.staged, f.booted] }));
    await page.getByRole('button', { name: 'Delete what you can go back to…' }).waitFor({ state: 'detached' });
    await expect.poll(() => focused(driver)).toBe('Disk space');
  });

  it('puts a default back after a question, and tells where the own file is', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), { ...answers, etcOwnFile: { value: ownFile } });
    await page.keyboard.press('Control+4');
    await page.getByRole('button', { name: 'Look at the differences' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('listbox').focus();
    for (let at = 0; at < 2; at++) await page.keyboard.press('ArrowDown');
    await page.getByRole('heading', { name: '/etc/ssh/sshd_config' }).waitFor();
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(driver)).toContain('/etc/ssh/sshd_config');
    await page.getByRole('button', { name: 'Restore the default…' }).waitFor();
    await page.keyboard.press('Tab');
    await expect.poll(() => focused(driver)).toBe('Restore the default…');
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(driver)).toBe('Keep as it is');
    await driver.answer('restoreEtc', { error: { code: 'auth.dismissed' } });
    await driver.calls();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect.poll(() => asked(driver, ['restoreEtc'])).toEqual([['restoreEtc', 'ssh/sshd_config']]);
    await expect.poll(() => focused(driver)).toBe('Restore the default…');
    expect(await page.getByText('Copy details').count()).toBe(0);
    await driver.answer('restoreEtc', { value: { changed: true, savedAs: 'ssh/sshd_config.2.rpmsave' } });
    const left = drift.entries.filter(({ path }) => path !== 'ssh/sshd_config');
    await driver.answer('etcDrift', { value: { ...drift, entries: left } });
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').or(page.getByRole('alertdialog')).getByRole('button', { name: 'Restore the default' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('What was there is /etc/ssh/sshd_config.2.rpmsave now.').waitFor();
    await page.getByRole('option', { name: /sshd_config/ }).waitFor({ state: 'detached' });
    expect(await focused(driver)).toContain('/etc/ssh/sshd_config is the default again');
    await page.keyboard.press('Escape');
    await page.getByText('4 files changed · 1 removed · 2 added.').waitFor();
  });

  it('has the initramfs made here with arguments, and keeps the focus over the new version', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), answers);
    await page.keyboard.press('Control+4');
    await page.getByRole('radio', { name: /comes with the base/ }).focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('textbox', { name: /^Arguments for dracut/ }).focus();
    await page.keyboard.type('--add "lvm');
    await page.getByText('A quote isn’t closed').waitFor();
    await page.keyboard.type(' crypt"');
    await driver.answer('setInitramfs', changed({ id: 'initramfs-1', method: 'SetInitramfsState' }));
    await driver.calls();
    await page.getByRole('button', { name: 'Set initramfs' }).focus();
    await page.keyboard.press('Enter');
    await expect
      .poll(() => asked(driver, ['setInitramfs']))
      .toEqual([['setInitramfs', { regenerate: true, args: ['--add', 'lvm crypt'] }]]);
    const layering = { ...noLayering, regenerateInitramfs: true, initramfsArgs: ['--add', 'lvm crypt'] };
    await driver.update(f.snapshot({ deployments: [{ ...f.staged, origin: { ...f.staged.origin, layering } }, f.booted] }));
    await expect.poll(() => focused(driver)).toBe('Initramfs');
    expect(await page.getByRole('textbox', { name: /^Arguments for dracut/ }).inputValue()).toBe('--add "lvm crypt"');
  });
});

it('shows repositories in German', async () => {
  await openDisplay();
  const driver = await startPageDriver({ LANG: 'de_DE.UTF-8', LANGUAGE: 'de' });
  const { page } = driver;
  await driver.resize(1100, 1600);
  await driver.show(f.snapshot({ pastJobs: [deadRefresh] }), answers);
  await page.keyboard.press('Control+4');
  await page.getByText('Nie geholt: Was sie bietet, ist nicht bekannt.').waitFor();
  await driver.screenshot('german-repos');
  await page.getByRole('button', { name: /^Ihre Schlüssel ansehen/ }).click();
  await page.getByText('Vertraut wird nur für Pine Extra.').waitFor();
  await driver.screenshot('german-repo-keys');
  expect(await driver.axe()).toEqual([]);
  await driver.close();
  await closeDisplay();
});
