// SPDX-License-Identifier: LGPL-2.1-or-later
import { noLayering, type Deployment, type Layering } from '../../../shared/domain/index.ts';
import type { PageDriver } from './page-driver.ts';
import { click, inOrder, stagedSnapshot, usual, type PageState } from './page-states.ts';
import { drift, ownDirectory, ownFile, ownFileNext, removedFile, unreadableFile } from './etc-fixtures.ts';
import * as f from './page-fixtures.ts';
import { allRepos, dead, deadRefresh, offered, timberline } from './repo-fixtures.ts';

const { kernelArgs: _, ...unknown } = f.booted;
const open = click('System');
const answers = { ...usual, packageRepos: { value: { repos: [timberline], problems: [] } } };
const withRepos = { ...usual, packageRepos: { value: allRepos }, offeredKeys: { value: offered } };
const toRepos = ({ page }: PageDriver): Promise<void> =>
  page.getByRole('heading', { name: 'Package repositories' }).scrollIntoViewIfNeeded();
const toInitramfs = ({ page }: PageDriver): Promise<void> => page.getByRole('button', { name: 'Refresh' }).scrollIntoViewIfNeeded();
const withLayering = (more: Partial<Layering>): Deployment => ({
  ...f.booted,
  origin: { ...f.booted.origin, layering: { ...noLayering, ...more } },
});
const toEtc = ({ page }: PageDriver): Promise<void> => page.getByRole('heading', { name: 'Disk space' }).scrollIntoViewIfNeeded();
const toDisk = ({ page }: PageDriver): Promise<void> =>
  page.getByRole('button', { name: 'Clean up temporary data' }).scrollIntoViewIfNeeded();
const openEtc = inOrder(open, click('Look at the differences'));
const choose =
  (name: RegExp) =>
  ({ page }: PageDriver): Promise<void> =>
    page.getByRole('option', { name }).click();
const down = ({ page }: PageDriver): Promise<void> => page.getByRole('listitem').last().scrollIntoViewIfNeeded();

/** How the machine starts, and where its packages come from. */
export const systemStates: readonly PageState[] = [
  {
    name: 'system-kargs',
    snapshot: f.snapshot(),
    answers,
    act: open,
    shows: ['What 43.1 is started with', 'Nothing is changed'],
    showsNot: ['ostree=/ostree'],
  },
  {
    name: 'system-kargs-changed',
    snapshot: f.snapshot(),
    answers,
    act: inOrder(
      open,
      click('Delete root=LABEL=root'),
      ({ page }) => page.getByRole('textbox', { name: 'quiet' }).fill('quiet=1'),
      ({ page }) => page.getByRole('textbox', { name: /^New argument/ }).fill('console=ttyS0,115200'),
      ({ page }) => page.keyboard.press('Enter'),
    ),
    shows: ['The system may not start without: root', 'rw quiet=1 console=ttyS0,115200', 'Deleted', 'Changed', 'New'],
  },
  {
    name: 'system-kargs-wrong',
    snapshot: f.snapshot(),
    answers,
    act: inOrder(open, ({ page }) => page.getByRole('textbox', { name: /^New argument/ }).fill('name="open'), click('Add')),
    shows: ['Not a kernel argument', 'KEY=VALUE'],
  },
  {
    name: 'system-kargs-unknown',
    snapshot: f.snapshot({ deployments: [unknown] }),
    answers,
    act: open,
    shows: ['doesn’t tell them'],
  },
  {
    name: 'system-repos',
    snapshot: f.snapshot({ pastJobs: [deadRefresh] }),
    answers: withRepos,
    act: inOrder(open, click(/^1 trusted key/), down),
    shows: [
      'Fetched 3 hours ago.',
      /Last try \d+ minutes ago\. A package repository can’t be reached: larch: Could not resolve host/,
      'Fetched 9 days ago.',
      'Never fetched: what it offers isn’t known.',
      'No key is trusted',
      'Key that isn’t trusted yet: https://packages.pine.example/key.asc',
      'Key file that isn’t there: file:///etc/pki/rpm-gpg/pine-old.asc',
      'On this machine: nothing has to be fetched.',
      'Not used.',
      'Unusable',
      'Signatures unknown',
      '“maybe” is neither yes nor no',
      '3C1D 7A55',
    ],
  },
  {
    name: 'system-repos-dead',
    snapshot: f.snapshot(),
    answers: { ...usual, packageRepos: { value: { repos: [timberline, dead], problems: [] } }, refreshMd: { value: deadRefresh } },
    act: inOrder(open, click('Refresh'), toRepos),
    shows: ['A package repository can’t be reached', 'Refresh those that can be reached', 'Not fetched', 'Last try'],
  },
  {
    name: 'system-repos-empty',
    snapshot: f.snapshot(),
    answers: { ...usual, packageRepos: { value: { repos: [], problems: [] } } },
    act: inOrder(open, toRepos),
    shows: ['No package repository is configured', 'packages come from files only'],
  },
  {
    name: 'system-repos-unreadable',
    snapshot: f.snapshot(),
    answers: {
      ...usual,
      packageRepos: {
        value: {
          repos: [],
          problems: [{ code: 'repo-file.syntax', file: '/etc/yum.repos.d/torn.repo', line: 3, detail: 'no “=” in it' }],
        },
      },
    },
    act: inOrder(open, toRepos),
    shows: ['/etc/yum.repos.d/torn.repo:3', 'no “=” in it'],
    showsNot: ['No package repository is configured'],
  },
  {
    name: 'system-repos-unknown',
    snapshot: f.snapshot(),
    answers: { ...usual, packageRepos: { error: { code: 'service.lacks', subject: 'Listing package repositories' } } },
    act: inOrder(open, toRepos),
    shows: ['Listing package repositories', 'Try again'],
    showsNot: ['No package repository is configured'],
  },
  {
    name: 'system-repo-keys',
    snapshot: f.snapshot(),
    answers: withRepos,
    act: inOrder(open, click(/^Look at its keys/), ({ page }) =>
      page.getByRole('checkbox', { name: /I compared it/ }).click({ force: true }),
    ),
    shows: [
      'Keys for packages of Pine Extra',
      'From https://packages.pine.example/key.asc',
      'Pine Extra Packages <extra@pine.example>',
      'I compared it: 9E04 77C1 B5D8 3F2A 6610 C4E8 5A7B D21F 00B3 964D',
      'Compare the fingerprint',
      'trusted for Pine Extra only',
    ],
  },
  {
    name: 'system-initramfs',
    snapshot: f.snapshot({ deployments: [withLayering({ regenerateInitramfs: true, initramfsArgs: ['--add', 'lvm crypt'] })] }),
    answers,
    act: inOrder(open, toInitramfs),
    shows: ['made on this machine', 'No file of /etc is laid over it'],
  },
  {
    name: 'system-initramfs-both',
    snapshot: f.snapshot({ deployments: [withLayering({ initramfsEtc: ['/etc/crypttab', '/etc/vconsole.conf'] })] }),
    answers,
    act: inOrder(open, ({ page }) => page.getByRole('radio', { name: /made on this machine/ }).click({ force: true }), toInitramfs),
    shows: ['Files of /etc that are laid over it', '/etc/vconsole.conf', 'Two ways at once', 'would be laid over it as well'],
  },
  {
    name: 'system-initramfs-unknown',
    snapshot: f.snapshot({ deployments: [{ ...f.booted, origin: { ...f.booted.origin, problem: 'unreadable' } }] }),
    answers,
    act: inOrder(open, toInitramfs),
    shows: ['Nobody can tell'],
    showsNot: ['made on this machine'],
  },
  {
    name: 'system-etc',
    snapshot: f.snapshot(),
    answers,
    act: inOrder(open, toEtc),
    shows: ['5 files changed · 1 removed · 2 added.', '3 changes in folders that only an administrator may list aren’t shown.'],
  },
  {
    name: 'system-etc-same',
    snapshot: f.snapshot(),
    answers: { ...answers, etcDrift: { value: { ...drift, entries: [], hiddenCount: undefined } } },
    act: inOrder(open, toEtc),
    shows: ['Everything in /etc is as this version brings it.'],
    showsNot: ['Look at the differences'],
  },
  {
    name: 'system-etc-hidden-alone',
    snapshot: f.snapshot(),
    answers: { ...answers, etcDrift: { value: { ...drift, entries: [], hiddenCount: 1 } } },
    act: inOrder(open, toEtc),
    shows: ['One change in a folder that only an administrator may list isn’t shown.'],
    showsNot: ['Everything in /etc'],
  },
  {
    name: 'system-etc-unknown',
    snapshot: f.snapshot(),
    answers: { ...answers, etcDrift: { error: { code: 'review.unreadable', subject: '/etc/x', detail: 'EIO' } } },
    act: inOrder(open, toEtc),
    shows: ['A file can’t be read', 'Try again'],
    showsNot: ['Everything in /etc'],
  },
  {
    name: 'etc-drift',
    snapshot: f.snapshot(),
    answers: { ...answers, etcOwnFile: { value: ownFile } },
    act: inOrder(openEtc, choose(/sshd_config/)),
    shows: ['Back to System', 'It isn’t as 43.1 brings it.', 'Restore the default…', 'PermitRootLogin'],
    showsNot: ['Default of'],
  },
  {
    name: 'etc-drift-next',
    snapshot: stagedSnapshot,
    answers: { ...answers, etcOwnFile: { value: ownFileNext } },
    act: inOrder(openEtc, choose(/sshd_config/)),
    shows: ['Default of 43.2', 'Both differ: yours kept'],
  },
  {
    name: 'etc-drift-own',
    snapshot: f.snapshot(),
    answers: { ...answers, etcOwnFile: { value: unreadableFile } },
    act: inOrder(openEtc, choose(/fstab/)),
    shows: ['It names this machine’s accounts, disks or identity', 'can’t be read', 'There is no text to compare.'],
    showsNot: ['Restore the default'],
  },
  {
    name: 'etc-drift-added',
    snapshot: f.snapshot(),
    answers: { ...answers, etcOwnFile: { value: { ...ownFile, base: { exists: false } } } },
    act: inOrder(openEtc, choose(/long name/)),
    shows: ['43.1 brings no such file'],
    showsNot: ['Restore the default'],
  },
  {
    name: 'etc-drift-ask',
    snapshot: f.snapshot(),
    answers: { ...answers, etcOwnFile: { value: ownFile } },
    act: inOrder(openEtc, choose(/sshd_config/), click('Restore the default…')),
    shows: ['Restore the default of /etc/ssh/sshd_config', 'Yours stays beside it as /etc/ssh/sshd_config.rpmsave', 'Keep as it is'],
  },
  {
    name: 'etc-drift-ask-directory',
    snapshot: f.snapshot(),
    answers: { ...answers, etcOwnFile: { value: ownDirectory } },
    act: inOrder(openEtc, choose(/sudoers/), click('Restore the default…')),
    shows: ['those of now aren’t kept', 'mode 0750'],
    showsNot: ['rpmsave'],
  },
  {
    name: 'etc-drift-refused',
    snapshot: f.snapshot(),
    answers: {
      ...answers,
      etcOwnFile: { value: removedFile },
      restoreEtc: { error: { code: 'etc.not-restored', subject: 'chrony.conf', detail: 'a link is on the way' } },
    },
    act: inOrder(openEtc, choose(/chrony/), click('Restore the default…'), click(/^Restore the default$/)),
    shows: ['The default can’t be put there', 'Nothing was changed'],
  },
  {
    name: 'system-disk',
    snapshot: stagedSnapshot,
    answers,
    act: inOrder(open, toDisk),
    shows: [
      '372 MB of its own',
      'deleting it frees 184 MB',
      'deleting it frees 335 MB',
      'Delete what waits for the restart…',
      'Delete what you can go back to…',
    ],
  },
  {
    name: 'system-disk-unknown',
    snapshot: f.snapshot(),
    answers: {
      ...answers,
      diskUse: { value: { ...f.diskUse, repoBytes: undefined, deployments: [{ id: f.booted.id, bootBytes: 62_000_000 }] } },
    },
    act: inOrder(open, toDisk),
    shows: ['how much of its own it takes isn’t known', '21.4 GB are free'],
    showsNot: ['62 MB'],
  },
  {
    name: 'system-disk-ask',
    snapshot: stagedSnapshot,
    answers,
    act: inOrder(open, click('Delete what you can go back to…')),
    shows: ['Delete 43.0', 'without downloading it again', 'This frees 335 MB.', 'Keep as it is'],
  },
  {
    name: 'system-disk-refused',
    snapshot: stagedSnapshot,
    answers: {
      ...answers,
      cleanup: { error: { code: 'sysroot.busy', subject: 'upgrade', facts: { owner: 'ada', startedAt: f.now - 60 } } },
    },
    act: inOrder(open, click('Clean up temporary data'), toDisk),
    shows: ['ada'],
  },
];
