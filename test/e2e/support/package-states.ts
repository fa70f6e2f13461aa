// SPDX-License-Identifier: LGPL-2.1-or-later
import type { PageDriver } from './page-driver.ts';
import { click, inOrder, usual, type PageState } from './page-states.ts';
import * as f from './page-fixtures.ts';
import { liveDeployment, withMore } from './live-fixtures.ts';
import { info, layeredDeployment, list, packageAnswers, plainList, plan } from './package-fixtures.ts';

const snapshot = f.snapshot({ deployments: [layeredDeployment, f.older], check: { kind: 'up-to-date', checkedAt: f.now - 300 } });
const withUpdate = f.snapshot({ deployments: [layeredDeployment, f.older] });
const answers = { ...usual, ...packageAnswers };
const open = click('Packages');
const search =
  (text: string) =>
  ({ page }: PageDriver): Promise<void> =>
    page.getByRole('searchbox').fill(text);
const row =
  (name: RegExp) =>
  ({ page }: PageDriver): Promise<void> =>
    page.getByRole('option', { name }).first().click();
const segment =
  (name: RegExp) =>
  ({ page }: PageDriver): Promise<void> =>
    page.getByRole('radio', { name }).click();
/** The plan with an added package, a removed one and one of the base left out. */
export const collect = inOrder(
  open,
  search('vim'),
  row(/^neovim/),
  click('Add'),
  row(/^vim-enhanced/),
  click('Remove'),
  search('nano'),
  row(/^nano-default/),
  click('Leave out of the base'),
);
const bash = list.packages.find(({ name }) => name === 'bash');
export const bashVersions = {
  packages: bash
    ? [
        { ...bash, repo: 'timberline' },
        { ...bash, version: '9.9', repo: 'timberline-testing' },
      ]
    : [],
  unknown: [{ code: 'rpmmd.not-fetched', subject: 'larch' }],
};
export const wouldReplace = f.job({
  ...{ id: 'live-1', method: 'LiveFs', phase: 'failed', messages: [], endedAt: f.now },
  error: { code: 'live.would-replace', subject: 'openssl, glibc' },
});
const planOpen = inOrder(collect, click('Show plan'));

export const packageStates: readonly PageState[] = [
  {
    name: 'packages',
    snapshot,
    answers: { ...answers, packageInfo: { value: { ...info, neededBy: ['systemd', 'glibc'] } } },
    act: inOrder(open, row(/^bash/)),
    shows: ['All 1,811', 'Layered 3', 'Removed 1', 'Inactive 1', 'It is part of the base, version 43.1', 'Needed by 2 packages', '4 files'],
  },
  {
    name: 'packages-layered',
    snapshot,
    answers,
    act: inOrder(open, segment(/^Layered/), click('2 entries')),
    shows: ['Somebody asked for it: htop', '<b>bold</b> stays text', 'Needs 3 packages', '431 kB'],
  },
  {
    name: 'packages-inactive',
    snapshot,
    answers,
    act: inOrder(open, segment(/^Inactive/)),
    shows: ['strace', 'the base fulfils it already'],
  },
  {
    name: 'packages-search',
    snapshot,
    answers,
    act: inOrder(open, search('vim'), row(/^neovim/), click('Add')),
    shows: [
      'On this system 1',
      'In the repositories 2',
      'It will be added',
      '1 change planned',
      '1 repository, last looked at 3 hours ago',
    ],
  },
  {
    name: 'packages-never-fetched',
    snapshot,
    answers: { ...answers, findPackages: { error: { code: 'rpmmd.not-fetched', subject: 'timberline' } } },
    act: inOrder(open, search('zsh')),
    shows: ['No package of this version fits', 'Refresh', /never|not.*fetched/i],
    showsNot: ['Nothing else in the repositories'],
  },
  {
    name: 'packages-partly-fetched',
    snapshot,
    answers: { ...answers, findPackages: { value: { packages: [], unknown: [{ code: 'rpmmd.not-fetched', subject: 'extras' }] } } },
    act: inOrder(open, search('zsh')),
    shows: ['Without extras'],
    showsNot: ['Nothing else in the repositories'],
  },
  {
    name: 'packages-plain',
    snapshot: f.snapshot({ check: { kind: 'up-to-date', checkedAt: f.now - 300 }, deployments: [f.booted] }),
    answers: { ...answers, deploymentPackages: { value: plainList }, packageRepos: { value: { repos: [], problems: [] } } },
    act: inOrder(open, segment(/^Layered/)),
    shows: ['No packages are layered on this version'],
  },
  {
    name: 'packages-older',
    snapshot,
    answers: { ...answers, deploymentPackages: { value: { ...list, deploymentId: f.older.id } } },
    act: inOrder(
      open,
      ({ page }) => page.getByRole('button', { name: /Version/ }).click(),
      ({ page }) => page.getByRole('option', { name: /43\.0/ }).click(),
    ),
    shows: ['Changes build on 43.1', 'Show 43.1'],
    showsNot: ['Leave out of the base'],
  },
  {
    name: 'packages-unreadable',
    snapshot,
    answers: { ...answers, deploymentPackages: { error: { code: 'rpmdb.missing', subject: 'a'.repeat(64) } } },
    act: open,
    shows: ['Try again'],
  },
  {
    name: 'updates-own-packages-unknown',
    snapshot: withUpdate,
    answers,
    shows: ['Packages of this machine’s own', 'is known after looking', 'See what becomes of them'],
  },
  {
    name: 'updates-own-packages',
    snapshot: withUpdate,
    answers: { ...answers, planUpdate: { value: { checksum: 'c'.repeat(64), ...plan } } },
    act: click('See what becomes of them'),
    shows: ['7 packages are put onto the new version', /of packages are fetched for that/],
  },
  { name: 'packages-plan-empty', snapshot, answers, act: inOrder(open, click(/^Plan/, 'tab')), shows: ['Nothing is planned'] },
  {
    name: 'packages-plan',
    snapshot,
    answers,
    act: planOpen,
    shows: ['3 changes planned', '8.4 MB', 'Comes along', 'needed by libluv, neovim', 'Apply 3 changes'],
  },
  {
    name: 'packages-plan-conflict',
    snapshot,
    answers: {
      ...answers,
      planPackages: {
        error: {
          code: 'layer.base-would-change',
          subject: 'neovim',
          detail: 'ncurses-6.6-1.x86_64 would replace ncurses-6.5-1.x86_64',
          facts: { installed: 'ncurses-6.5-1.x86_64', by: 'ncurses-6.6-1.x86_64', added: 4 },
        },
      },
    },
    act: planOpen,
    shows: ['3 changes planned', 'Take neovim off the plan', 'Try again'],
  },
  {
    name: 'packages-plan-working',
    snapshot,
    answers: { ...answers, planPackages: { pending: true } },
    act: inOrder(planOpen, async ({ page }) => {
      await page.getByText('Working out what comes along').waitFor();
    }),
    shows: ['Working out what comes along'],
  },
  {
    name: 'live-offer',
    snapshot: f.snapshot({ deployments: [withMore, f.booted], check: { kind: 'up-to-date', checkedAt: f.now - 300 } }),
    answers,
    shows: ['Usable without a restart', 'Use now, without restarting'],
    showsNot: ['Take back', 'In use until'],
  },
  {
    name: 'live-whole-update',
    snapshot: f.snapshot({ deployments: [f.staged, f.booted] }),
    answers,
    shows: ['Restart now'],
    showsNot: ['without restarting'],
  },
  {
    name: 'live-used',
    snapshot: f.snapshot({ deployments: [withMore, liveDeployment({ commit: withMore.checksum })] }),
    answers,
    act: open,
    shows: ['In use until the restart', '+ htop', '+ strace', 'leads to a version that has it, too', 'Take back…'],
    showsNot: ['Use now'],
  },
  {
    name: 'live-used-goes',
    snapshot: f.snapshot({ deployments: [{ ...liveDeployment({ commit: 'd'.repeat(64) }), index: 0 }] }),
    answers,
    shows: ['After a restart of 43.1 it is gone.'],
  },
  {
    name: 'live-interrupted',
    snapshot: f.snapshot({ deployments: [withMore, liveDeployment({ inProgress: withMore.checksum })] }),
    answers,
    shows: ['A change of the running system was interrupted', 'Finish it', 'Take back…'],
    showsNot: ['Use now'],
  },
  {
    name: 'live-replaces',
    snapshot: f.snapshot({ deployments: [withMore, f.booted] }),
    answers: { ...answers, liveFs: { value: wouldReplace } },
    act: click('Use now, without restarting'),
    shows: ['It would change packages that are in use', 'openssl, glibc', 'Change them now, too…', 'Wait for the restart'],
    showsNot: ['--allow-replacement', 'can be used at once'],
  },
  {
    name: 'live-replace-ask',
    snapshot: f.snapshot({ deployments: [withMore, f.booted] }),
    answers: { ...answers, liveFs: { value: wouldReplace } },
    act: inOrder(click('Use now, without restarting'), click('Change them now, too…')),
    shows: ['Change openssl, glibc while the system runs', 'A restart is safe'],
  },
  {
    name: 'packages-versions',
    snapshot,
    answers: { ...answers, packageVersions: { value: bashVersions } },
    act: inOrder(open, row(/^bash/), click('Look for other versions'), click(/^Take this one: .* from timberline-testing$/)),
    shows: ['In the repositories', 'the same as here', 'from timberline-testing', 'Without larch', '1 change planned'],
  },
  {
    name: 'packages-versions-plan',
    snapshot,
    answers: { ...answers, packageVersions: { value: bashVersions } },
    act: inOrder(open, row(/^bash/), click('Look for other versions'), click(/^Take this one: /), click('Show plan')),
    shows: ['1 change planned', 'bash', 'from timberline-testing'],
    showsNot: ['repo='],
  },
  {
    name: 'packages-versions-none',
    snapshot,
    answers: { ...answers, packageVersions: { value: { packages: [], unknown: [] } } },
    act: inOrder(open, row(/^bash/), click('Look for other versions')),
    shows: ['No repository that is used has this package.'],
  },
];
