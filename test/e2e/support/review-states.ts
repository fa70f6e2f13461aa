// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Answer, PageDriver } from './page-driver.ts';
import * as f from './page-fixtures.ts';
import type { PageState } from './page-states.ts';
import * as r from './review-fixtures.ts';

const click =
  (name: string | RegExp, role: 'button' | 'tab' | 'menuitem' | 'radio' | 'option' = 'button') =>
  (driver: PageDriver) =>
    driver.page.getByRole(role, { name }).first().click();
const inOrder =
  (...steps: readonly ((driver: PageDriver) => Promise<void>)[]) =>
  async (driver: PageDriver): Promise<void> => {
    for (const step of steps) await step(driver);
  };

export const reviewAnswers: Readonly<Record<string, Answer>> = {
  updateDetails: { value: f.details },
  history: { value: f.historyEntries },
  diskUse: { value: f.diskUse },
  reviewSummary: { value: r.summary },
  etcPreview: { value: r.etc },
  etcFile: { value: r.sshd },
  treeDiff: { value: r.tree },
  treeFile: { value: r.osRelease },
  media: { value: [] },
  remotes: { value: r.remotes },
  remoteRefs: { value: r.refs },
  remoteVersions: { value: r.versions },
  preview: { value: r.otherBranch },
};
const stagedSnapshot = f.snapshot({ deployments: [f.staged, f.booted, { ...f.older, index: 2 }] });
const stagedAnswers = { ...reviewAnswers, reviewSummary: { value: r.stagedSummary } };
const lacking: Answer = { error: { code: 'not-supported', subject: 'scheduledRestart' } };
const review = click('Review…');

export const reviewStates: readonly PageState[] = [
  {
    name: 'review-overview',
    snapshot: f.snapshot(),
    answers: reviewAnswers,
    act: review,
    shows: [
      'Review of 43.2',
      'You can go back to 43.1',
      '6.17.11-300',
      'console=ttyS0,115200',
      'mitigations=auto',
      'both changed: yours kept, vendor change not applied',
      'Download and stage',
      '35 packages',
    ],
  },
  {
    name: 'review-staged',
    snapshot: stagedSnapshot,
    answers: stagedAnswers,
    act: inOrder(click('History'), review),
    shows: ['Review of 43.2', 'takes effect with the next restart', 'Restart now…', 'Back to History'],
    showsNot: ['Download and stage'],
  },
  {
    name: 'review-unchanged-boot-full',
    snapshot: f.snapshot(),
    answers: {
      ...reviewAnswers,
      etcPreview: { value: { ...r.etc, entries: [] } },
      reviewSummary: {
        value: {
          ...r.summary,
          kernel: { from: '6.17.8', to: '6.17.8' },
          initramfs: { changed: false, fromBytes: 1, toBytes: 41_000_000 },
          kernelArgs: { current: ['rw'], next: ['rw'], added: [], removed: [] },
          boot: { needBytes: 63_000_000, freeBytes: 1_000_000 },
          backTo: { id: '', version: '' },
        },
      },
    },
    act: review,
    shows: ['Stays 6.17.8', '/boot is too small', 'Nothing in /etc changes', 'No other version stays'],
  },
  {
    name: 'review-partial',
    snapshot: f.snapshot(),
    answers: {
      ...reviewAnswers,
      reviewSummary: { value: { ...r.summary, partial: true, kernel: { from: '6.17.8', to: '' } } },
      etcPreview: { value: { ...r.etc, available: false, fetchBytes: 184_000, entries: [] } },
    },
    act: review,
    shows: ['are known once the configuration is fetched', 'Not known yet'],
  },
  {
    name: 'review-etc-not-here',
    snapshot: f.snapshot(),
    answers: { ...reviewAnswers, etcPreview: { value: { ...r.etc, available: false, fetchBytes: 184_000, entries: [] } } },
    act: inOrder(review, click(/^Configuration/, 'tab')),
    shows: ['isn’t here yet', '184 kB', 'Fetch the configuration'],
  },
  {
    name: 'review-etc-three-way',
    snapshot: f.snapshot(),
    answers: reviewAnswers,
    act: inOrder(review, click(/^Configuration/, 'tab'), click(/ssh\/sshd_config/, 'option')),
    shows: [
      '2 to look at',
      'Default now',
      'New default',
      'PermitRootLogin prohibit-password',
      'Both differ: yours kept',
      'AllowUsers robin',
      '27 unchanged lines',
    ],
  },
  {
    name: 'review-etc-binary',
    snapshot: f.snapshot(),
    answers: { ...reviewAnswers, etcFile: { value: r.binaryEtc } },
    act: inOrder(review, click(/^Configuration/, 'tab'), click(/trust\.bin/, 'option')),
    shows: ['not a text', 'too large to show', 'There is no text to compare', 'mode 0644'],
  },
  {
    name: 'review-etc-problem',
    snapshot: f.snapshot(),
    answers: {
      ...reviewAnswers,
      etcPreview: {
        value: { ...r.etc, entries: r.etc.entries.map((entry, index) => (index === 1 ? { ...entry, problem: 'blocks' } : entry)) },
      },
    },
    act: inOrder(review, click(/^Configuration/, 'tab')),
    shows: ['stops the update', 'Move yours away first'],
  },
  {
    name: 'review-etc-failed',
    snapshot: f.snapshot(),
    answers: { ...reviewAnswers, etcPreview: { error: { code: 'repo.corrupt', subject: 'timberline', detail: 'a dirtree is damaged' } } },
    act: inOrder(review, click(/^Configuration/, 'tab')),
    shows: ['Damaged data', 'Try again'],
  },
  {
    name: 'review-files',
    snapshot: stagedSnapshot,
    answers: stagedAnswers,
    act: inOrder(review, click('Files', 'tab'), click(/os-release/, 'option')),
    shows: ['/usr/bin/zram-setup', 'VERSION=43.2', '+1.5 kB'],
  },
  {
    name: 'review-files-not-here',
    snapshot: f.snapshot(),
    answers: { ...reviewAnswers, treeDiff: { error: { code: 'review.content-missing', subject: '43.2' } } },
    act: inOrder(review, click('Files', 'tab')),
    shows: ['can be compared once it is staged'],
    showsNot: ['Not here yet', 'Try again'],
  },
  {
    name: 'review-packages',
    snapshot: f.snapshot(),
    answers: reviewAnswers,
    act: inOrder(review, click(/^Packages/, 'tab')),
    shows: ['openssl-libs'],
  },
  {
    name: 'review-loading-failed',
    snapshot: f.snapshot(),
    answers: { ...reviewAnswers, reviewSummary: { error: { code: 'repo.unreachable', subject: 'timberline', detail: 'no route' } } },
    act: review,
    shows: ['The server can’t be reached', 'Back to Updates'],
  },
  {
    name: 'updates-releases',
    snapshot: f.snapshot(),
    answers: { ...reviewAnswers, updateDetails: { value: r.releasesDetails } },
    act: click(/3 releases: 43\.2, 43\.3, 43\.4/),
    shows: ['3 releases: 43.2, 43.3, 43.4', '14 packages'],
  },
  {
    name: 'updates-release-preview',
    snapshot: f.snapshot(),
    answers: { ...reviewAnswers, updateDetails: { value: r.releasesDetails } },
    act: inOrder(click(/3 releases/), click('Show what 43.3 holds')),
    shows: ['What 43.3 holds', 'Download and stage 44.0', 'Signed by Timberline'],
  },
  {
    name: 'updates-changelogs-elsewhere',
    snapshot: f.snapshot(),
    answers: {
      ...reviewAnswers,
      updateDetails: { value: { ...f.details, packages: r.withoutChangelogs, source: 'pkglist', rpmdbBytes: 9_400_000 } },
      preview: { value: { ...f.details, source: 'rpmdb' } },
    },
    act: inOrder(click('Fetch changelogs'), click(/^Changelog/, 'tab')),
    shows: ['- Fix CVE-2026-21001'],
    showsNot: ['Fetch changelogs'],
  },
  {
    name: 'updates-changelogs-size',
    snapshot: f.snapshot(),
    answers: {
      ...reviewAnswers,
      updateDetails: { value: { ...f.details, packages: r.withoutChangelogs, source: 'pkglist', rpmdbBytes: 9_400_000 } },
    },
    shows: ['about 9.4 MB to fetch', 'Fetch changelogs'],
  },
  {
    name: 'updates-again-dialog',
    snapshot: f.snapshot({ check: { kind: 'available', checkedAt: f.now, update: { ...f.update, rolledBackFrom: true } } }),
    answers: reviewAnswers,
    act: click('Stage 43.2 anyway'),
    shows: ['Take 43.2 again', 'the same may happen again'],
  },
  {
    name: 'updates-paused',
    snapshot: f.snapshot({
      pastJobs: [f.job({ id: 'p', phase: 'cancelled', endedAt: f.now - 5, error: { code: 'job.paused', subject: 'upgrade' } })],
    }),
    answers: reviewAnswers,
    shows: ['Paused. What had arrived is kept.', 'Resume'],
  },
  {
    name: 'updates-restart-blocked',
    snapshot: stagedSnapshot,
    answers: { ...stagedAnswers, restartBlockers: { value: r.blockers } },
    act: click('Restart now…'),
    shows: ['ada is logged in', 'Burner forbids it: A disc is being written', 'NetworkManager delays it', 'Restart anyway'],
  },
  {
    name: 'updates-schedule-dialog',
    snapshot: stagedSnapshot,
    answers: stagedAnswers,
    act: inOrder(click('Schedule restart…'), ({ page }) => page.getByText('At a time of your choice').click()),
    shows: ['Restart into 43.2 later', 'In an hour', 'Tonight', 'Date and time'],
  },
  {
    name: 'updates-scheduled',
    snapshot: stagedSnapshot,
    answers: { ...stagedAnswers, scheduledRestart: { value: r.scheduled } },
    shows: [/Restart into 43\.2 at/, /in 3 hr|in 180 min/, 'Postpone by an hour', 'Cancel restart'],
    showsNot: ['Schedule restart…'],
  },
  {
    name: 'updates-cannot-schedule',
    snapshot: stagedSnapshot,
    answers: { ...stagedAnswers, scheduledRestart: lacking, whatsNew: lacking, media: lacking },
    shows: ['Restart now…'],
    showsNot: ['Schedule restart…'],
  },
  {
    name: 'updates-whats-new',
    snapshot: f.snapshot({ check: { kind: 'up-to-date', checkedAt: f.now } }),
    answers: {
      ...reviewAnswers,
      whatsNew: { value: r.whatsNew },
      compare: { value: { packages: f.changes, advisories: f.details.advisories } },
    },
    act: click('What’s new'),
    shows: ['You’re now on 43.1', 'It was 43.0 before.', 'openssl-libs'],
  },
  {
    name: 'updates-medium',
    snapshot: f.snapshot({ check: { kind: 'up-to-date', checkedAt: f.now } }),
    answers: { ...reviewAnswers, media: { value: [r.medium] } },
    shows: ['Update from STICK', 'Holds version 43.2'],
  },
  {
    name: 'updates-medium-preview',
    snapshot: f.snapshot({ check: { kind: 'up-to-date', checkedAt: f.now } }),
    answers: { ...reviewAnswers, media: { value: [r.medium] } },
    act: click('Look at it…'),
    shows: ['Update from STICK', 'Download and stage 44.0'],
  },
  {
    name: 'preferences',
    snapshot: f.snapshot(),
    answers: reviewAnswers,
    act: inOrder(click('More'), click('Notifications…', 'menuitem')),
    shows: ['Tell me about updates that matter', 'This desktop shows no such icons.'],
  },
  {
    name: 'history-boot-once-dialog',
    snapshot: f.snapshot(),
    answers: reviewAnswers,
    act: inOrder(click('History'), click('Actions for 43.0'), click('Start once…', 'menuitem')),
    shows: ['Start 43.0 once', 'the one after that to 43.1 again'],
  },
  {
    name: 'sources',
    snapshot: stagedSnapshot,
    answers: stagedAnswers,
    act: inOrder(click('History'), click('Sources', 'tab'), click('2 trusted keys')),
    shows: ['timberline', 'Signatures not demanded', '3C1D 7A55 90AA', 'expired', 'Source of 43.2, 43.1, 43.0'],
  },
  {
    name: 'sources-empty',
    snapshot: f.snapshot(),
    answers: { ...reviewAnswers, remotes: { value: [] } },
    act: inOrder(click('History'), click('Sources', 'tab')),
    shows: ['No source is configured', 'Add a source…'],
  },
  {
    name: 'sources-add-refused',
    snapshot: f.snapshot(),
    answers: { ...reviewAnswers, addRemote: { error: { code: 'remote.invalid-name', subject: 'a/b', detail: 'a slash isn’t possible' } } },
    act: inOrder(
      click('History'),
      click('Sources', 'tab'),
      click('Add a source…'),
      ({ page }) => page.getByLabel('Name').fill('a/b'),
      ({ page }) => page.getByLabel('Address').fill('https://x.example/repo'),
      ({ page }) => page.getByText('Demand valid signatures').click(),
      click(/^Add$/),
    ),
    shows: ['Not a possible name', 'nothing proves who made'],
  },
  {
    name: 'sources-remove-dialog',
    snapshot: f.snapshot(),
    answers: reviewAnswers,
    act: inOrder(click('History'), click('Sources', 'tab'), click('Actions for timberline'), click('Remove…', 'menuitem')),
    shows: ['Remove timberline', '3 versions came from it', 'Remove anyway'],
  },
  {
    name: 'change-source',
    snapshot: f.snapshot(),
    answers: reviewAnswers,
    act: inOrder(click('History'), click('Sources', 'tab'), click('Change source…')),
    shows: ['timberline/testing/x86_64 · 44.0', 'The newest', 'Change to it and stage 44.0', 'openssl-libs'],
  },
  {
    name: 'change-source-failed',
    snapshot: f.snapshot(),
    answers: { ...reviewAnswers, remoteRefs: { error: { code: 'repo.unreachable', subject: 'timberline', detail: 'no route' } } },
    act: inOrder(click('History'), click('Sources', 'tab'), click('Change source…')),
    shows: ['The server can’t be reached', 'Try again'],
  },
];
