// SPDX-License-Identifier: LGPL-2.1-or-later
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CommandName, Reply, TreelineBridge } from '../../shared/ipc/index.ts';
import * as c from './support/compose-fixtures.ts';
import { answerDialog, chooseTarget, composeAnswers, openTreefile, place, treesOf } from './support/compose-states.ts';
import { withPageDriver, type PageDriver } from './support/page-driver.ts';
import * as f from './support/page-fixtures.ts';

let driver: PageDriver;
let trees: string;

withPageDriver((started) => (driver = started));
beforeAll(async () => {
  trees = await treesOf(driver);
  await driver.resize(1100, 760);
});

const editor = (page: Page) => page.getByRole('textbox', { name: /^Text of/ });
const focused = (): Promise<string> =>
  driver.page.evaluate(() => {
    const at = document.activeElement;
    return `${at?.tagName ?? ''} ${at?.getAttribute('aria-label') ?? at?.textContent?.slice(0, 40) ?? ''}`;
  });
/** Calls the bridge as a hostile page would, past all types. */
const invoke = (name: string, ...args: unknown[]): Promise<Reply<unknown>> =>
  driver.page.evaluate(
    ([command, words]) =>
      (window as unknown as { treeline: TreelineBridge }).treeline.invoke(command as 'host.pin', ...(words as [string, boolean])),
    [name, args] as const,
  );
const onDisk = (name = 'desktop.yaml'): string => readFileSync(path.join(trees, name), 'utf8');

describe('by keyboard', () => {
  it('opens, writes, completes, leaves the editor, and saves', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), composeAnswers);
    await page.keyboard.press('Control+5');
    await page.getByRole('heading', { name: 'Compose a system from packages' }).waitFor();
    await answerDialog(driver, place(trees, 'desktop.yaml', c.treefileText));
    await page.getByRole('button', { name: 'Open treefile…' }).focus();
    await page.keyboard.press('Enter');
    await editor(page).waitFor();
    await editor(page).focus();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('rpm');
    await page.getByRole('option', { name: 'rpmdb' }).waitFor();
    // a list that has just opened doesn't take an Enter that was meant for the text
    await page.waitForTimeout(200);
    await page.keyboard.press('Enter');
    // a choice goes on to its values
    await page.getByRole('option', { name: 'sqlite' }).waitFor();
    await page.keyboard.press('Escape');
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Compose');
    await page.keyboard.type('ndb');
    await page.getByText('Not saved').waitFor();
    await page.keyboard.press('Control+s');
    await page.getByText('Not saved').waitFor({ state: 'detached' });
    expect(onDisk()).toBe(`${c.treefileText}rpmdb: ndb`);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Shift+Tab');
    expect(await focused()).toMatch(/^DIV Treefile/);
  });

  it('goes from a problem to its line', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), composeAnswers);
    const file = path.join(trees, 'desktop.yaml');
    const problem = { code: 'treefile.unknown-key', file, line: 5, column: 1, key: 'selinuxx' };
    await driver.answer('compose.check', { value: { ...c.goodCheck, problems: [problem] } });
    await openTreefile()(driver);
    await page.getByRole('button', { name: /^Line 5/ }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(focused).toBe('DIV Text of desktop.yaml');
    await page.keyboard.type('x');
    await page.keyboard.press('Control+s');
    await page.getByText('Not saved').waitFor({ state: 'detached' });
    expect(onDisk().split('\n')[4]).toBe('xselinux: false');
  });

  it('keeps what can be undone when another tab was looked at', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), composeAnswers);
    await openTreefile()(driver);
    await editor(page).focus();
    await page.keyboard.type('# first\n');
    await page.getByRole('tab', { name: /^Packages/ }).click();
    await page.getByRole('tab', { name: /^Treefile/ }).click();
    await editor(page).focus();
    for (let press = 0; press < 4; press++) await page.keyboard.press('Control+z');
    await page.getByText('Not saved').waitFor({ state: 'detached' });
  });
});

describe('what is asked of the composer', () => {
  it('checks, resolves and composes the opened file, saved first', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), composeAnswers);
    await openTreefile()(driver);
    await chooseTarget()(driver);
    await editor(page).focus();
    await page.keyboard.type('# a draft\n');
    await driver.calls();
    await page.getByRole('button', { name: 'Resolve' }).click();
    const file = path.join(trees, 'desktop.yaml');
    const draft = { treefile: file, text: `# a draft\n${c.treefileText}` };
    await expect.poll(() => driver.calls()).toEqual(expect.arrayContaining([['compose.resolve', draft, path.join(trees, 'repo')]]));
    expect(onDisk()).toBe(c.treefileText);
    await page.getByRole('tab', { name: 'Compose' }).click();
    await page.getByRole('button', { name: 'Save and compose' }).click();
    await page.getByRole('heading', { name: /is published$/ }).waitFor();
    expect(await driver.calls()).toEqual(expect.arrayContaining([['compose.compose', file, path.join(trees, 'repo')]]));
    expect(onDisk()).toBe(draft.text);
  });

  it('makes a repository in an empty folder, with the first compose', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), composeAnswers);
    await openTreefile()(driver);
    await answerDialog(driver, place(trees, 'fresh'));
    await page.getByRole('button', { name: 'Change…' }).click();
    await page.getByText('An empty folder').waitFor();
    await driver.calls();
    await page.getByRole('tab', { name: 'Compose' }).click();
    await page.getByRole('tabpanel').getByRole('button', { name: 'Compose' }).click();
    await page.getByRole('heading', { name: /is published$/ }).waitFor();
    const names = (await driver.calls()).filter(([name]) => ['compose.createRepo', 'compose.compose'].includes(String(name)));
    expect(names).toEqual([
      ['compose.createRepo', path.join(trees, 'fresh')],
      ['compose.compose', path.join(trees, 'desktop.yaml'), path.join(trees, 'fresh')],
    ]);
  });

  it('won’t compose into a folder that holds something else', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), composeAnswers);
    await openTreefile()(driver);
    place(trees, 'photos/cat.jpg', 'meow');
    await answerDialog(driver, path.join(trees, 'photos'));
    await page.getByRole('button', { name: 'Change…' }).click();
    await page.getByText('There is no repository, and it isn’t an empty folder either.').waitFor();
    await page.getByRole('tab', { name: 'Compose' }).click();
    expect(await page.getByRole('tabpanel').getByRole('button', { name: 'Compose' }).isDisabled()).toBe(true);
  });
});

describe('files', () => {
  it('says when another program wrote the file, and overwrites only when told', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), composeAnswers);
    await openTreefile()(driver);
    writeFileSync(path.join(trees, 'desktop.yaml'), 'ref: theirs\n');
    await editor(page).focus();
    await page.keyboard.type('# mine\n');
    await page.keyboard.press('Control+s');
    await page.getByText('The file has changed on disk').waitFor();
    expect(onDisk()).toBe('ref: theirs\n');
    expect(await driver.axe()).toEqual([]);
    await page.getByRole('button', { name: 'Save over it' }).click();
    await page.getByText('Not saved').waitFor({ state: 'detached' });
    expect(onDisk()).toBe(`# mine\n${c.treefileText}`);
  });

  it('keeps links, modes and line ends, and leaves nothing beside the file', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), composeAnswers);
    const real = place(trees, 'real/linked.yaml', c.treefileText.replaceAll('\n', '\r\n'));
    chmodSync(real, 0o640);
    if (!existsSync(path.join(trees, 'linked.yaml'))) symlinkSync('real/linked.yaml', path.join(trees, 'linked.yaml'));
    await page.keyboard.press('Control+5');
    await answerDialog(driver, path.join(trees, 'linked.yaml'));
    await page.getByRole('button', { name: 'Open treefile…' }).click();
    await editor(page).focus();
    await page.keyboard.type('# top\n');
    await page.keyboard.press('Control+s');
    await page.getByText('Not saved').waitFor({ state: 'detached' });
    expect(lstatSync(path.join(trees, 'linked.yaml')).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, 'utf8')).toBe(`# top\n${c.treefileText}`.replaceAll('\n', '\r\n'));
    expect(statSync(real).mode & 0o777).toBe(0o640);
    expect(readdirSync(path.join(trees, 'real'))).toEqual(['linked.yaml']);
  });

  it('says why it can’t write, and loses nothing', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), composeAnswers);
    const file = place(trees, 'locked/locked.yaml', c.treefileText);
    await page.keyboard.press('Control+5');
    await answerDialog(driver, file);
    await page.getByRole('button', { name: 'Open treefile…' }).click();
    await editor(page).waitFor();
    chmodSync(path.dirname(file), 0o555);
    try {
      await editor(page).focus();
      await page.keyboard.type('# kept\n');
      await page.keyboard.press('Control+s');
      await page.getByText('The file can’t be written').waitFor();
      await page.getByText('Not saved').waitFor();
      expect(readFileSync(file, 'utf8')).toBe(c.treefileText);
    } finally {
      chmodSync(path.dirname(file), 0o755);
    }
  });

  it('refuses what is no text, too large, or no file', async () => {
    const { page } = driver;
    place(trees, 'binary.yaml', 'x');
    writeFileSync(path.join(trees, 'binary.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
    place(trees, 'large.yaml', `# ${'x'.repeat(1024 * 1024)}`);
    mkdirSync(path.join(trees, 'folder.yaml'), { recursive: true });
    for (const name of ['binary.yaml', 'large.yaml', 'folder.yaml', 'missing.yaml']) {
      await driver.show(f.snapshot(), composeAnswers);
      await page.keyboard.press('Control+5');
      await answerDialog(driver, path.join(trees, name));
      await page.getByRole('button', { name: 'Open treefile…' }).click();
      await page.getByText('The file can’t be read').waitFor();
    }
  });

  it('takes tokens that were given out and nothing else: no path, no text where none belongs', async () => {
    await driver.show(f.snapshot(), composeAnswers);
    await driver.calls();
    const stranger = '00000000-0000-4000-8000-000000000000';
    const bad: readonly [CommandName, ...unknown[]][] = [
      ['compose.openRecent', '/etc/passwd'],
      ['compose.openRecent', stranger],
      ['compose.save', '/etc/passwd', 'root::0:0'],
      ['compose.save', stranger, 'x'],
      ['compose.save', stranger, 'x', { path: '/etc/passwd' }],
      ['compose.check', '../../etc/passwd', ''],
      ['compose.check', stranger, 'x'.repeat(1024 * 1024 + 1)],
      ['compose.keepDraft', stranger, 'x'],
      ['compose.resolve', stranger, 'x'],
      ['compose.run', stranger],
      ['compose.run', '/tmp/repo'],
      ['compose.releases', stranger, 'ref'],
      ['compose.release', stranger, 'not-a-checksum'],
      ['compose.chooseRepo', '/srv/repo'],
      ['compose.complete', stranger, 'x', 7],
    ];
    for (const [name, ...args] of bad)
      expect(await invoke(name, ...args), `${name} ${String(args[0])}`).toMatchObject({
        ok: false,
        error: { code: 'service.bad-argument' },
      });
    // a file that was opened once can be opened again, but is only written while it is open
    const start = (await invoke('compose.start')) as { ok: true; value: { recent: { token: string; fileName: string }[] } };
    expect(start.value.recent.length).toBeGreaterThan(0);
    expect((await driver.calls()).map(([name]) => name)).toEqual(['compose.ability', 'compose.keys']);
  });

  it('forgets a file when told so', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), composeAnswers);
    await page.keyboard.press('Control+5');
    const entry = page.getByRole('button', { name: /^linked\.yaml/ });
    await entry.waitFor();
    await page.getByRole('button', { name: 'Forget linked.yaml' }).click();
    await entry.waitFor({ state: 'detached' });
  });
});

describe('room', () => {
  it('fits at twice the size of text', async () => {
    const { page } = driver;
    await driver.show(f.snapshot(), composeAnswers);
    await openTreefile()(driver);
    await page.getByRole('button', { name: 'Resolve' }).click();
    await page.getByRole('tab', { name: /^Packages ?125/ }).waitFor();
    await driver.resize(1100, 760, 2);
    for (const tab of [/^Treefile/, /^Packages/, /^Changes/, /^Compose/, /^Releases/]) {
      await page.getByRole('tab', { name: tab }).click();
      await driver.screenshot(`compose-large-${tab.source.slice(1).toLowerCase()}`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      expect(await driver.axe()).toEqual([]);
    }
    await driver.resize(1100, 760);
    expect(driver.complaints).toEqual([]);
  });
});

// last: it closes the window
describe('a compose that outlives its window', () => {
  it('goes on, and is shown in the next one', async () => {
    const { app } = driver;
    await driver.show(f.snapshot(), { ...composeAnswers, 'compose.compose': { pending: true } });
    await openTreefile()(driver);
    await chooseTarget()(driver);
    await driver.page.getByRole('tab', { name: 'Compose' }).click();
    await driver.page.getByRole('tabpanel').getByRole('button', { name: 'Compose' }).click();
    await driver.emitComposeJob(c.composeJob());
    await driver.page.getByRole('heading', { name: 'Composing' }).waitFor();
    await driver.page.close({ runBeforeUnload: true });
    await expect.poll(() => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(0);
    const opened = app.waitForEvent('window');
    await app.evaluate(({ app: electron }) => electron.emit('second-instance', {}, []));
    const page = await opened;
    await page.getByRole('button', { name: 'Compose' }).first().click();
    await page.getByRole('tab', { name: /^Compose/ }).click();
    await page.getByRole('heading', { name: 'Composing' }).waitFor();
    expect(await page.getByRole('tabpanel').innerText()).toContain('66%');
  });
});
