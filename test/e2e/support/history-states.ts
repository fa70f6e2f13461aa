// SPDX-License-Identifier: LGPL-2.1-or-later
import { noLayering, type Deployment } from '../../../shared/domain/index.ts';
import { click, inOrder, stagedSnapshot, usual, type PageState } from './page-states.ts';
import * as f from './page-fixtures.ts';

const longName = 'a-branch-with-a-very-long-name/'.repeat(5);

const imageReference = 'ostree-image-signed:docker://registry.timberline.example/desktop/with-a-long-name:stable';
const followsImage = (deployment: Deployment): Deployment => ({
  ...deployment,
  ...{ signatures: [], verified: false },
  origin: { ...deployment.origin, ...{ refspec: '', remote: '', ref: '' }, containerImageReference: imageReference },
});

/** Versions, what happened, and what is going on. */
export const historyStates: readonly PageState[] = [
  {
    name: 'history-damaged-origin',
    snapshot: f.snapshot({
      deployments: [
        f.booted,
        {
          ...f.older,
          origin: {
            refspec: '',
            remote: '',
            ref: '',
            layering: noLayering,
            problem: 'unreadable',
            problemDetail: 'Key file does not start with a group',
          },
        },
      ],
    }),
    answers: usual,
    act: click('History'),
    shows: ['Its origin file is damaged', 'Key file does not start with a group', '43.1'],
  },
  {
    name: 'history',
    snapshot: stagedSnapshot,
    answers: usual,
    act: click('History'),
    shows: [
      'Booted',
      'Staged',
      'Rollback',
      'Roll back to 43.0',
      '372 MB of its own',
      'All versions together take 3.9 GB',
      '43.2 is staged: restart to finish',
    ],
  },
  {
    name: 'history-details',
    snapshot: f.snapshot({
      deployments: [
        f.booted,
        { ...f.older, pinned: true, origin: { ...f.older.origin, problem: 'remote-missing' } },
        f.deployment('42.9', 'd', { index: 2, commitPresent: false, signatures: [], unlocked: 'hotfix', finalizationLocked: true }),
      ],
    }),
    answers: usual,
    act: inOrder(click('History'), click('Details')),
    shows: ['Pinned', 'Its source “timberline” was deleted', 'damaged or missing', 'Kernel arguments', 'Unlocked', f.booted.checksum],
  },
  {
    name: 'history-image',
    snapshot: f.snapshot({ deployments: [followsImage(f.booted), f.older] }),
    answers: usual,
    act: click('History'),
    shows: ['ostree-image-signed:docker://registry.timberline.example/desktop/with-a-long-name:stable', 'timberline:timberline/stable'],
    // a commit's signatures aren't an image's
    showsNot: ['Not signed'],
  },
  {
    name: 'history-menu',
    snapshot: stagedSnapshot,
    answers: usual,
    act: inOrder(click('History'), click('Actions for 43.0')),
    shows: ['Start this version next…', 'Compare with 43.1', 'Pin', 'Delete…'],
  },
  {
    name: 'history-roll-back-dialog',
    snapshot: f.snapshot({
      deployments: [{ ...f.staged, kernelArgs: [...(f.booted.kernelArgs ?? []), 'audit=1'] }, f.booted, { ...f.older, index: 2 }],
    }),
    answers: usual,
    act: inOrder(click('History'), click('Roll back to 43.0')),
    shows: ['The next start leads to 43.0', 'Keep as it is', '43.2, which is staged, is dropped', 'these kernel arguments: audit=1'],
  },
  {
    name: 'history-delete-dialog',
    snapshot: f.snapshot(),
    answers: usual,
    act: inOrder(click('History'), click('Actions for 43.0'), click('Delete…', 'menuitem')),
    shows: ['Delete 43.0', 'This frees 335 MB.'],
  },
  {
    name: 'history-compare',
    snapshot: stagedSnapshot,
    answers: { ...usual, compare: { value: { packages: f.changes, advisories: f.details.advisories } } },
    act: inOrder(click('History'), click('Compare', 'tab')),
    shows: ['From', '43.1 (aaaaaaa) · Booted', '43.2 (ccccccc)', 'openssl-libs'],
  },
  {
    name: 'history-log',
    snapshot: f.snapshot(),
    answers: usual,
    act: inOrder(click('History'), click('What happened', 'tab')),
    shows: [
      '43.1 → 43.2',
      'Kernel arguments: +audit=1 -quiet',
      '-/etc/crypttab +/etc/a-directory',
      'The server can’t be reached',
      'robin · Treeline',
      'Cancelled',
    ],
  },
  {
    name: 'history-log-empty',
    snapshot: f.snapshot(),
    answers: { history: { value: [] } },
    act: inOrder(click('History'), click('What happened', 'tab')),
    shows: ['Nothing has happened yet'],
  },
  {
    name: 'history-empty',
    snapshot: f.snapshot({ deployments: [], check: { kind: 'never' } }),
    answers: usual,
    act: click('History'),
    shows: ['No versions on this machine', 'Not started from an OSTree system'],
  },
  {
    name: 'history-long-text',
    snapshot: f.snapshot({
      hostname: 'a-machine-with-a-remarkably-long-host-name-in-a-large-organisation',
      deployments: [
        f.deployment('43.20261120.0-preview-with-a-long-suffix-that-goes-on', 'a', {
          booted: true,
          origin: { ...f.booted.origin, refspec: `timberline:${longName}` },
        }),
        { ...f.older, origin: { ...f.older.origin, refspec: `timberline:${longName}` } },
      ],
    }),
    answers: usual,
    act: click('History'),
    shows: ['43.20261120.0-preview-with-a-long-suffix-that-goes-on'],
  },
  {
    name: 'history-job-bar',
    snapshot: f.snapshot({ job: f.job() }),
    answers: usual,
    act: click('History'),
    shows: ['Downloading', 'Show'],
  },
  { name: 'activity-empty', snapshot: f.snapshot(), act: click('Activity'), shows: ['Nothing is going on'] },
  {
    name: 'activity-running',
    snapshot: f.snapshot({ job: f.job(), pastJobs: f.pastJobs }),
    act: click('Activity'),
    shows: ['Started by robin', '37%', 'Fetching 812 objects', 'Copy report', 'Earlier', 'Failed', 'took 31 sec'],
  },
  {
    name: 'activity-past-open',
    snapshot: f.snapshot({ pastJobs: f.pastJobs, simulated: true }),
    act: inOrder(click('Activity'), click(/Failed/)),
    shows: ['The server can’t be reached', 'Copy report', 'Simulated machine'],
  },
];
