// SPDX-License-Identifier: LGPL-2.1-or-later
import { chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ErrorReport } from '../../../shared/errors/index.ts';
import * as c from './compose-fixtures.ts';
import type { Answer, PageDriver } from './page-driver.ts';
import * as f from './page-fixtures.ts';
import type { PageState } from './page-states.ts';

type Act = (driver: PageDriver) => Promise<void>;

export const composeAnswers: Readonly<Record<string, Answer>> = {
  history: { value: f.historyEntries },
  diskUse: { value: f.diskUse },
  media: { value: [] },
  'compose.ability': { value: { kind: 'range', detail: '' } },
  'compose.keys': { value: c.keys },
  'compose.check': { value: c.goodCheck },
  'compose.foreign': { value: [] },
  'compose.packages': { value: c.available },
  'compose.resolve': { value: c.plan('/nowhere/desktop.yaml') },
  'compose.compose': { value: c.result },
  'compose.releases': { value: c.releases },
  'compose.release': { value: { packages: f.changes, advisories: f.details.advisories } },
};

const click =
  (name: string | RegExp, role: 'button' | 'tab' | 'menuitem' | 'option' | 'radio' = 'button'): Act =>
  ({ page }) =>
    page.getByRole(role, { name }).first().click();
const inOrder =
  (...steps: readonly Act[]): Act =>
  async (driver) => {
    for (const step of steps) await step(driver);
  };
const compose: Act = ({ page }) => page.getByRole('button', { name: 'Compose' }).first().click();

/** Where the person's own treefiles are: in the home that the app was started with. */
export const treesOf = async ({ app }: PageDriver): Promise<string> =>
  path.join(await app.evaluate(({ app: electron }) => electron.getPath('home')), 'trees');

/** Makes a file or (without text) a folder that belongs to the person. */
export function place(home: string, name: string, text?: string): string {
  const file = path.join(home, name);
  const { uid, gid } = statSync(path.dirname(home));
  mkdirSync(text === undefined ? file : path.dirname(file), { recursive: true });
  if (text !== undefined) writeFileSync(file, text);
  for (const each of [home, path.dirname(file), file]) chownSync(each, uid, gid);
  return file;
}

/** What the next file dialogs answer. */
export async function answerDialog({ app }: PageDriver, chosen: string | undefined): Promise<void> {
  await app.evaluate(({ dialog }, file) => {
    dialog.showOpenDialog = () => Promise.resolve({ canceled: !file, filePaths: file ? [file] : [] });
  }, chosen ?? '');
}

/** Opens a treefile of the person's own in the window. */
export const openTreefile =
  (text = c.treefileText, name = 'desktop.yaml'): Act =>
  async (driver) => {
    const { page } = driver;
    await compose(driver);
    await answerDialog(driver, place(await treesOf(driver), name, text));
    await page.getByRole('button', { name: 'Open treefile…' }).click();
    await page.getByRole('textbox', { name: `Text of ${name}` }).waitFor();
    // of an earlier state
    const draft = page.getByRole('button', { name: 'Drop them' });
    if (await draft.isVisible()) await draft.click();
  };

/** Chooses a repository for it. */
export const chooseTarget =
  (name = 'repo'): Act =>
  async (driver) => {
    const trees = await treesOf(driver);
    place(trees, `${name}/config`, '[core]\n');
    place(trees, `${name}/objects`);
    await answerDialog(driver, path.join(trees, name));
    await driver.page.getByRole('button', { name: /^(Choose repository|Change)…$/ }).click();
    await driver.page.getByText('Publishes to').waitFor();
  };

/** Problems name the file as it lies in the person's home. */
const checking =
  (problems: readonly Omit<ErrorReport, 'file'>[], elsewhere: readonly ErrorReport[] = []): Act =>
  async (driver) => {
    const file = path.join(await treesOf(driver), 'desktop.yaml');
    const found = [...problems.map((problem) => ({ ...problem, file })), ...elsewhere];
    await driver.answer('compose.check', { value: { ...c.goodCheck, ref: undefined, problems: found } });
  };

const failing =
  (method: string, error: Omit<ErrorReport, 'file'>, inFile = false): Act =>
  async (driver) => {
    const file = path.join(await treesOf(driver), 'desktop.yaml');
    await driver.answer(`compose.${method}`, { error: inFile ? { ...error, file } : error });
  };

const resolved: Act = async (driver) => {
  await driver.answer('compose.resolve', { value: c.plan(path.join(await treesOf(driver), 'desktop.yaml')) });
  await click('Resolve')(driver);
  await driver.page.getByRole('tab', { name: /^Packages ?125/ }).waitFor();
};
const type =
  (text: string): Act =>
  async ({ page }) => {
    await page.getByRole('textbox', { name: /^Text of/ }).click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(text);
  };

const base = { snapshot: f.snapshot(), answers: composeAnswers } as const;
const run = inOrder(click('Compose', 'tab'), async ({ page }) =>
  page.getByRole('tabpanel').getByRole('button', { name: 'Compose' }).click(),
);

export const composeStates: readonly PageState[] = [
  {
    ...base,
    name: 'compose-empty',
    act: compose,
    shows: ['Compose a system from packages', 'Open treefile…'],
    showsNot: ['Opened before'],
  },
  {
    ...base,
    name: 'compose-not-installed',
    answers: { ...composeAnswers, 'compose.keys': { error: { code: 'compose.not-installed', subject: 'node' } } },
    act: compose,
    shows: ['The composer isn’t installed', 'node wasn’t found', 'Try again'],
  },
  {
    ...base,
    name: 'compose-starting',
    answers: { ...composeAnswers, 'compose.ability': { pending: true } },
    act: compose,
    shows: ['Starting the composer…'],
  },
  {
    ...base,
    name: 'compose-without-service',
    snapshot: f.snapshot({ service: { kind: 'absent', version: '' }, deployments: [] }),
    act: compose,
    shows: ['Compose a system from packages'],
    showsNot: ['The update service doesn’t answer'],
  },
  {
    ...base,
    name: 'compose-opened',
    act: openTreefile(),
    shows: ['desktop.yaml', '~/trees', 'No repository chosen yet', 'timberline/x86_64/desktop', 'No problems found', 'openssl-libs'],
    showsNot: ['Not saved'],
  },
  { ...base, name: 'compose-recent', act: compose, shows: ['Opened before', 'desktop.yaml', '~/trees'] },
  {
    ...base,
    name: 'compose-problems',
    act: inOrder(
      checking(
        [
          { code: 'treefile.invalid-value', line: 3, column: 1, key: 'releasever', detail: 'expected a string' },
          { code: 'treefile.unknown-key', line: 5, column: 1, key: 'selinuxx', facts: { hint: 'Did you mean “selinux”?' } },
        ],
        [{ code: 'treefile.syntax', file: '/srv/trees/common.yaml', line: 12, column: 3, detail: 'A map key is missing.' }],
      ),
      openTreefile(c.treefileText.replace('selinux', 'selinuxx')),
    ),
    shows: ['3 problems', 'Line 5', 'Did you mean “selinux”?', 'common.yaml, Line 12', 'Unknown treefile key'],
  },
  {
    ...base,
    name: 'compose-warning',
    act: inOrder(
      async (driver) => {
        const file = path.join(await treesOf(driver), 'desktop.yaml');
        const warning = { code: 'treefile.unknown-key', file, line: 5, column: 1, key: 'selinux-comment' };
        await driver.answer('compose.check', { value: { ...c.goodCheck, warnings: [warning] } });
      },
      openTreefile(c.treefileText.replace('selinux', 'selinux-comment')),
    ),
    shows: ['No problems found', 'Line 5: Ignored: Unknown treefile key'],
  },
  {
    ...base,
    name: 'compose-unsaved',
    act: inOrder(openTreefile(), type('# more\n')),
    shows: ['Not saved', 'Save'],
  },
  {
    ...base,
    name: 'compose-draft',
    act: inOrder(
      openTreefile(),
      type('# kept\n'),
      async ({ page }) => {
        await page.waitForTimeout(600);
        await page.reload();
      },
      compose,
      click('desktop.yaml'),
      async ({ page }) => page.getByRole('textbox', { name: /^Text of/ }).waitFor(),
    ),
    shows: ['Changes from last time were never saved', 'Go on with them', 'Drop them'],
  },
  {
    ...base,
    name: 'compose-completion',
    act: inOrder(openTreefile(c.treefileText.replace(/units:[^]*/, '')), type('  - opens'), async ({ page }) =>
      page.getByRole('option', { name: /openssl-libs/ }).waitFor(),
    ),
    shows: ['1:3.2.2-4'],
  },
  {
    ...base,
    name: 'compose-resolving',
    answers: { ...composeAnswers, 'compose.resolve': { pending: true } },
    act: inOrder(openTreefile(), click('Resolve')),
    shows: ['Finding out which packages it takes…', 'Cancel'],
  },
  {
    ...base,
    name: 'compose-not-resolved',
    act: inOrder(openTreefile(), click('Packages', 'tab')),
    shows: ['Not resolved yet', 'Nothing is downloaded but lists'],
  },
  {
    ...base,
    name: 'compose-packages',
    act: inOrder(openTreefile(), resolved, click(/^Packages/, 'tab'), click(/^kernel/, 'option')),
    shows: [/125 packages · .* installed · 32 MB to download · from base, updates/, 'Show line 10', 'Timberline 43 updates (updates)'],
  },
  {
    ...base,
    name: 'compose-stale',
    act: inOrder(openTreefile(), resolved, type('# more\n'), click(/^Packages/, 'tab')),
    shows: ['The treefile or the repository has changed since'],
  },
  {
    ...base,
    name: 'compose-changes',
    act: inOrder(openTreefile(), chooseTarget(), resolved, click(/^Changes/, 'tab')),
    shows: ['From 43.20261118.0 to 43.20261125.0', '31 upgraded', 'openssl-libs'],
  },
  {
    ...base,
    name: 'compose-first-commit',
    answers: {
      ...composeAnswers,
      'compose.resolve': { value: { ...c.plan('/x'), previous: undefined, changes: [], advisories: [] } },
    },
    act: inOrder(openTreefile(), chooseTarget(), click('Resolve'), click(/^Changes/, 'tab')),
    shows: ['This would be the first version', 'timberline/x86_64/desktop'],
  },
  {
    ...base,
    name: 'compose-same',
    answers: { ...composeAnswers, 'compose.resolve': { value: { ...c.plan('/x'), unchanged: true, changes: [], advisories: [] } } },
    act: inOrder(openTreefile(), chooseTarget(), click('Resolve'), click(/^Changes/, 'tab')),
    shows: ['The same packages as 43.20261118.0', 'composing makes no new one'],
  },
  {
    ...base,
    name: 'compose-unresolvable',
    act: inOrder(
      failing('resolve', { code: 'package.not-found', subject: 'opensssl-libs', line: 11, column: 5, key: 'packages' }, true),
      openTreefile(c.treefileText.replace('openssl', 'opensssl')),
      click('Resolve'),
      click('Show line 11'),
    ),
    shows: ['No such package', 'No repository has “opensssl-libs”.', 'Show line 11'],
  },
  {
    ...base,
    name: 'compose-repository-away',
    act: inOrder(
      failing('resolve', { code: 'rpmmd.unreachable', subject: 'updates', detail: 'Cannot download repomd.xml: 404' }),
      openTreefile(),
      click('Resolve'),
    ),
    shows: ['A package repository can’t be reached', 'Cannot download repomd.xml: 404'],
  },
  {
    ...base,
    name: 'compose-run-before',
    act: inOrder(openTreefile(), chooseTarget(), resolved, click('Compose', 'tab')),
    shows: ['Compose version 43.20261125.0', 'published as one commit', '32 MB to download'],
  },
  {
    ...base,
    name: 'compose-run-blocked',
    act: inOrder(openTreefile(c.treefileText, 'other.yaml'), click('Compose', 'tab')),
    shows: ['Compose the next version', 'Choose the repository to publish to first.'],
  },
  {
    ...base,
    name: 'compose-done',
    act: inOrder(openTreefile(), chooseTarget(), run),
    shows: ['Version 43.20261125.0 is published', 'f'.repeat(64), 'Show releases', 'Compose again'],
  },
  {
    ...base,
    name: 'compose-unchanged',
    answers: { ...composeAnswers, 'compose.compose': { value: { ...c.result, changed: false } } },
    act: inOrder(openTreefile(), chooseTarget(), run),
    shows: ['Nothing has changed: 43.20261125.0 stays the newest'],
  },
  {
    ...base,
    name: 'compose-cancelled',
    answers: { ...composeAnswers, 'compose.compose': { error: { code: 'job.cancelled' } } },
    act: inOrder(openTreefile(), chooseTarget(), run, (driver) =>
      driver.emitComposeJob(c.composeJob({ phase: 'cancelled', endedAt: f.now })),
    ),
    shows: ['Cancelled. Nothing was published'],
    showsNot: ['Details'],
  },
  {
    ...base,
    name: 'compose-disk-full',
    answers: {
      ...composeAnswers,
      'compose.compose': { error: { code: 'disk.full', subject: '/srv/repo', detail: 'No space left on device' } },
    },
    act: inOrder(openTreefile(), chooseTarget(), run),
    shows: ['The disk is full', '/srv/repo: No space left on device'],
  },
  {
    ...base,
    name: 'compose-no-namespace',
    answers: { ...composeAnswers, 'compose.ability': { value: { kind: 'none', detail: 'unshare: Operation not permitted' } } },
    act: inOrder(openTreefile(), chooseTarget(), click('Compose', 'tab')),
    shows: ['This user can’t compose here', 'unshare: Operation not permitted', 'Looking and resolving work.'],
  },
  {
    ...base,
    name: 'compose-single-id',
    answers: { ...composeAnswers, 'compose.ability': { value: { kind: 'single', detail: 'newuidmap: not found' } } },
    act: inOrder(openTreefile(), chooseTarget(), click('Compose', 'tab')),
    shows: ['Files of other users than root can’t be composed here', 'newuidmap'],
  },
  {
    ...base,
    name: 'compose-releases',
    act: inOrder(openTreefile(), chooseTarget(), click('Releases', 'tab')),
    shows: ['43.20261118.0', 'newest', '31 upgraded, 2 added', 'The first version of this branch'],
  },
  {
    ...base,
    name: 'compose-release',
    act: inOrder(openTreefile(), chooseTarget(), click('Releases', 'tab'), click(/^43\.20261118\.0/)),
    shows: ['All releases', 'openssl-libs', 'Copy checksum'],
  },
  {
    ...base,
    name: 'compose-releases-empty',
    answers: { ...composeAnswers, 'compose.releases': { value: [] } },
    act: inOrder(openTreefile(), chooseTarget(), click('Releases', 'tab')),
    shows: ['Nothing published yet'],
  },
  {
    ...base,
    name: 'compose-releases-failed',
    answers: {
      ...composeAnswers,
      'compose.releases': { error: { code: 'repo.open', subject: '/srv/repo', detail: 'opening repo: Permission denied' } },
    },
    act: inOrder(openTreefile(), chooseTarget(), click('Releases', 'tab')),
    shows: ['The repository can’t be opened', 'Try again'],
  },
  {
    ...base,
    name: 'compose-long',
    answers: {
      ...composeAnswers,
      'compose.check': { value: { ...c.goodCheck, ref: `timberline/${'a-very-long-branch-name/'.repeat(6)}desktop` } },
    },
    act: inOrder(
      openTreefile(
        `${c.treefileText}# ${'a comment that goes on and on '.repeat(20)}\n`,
        `${'a-treefile-with-a-long-name-'.repeat(4)}desktop.yaml`,
      ),
      chooseTarget('a-repository-with-a-long-name-'.repeat(5)),
      resolved,
      click(/^Packages/, 'tab'),
    ),
    shows: ['a-very-long-branch-name', 'a-repository-with-a-long-name'],
  },
  // last: it goes on, and a page that is loaded meanwhile shows it
  {
    ...base,
    name: 'compose-running',
    answers: { ...composeAnswers, 'compose.compose': { pending: true } },
    act: inOrder(openTreefile(), chooseTarget(), run, (driver) => driver.emitComposeJob(c.composeJob())),
    shows: ['Composing', '66%', 'Package scripts', '31 of 48', 'Log', 'its files belong to root', 'Cancel'],
  },
];
