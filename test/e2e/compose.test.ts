// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { e2eState } from './support/demo-process.ts';
import { closeDisplay, openDisplay } from './support/display.ts';
import { checkout, launchApp, type OrdinaryUser, ordinaryUser } from './support/ordinary-user.ts';

let user: OrdinaryUser;
let app: ElectronApplication;
let page: Page;
/** The demo's packages: a repository for each release. */
let packages: string;
let treefile: string;
let repo: string;
const shots = path.resolve(import.meta.dirname, '../../.cache/screenshots');
const shot = (name: string): Promise<unknown> => page.screenshot({ path: path.join(shots, `compose-${name}.png`), animations: 'disabled' });
const button = (name: string | RegExp) => page.getByRole('button', { name });
const tab = (name: string | RegExp) => page.getByRole('tab', { name });
const ostree = (...args: string[]): string => execFileSync('ostree', [`--repo=${repo}`, ...args], { encoding: 'utf8' });
const ref = (): string => ostree('refs').trim();

const chosen = (file: string): Promise<void> =>
  app.evaluate(({ dialog }, answer) => {
    dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [answer] });
  }, file);

/** Those of the other tests' demo host, or made now for it and us. */
function demoPackages(): string {
  const made = path.join(e2eState, 'packages');
  if (!existsSync(path.join(made, 'release-3/repodata/repomd.xml')))
    execFileSync(process.execPath, [path.join(checkout, 'dist/demo/demo.mjs'), 'packages', made], { stdio: 'ignore' });
  return made;
}

/** Give what was made for the person to them. */
function give(folder: string): void {
  for (const name of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })])
    chownSync(path.join(folder, name), user.uid, user.gid);
}

beforeAll(async () => {
  await openDisplay();
  user = ordinaryUser();
  packages = realpathSync(demoPackages());
  const trees = path.join(user.home, 'trees');
  mkdirSync(trees);
  for (const name of ['meadow.yaml', 'meadow.repo']) cpSync(path.join(packages, 'release-1', name), path.join(trees, name));
  treefile = path.join(trees, 'meadow.yaml');
  writeFileSync(treefile, readFileSync(treefile, 'utf8').replace('selinux: false', 'selinuxx: false'));
  repo = path.join(trees, 'repo');
  mkdirSync(repo);
  give(trees);
  // no update service is needed to build trees
  app = await launchApp(user, { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${path.join(user.home, 'no-bus')}` });
  page = await app.firstWindow();
  page.setDefaultTimeout(180_000);
});

afterAll(async () => {
  await app?.close();
  // files of a namespace's other users may lie in the cache: root removes them
  user?.remove();
  await closeDisplay();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await shot(`failed-${task.name.replaceAll(/[^a-z]+/gi, '-')}`).catch(() => undefined);
});

describe('composing the demo’s distribution, as an ordinary user', () => {
  it('opens a treefile and leads to what is wrong in it', async () => {
    await button('Compose').first().click();
    await chosen(treefile);
    await button('Open treefile…').click();
    await button(/^Line 5: Unknown treefile key.*Did you mean “selinux”/).click();
    await shot('1-problem');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Text of meadow.yaml');
  });

  it('corrects the line, by keyboard, and saves it', async () => {
    // the cursor stands at the key
    for (let press = 0; press < 'selinux'.length; press++) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Delete');
    await page.getByText('No problems found in the treefile').waitFor();
    const { ino, mode } = statSync(treefile);
    await page.keyboard.press('Control+s');
    await page.getByText('Not saved').waitFor({ state: 'detached' });
    const saved = statSync(treefile);
    expect(readFileSync(treefile, 'utf8')).toContain('\nselinux: false\n');
    // replaced as a whole, mode and owner as before, nothing left beside it
    expect(saved).toMatchObject({ mode, uid: user.uid });
    expect(saved.ino).not.toBe(ino);
    expect(readdirSync(path.dirname(treefile)).sort()).toEqual(['meadow.repo', 'meadow.yaml', 'repo']);
  });

  it('completes a package’s name from the repository', async () => {
    await page.getByRole('textbox', { name: 'Text of meadow.yaml' }).click();
    await page.keyboard.press('Control+f');
    await page.keyboard.type('libclover.i686');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.keyboard.type('- wil');
    await page.getByRole('option', { name: /^willow-editor/ }).waitFor();
    await shot('2-completion');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+s');
    await page.getByText('Not saved').waitFor({ state: 'detached' });
    expect(readFileSync(treefile, 'utf8')).toContain('- libclover.i686\n  - willow-editor\n');
  });

  it('resolves: what would be in it, and who asks for it', async () => {
    await button('Resolve').click();
    await tab(/^Packages ?40$/).click();
    await page.getByText(/^40 packages · .* installed · nothing to download · from meadow$/).waitFor();
    await page.getByRole('searchbox').fill('willow');
    const detail = page.getByRole('region', { name: 'Details of willow-editor' });
    await detail.getByText('The treefile asks for it.').waitFor();
    expect(await detail.innerText()).toContain(`file://${packages}/release-1`);
    await shot('3-packages');
  });

  it('composes into a new repository', async () => {
    await chosen(repo);
    await button('Choose repository…').click();
    await page.getByText('An empty folder: a new repository is made there').waitFor();
    await tab('Compose').click();
    await page.getByRole('tabpanel').getByRole('button', { name: 'Compose', exact: true }).click();
    await page.getByRole('heading', { name: 'Version 1 is published' }).waitFor({ timeout: 180_000 });
    await shot('4-published');
    const checksum = ostree('rev-parse', ref()).trim();
    expect(await page.getByRole('tabpanel').innerText()).toContain(checksum);
    expect(ostree('fsck')).toContain('no errors found');
    expect(statSync(path.join(repo, 'config')).uid).toBe(user.uid);
    // as other programs see it: files belong to root
    expect(ostree('ls', ref(), '/usr/bin/busybox')).toMatch(/^-00755 0 0 /);
  });

  it('says that nothing changed instead of publishing the same again', async () => {
    await button('Compose again').click();
    await page.getByRole('heading', { name: 'Nothing has changed: 1 stays the newest' }).waitFor({ timeout: 180_000 });
    expect(ostree('log', ref()).match(/^commit /gm)).toHaveLength(1);
  });

  it('shows the difference to the last version, with changelogs, before composing', async () => {
    const repoFile = path.join(path.dirname(treefile), 'meadow.repo');
    writeFileSync(repoFile, readFileSync(repoFile, 'utf8').replace('release-1', 'release-2'));
    await button('Resolve').click();
    await tab(/^Changes ?\d+$/).click();
    await page.getByText(/^From 1 to 1\.1 · \d+ upgraded, 1 added, 1 removed/).waitFor();
    await page.getByRole('searchbox').fill('libthistle');
    const detail = page.getByRole('region', { name: 'Details of libthistle' });
    await detail.getByText('CVE-2026-20001', { exact: false }).first().waitFor();
    await shot('5-changes');
    expect(ostree('log', ref()).match(/^commit /gm)).toHaveLength(1);
  });

  it('publishes it, and lists what was published', async () => {
    await tab('Compose').click();
    await page.getByRole('tabpanel').getByRole('button', { name: 'Compose again' }).click();
    await page.getByRole('heading', { name: 'Version 1.1 is published' }).waitFor({ timeout: 180_000 });
    await button('Show releases').click();
    const rows = page.getByRole('tabpanel').getByRole('listitem');
    await expect.poll(() => rows.count()).toBe(2);
    await rows.first().getByRole('button').click();
    await page.getByRole('row', { name: /trellis/ }).waitFor();
    await shot('6-releases');
    expect(ostree('log', ref()).match(/^commit /gm)).toHaveLength(2);
    expect(ostree('fsck')).toContain('no errors found');
  });
});
