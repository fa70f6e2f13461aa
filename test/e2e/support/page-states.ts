// SPDX-License-Identifier: LGPL-2.1-or-later
import { lossesOf, lossText, noLayering, type HostSnapshot } from '../../../shared/domain/index.ts';
import type { ErrorReport } from '../../../shared/errors/index.ts';
import type { Answer, PageDriver } from './page-driver.ts';
import { drift } from './etc-fixtures.ts';
import * as f from './page-fixtures.ts';

export interface PageState {
  readonly name: string;
  readonly snapshot: HostSnapshot;
  readonly answers?: Readonly<Record<string, Answer>>;
  /** What to do before looking. */
  readonly act?: (driver: PageDriver) => Promise<void>;
  readonly shows: readonly (string | RegExp)[];
  readonly showsNot?: readonly (string | RegExp)[];
}

const unreachable: ErrorReport = {
  code: 'repo.unreachable',
  subject: 'https://updates.timberline.example/repo',
  detail: 'Could not connect to server',
};
const entryMissing: ErrorReport = {
  code: 'boot.entry-missing',
  subject: '/boot/loader/entries',
  detail: 'loading sysroot: Unexpected state: /run/ostree-booted found and in / sysroot, but bootloader entry not found',
};
export const usual = {
  updateDetails: { value: f.details },
  history: { value: f.historyEntries },
  diskUse: { value: f.diskUse },
  etcDrift: { value: drift },
};
export const click =
  (name: string | RegExp, role: 'button' | 'tab' | 'menuitem' = 'button') =>
  (driver: PageDriver) =>
    driver.page.getByRole(role, { name }).first().click();
export const inOrder =
  (...steps: readonly ((driver: PageDriver) => Promise<void>)[]) =>
  async (driver: PageDriver): Promise<void> => {
    for (const step of steps) await step(driver);
  };

export const stagedSnapshot = f.snapshot({ deployments: [f.staged, f.booted, { ...f.older, index: 2 }] });

/** As rpm-ostree leaves a system on which somebody installed packages. */
const layered = {
  origin: { ...f.booted.origin, layering: { ...noLayering, packages: ['htop', 'strace'], regenerateInitramfs: true } },
  layer: { base: { checksum: 'e'.repeat(64), version: '43.1', timestamp: f.now }, packages: ['htop', 'strace'], modules: [], meta: {} },
};

/** With what this version can't rebuild. */
const withForeign = { ...layered.origin, layering: { ...layered.origin.layering, replacements: ['vendor=x,tool'] } };

export const pageStates: readonly PageState[] = [
  {
    name: 'updates-never',
    snapshot: f.snapshot({ check: { kind: 'never' } }),
    shows: ['Not looked for updates yet', 'Check for updates'],
    showsNot: ['up to date'],
  },
  {
    name: 'updates-current',
    snapshot: f.snapshot({ check: { kind: 'up-to-date', checkedAt: f.now - 300 } }),
    shows: ['This system is up to date', 'checked 5 minutes ago'],
  },
  {
    name: 'updates-stale-list',
    snapshot: f.snapshot({ check: { kind: 'up-to-date', checkedAt: f.now - 300, staleList: true } }),
    shows: ['There may be something newer than 43.1', 'list of branches is older than the branch itself', 'checked 5 minutes ago'],
    showsNot: ['up to date'],
  },
  {
    name: 'updates-blocked',
    snapshot: f.snapshot({
      deployments: [{ ...f.booted, ...layered, origin: withForeign }, f.older],
      check: {
        kind: 'blocked',
        losses: lossesOf(withForeign),
        error: {
          code: 'update.would-lose',
          subject: f.booted.id,
          detail: lossText(lossesOf(withForeign)),
          facts: { undo: 'rpm-ostree override reset --all' },
        },
      },
    }),
    shows: ['can’t be updated', '[overrides] replace: vendor=x,tool', 'rpm-ostree override reset --all', 'Kernel arguments, going back'],
    showsNot: ['up to date', 'Check for updates'],
  },
  {
    name: 'updates-checking',
    snapshot: f.snapshot({ check: { kind: 'up-to-date', checkedAt: f.now - 90_000 } }),
    answers: { checkForUpdate: { pending: true } },
    act: click('Check for updates'),
    shows: ['Looking for an update…'],
    showsNot: ['is up to date'],
  },
  {
    name: 'updates-available',
    snapshot: f.snapshot(),
    answers: usual,
    shows: [
      'Version 43.2 is available',
      '48.3 MB',
      '121 MB of 21.4 GB free',
      '3 security fixes',
      'Signed by Timberline Release Key',
      '31 upgraded, 2 added, 1 removed, 1 downgraded',
      'openssl-libs',
    ],
    showsNot: ['up to date', /about 48/],
  },
  {
    name: 'updates-advisories',
    snapshot: f.snapshot(),
    answers: usual,
    act: inOrder(click('Advisories', 'tab'), click(/memory read beyond/)),
    shows: ['CVE-2026-21001, CVE-2026-21002', 'Important', 'Bug fix'],
  },
  {
    name: 'updates-changelog',
    snapshot: f.snapshot(),
    answers: usual,
    act: click('Changelog', 'tab'),
    shows: ['- Fix CVE-2026-21001', 'Mika Lind'],
  },
  {
    name: 'updates-security-filter',
    snapshot: f.snapshot(),
    answers: usual,
    act: inOrder(
      async ({ page }) => page.getByRole('radio', { name: 'Security' }).click(),
      async ({ page }) => page.getByRole('row', { name: /^less/ }).click(),
    ),
    shows: ['TLSA-2026-0110', '<b>bold</b>'],
    showsNot: ['systemd'],
  },
  {
    name: 'updates-nothing-found',
    snapshot: f.snapshot(),
    answers: usual,
    act: async ({ page }) => page.getByRole('searchbox').fill('no such package'),
    shows: ['No package fits'],
  },
  {
    name: 'updates-estimated',
    snapshot: f.snapshot({
      check: {
        kind: 'available',
        checkedAt: f.now,
        update: { ...f.update, signatures: [], sizes: { ...f.sizes, downloadExact: false }, security: { count: 0, worst: 'none' } },
      },
    }),
    answers: {
      updateDetails: {
        value: {
          ...f.details,
          advisories: [],
          source: 'pkglist',
          packages: f.changes.map(({ changelog: _changelog, advisories: _advisories, ...change }) => change),
        },
      },
    },
    shows: ['about 48.3 MB', 'Not signed', 'No security fixes listed', 'package names and versions only'],
  },
  {
    name: 'updates-warnings',
    snapshot: f.snapshot({
      check: {
        kind: 'available',
        checkedAt: f.now,
        update: {
          ...f.update,
          rolledBackFrom: true,
          timestamp: f.now - 30 * 86_400,
          sizes: { ...f.sizes, freeBytes: 80_000_000 },
          signatures: [{ ...f.goodSignature, valid: false, keyMissing: true, userName: undefined }],
        },
      },
    }),
    answers: usual,
    shows: [
      'You went back from 43.2 before',
      '43.2 is older than 43.1',
      'It needs 121 MB, but only 80 MB are free',
      'Stage 43.2 anyway',
      'isn’t trusted here: 6F8A2D4C91B0E357',
    ],
    showsNot: ['Download and stage'],
  },
  {
    name: 'updates-details-failed',
    snapshot: f.snapshot(),
    answers: { updateDetails: { error: unreachable } },
    shows: ['The server can’t be reached', 'Try again'],
  },
  {
    name: 'updates-downloading',
    snapshot: f.snapshot({ job: f.job() }),
    answers: usual,
    shows: ['Getting version 43.2', 'Downloading', 'step 2 of 4', '37%', '21.7 MB of 48.3 MB', '2.9 MB/s', '10 sec left', 'Cancel'],
  },
  {
    name: 'updates-uninterruptible',
    snapshot: f.snapshot({
      job: f.job({ phase: 'uninterruptible', progress: { step: 'bootloader', stepIndex: 3, stepCount: 4, fraction: 0.97 } }),
    }),
    answers: usual,
    shows: ['can’t be cancelled any more', 'Writing the boot entries', '97%'],
    showsNot: [/^Cancel$/],
  },
  {
    name: 'updates-staged',
    snapshot: stagedSnapshot,
    answers: usual,
    shows: ['43.2 is ready: restart to finish', 'You can go back to 43.1', 'Restart now…'],
    showsNot: ['Download and stage'],
  },
  {
    name: 'updates-restart-dialog',
    snapshot: stagedSnapshot,
    answers: usual,
    act: click('Restart now…'),
    shows: ['Restart into 43.2', 'Save your work first', 'Not now'],
  },
  {
    name: 'updates-pending',
    snapshot: f.snapshot({
      deployments: [
        { ...f.older, index: 0, rollback: false },
        { ...f.booted, index: 1 },
      ],
      check: { kind: 'never' },
    }),
    shows: ['The next start leads to 43.0', 'Restart now…'],
  },
  {
    name: 'updates-did-not-take',
    snapshot: f.snapshot({
      finalizeFailure: { at: f.now - 600, version: '43.2', text: 'error: Installing kernel: regfile copy: No space left on device' },
    }),
    answers: usual,
    shows: ['Version 43.2 didn’t take', 'No space left on device', 'Solve the cause'],
  },
  {
    name: 'updates-problem',
    snapshot: f.snapshot({ problem: entryMissing, check: { kind: 'failed', failedAt: 0, since: 0, error: entryMissing } }),
    answers: { ...usual, repair: { error: { code: 'sysroot.busy', subject: 'upgrade', facts: { owner: 'anna', startedAt: '10:00' } } } },
    act: click('Repair'),
    shows: ['The running system has no boot entry', 'Until then nothing is changed', 'Repair', 'Another job is running'],
    showsNot: ['up to date'],
  },
  {
    name: 'updates-check-failed',
    snapshot: f.snapshot({ check: { kind: 'failed', failedAt: f.now - 60, since: f.now - 3 * 86_400, error: unreachable } }),
    act: click('Details'),
    shows: [/Could not check since/, 'The server can’t be reached', 'Check the network', 'Copy details', '"code": "repo.unreachable"'],
    showsNot: ['up to date'],
  },
  {
    name: 'updates-check-failed-with-last',
    snapshot: f.snapshot({
      check: {
        kind: 'failed',
        failedAt: f.now - 60,
        since: 0,
        error: { code: 'repo.http-status', subject: 'https://updates.timberline.example/repo/config', facts: { status: 403 } },
        last: f.update,
      },
    }),
    answers: usual,
    shows: [
      'Could not check for updates',
      'The server refused',
      'answered 403',
      'The last check that worked had found version 43.2',
      'openssl-libs',
    ],
    showsNot: ['up to date'],
  },
  {
    name: 'updates-staged-check-failed',
    snapshot: { ...stagedSnapshot, check: { kind: 'failed', failedAt: f.now, since: f.now - 90_000, error: unreachable } },
    answers: usual,
    shows: ['43.2 is ready', /Could not check since/],
  },
  {
    name: 'updates-job-failed',
    snapshot: f.snapshot({
      pastJobs: [
        f.job({
          id: 'x',
          phase: 'failed',
          startedAt: f.now - 30,
          endedAt: f.now - 2,
          error: { code: 'repo.signature-invalid', subject: 'timberline:timberline/stable/x86_64', detail: 'BAD signature' },
        }),
      ],
    }),
    answers: usual,
    shows: ['The signature is wrong', 'Don’t use it', 'Close'],
  },
  {
    name: 'updates-held-back',
    snapshot: f.snapshot({
      pastJobs: [
        f.job({
          ...{ id: 'x', phase: 'failed', startedAt: f.now - 30, endedAt: f.now - 2 },
          error: {
            ...{ code: 'layer.blocks-update', subject: 'strace', detail: 'nothing provides libunwind.so.1 needed by strace-6.1-2.x86_64' },
            facts: {
              ...{ version: '43.2', requiredBy: 'strace-6.1-2.x86_64', requirement: 'libunwind.so.1()(64bit)' },
              ...{
                base: 'libunwind-2.0-1.x86_64',
                before: 'libunwind-1.8-3.x86_64',
                without: '--without=strace',
                uninstall: '--uninstall=strace',
              },
            },
          },
        }),
      ],
    }),
    answers: usual,
    shows: ['A layered package holds the update back', 'Update without strace', 'Remove strace and update', 'Wait'],
  },
  {
    name: 'updates-busy',
    snapshot: f.snapshot(),
    answers: { ...usual, upgrade: { error: { code: 'sysroot.busy', subject: 'upgrade', facts: { owner: 'ada', startedAt: f.now - 60 } } } },
    act: click('Download and stage'),
    shows: ['Another job is running', /ada has been running “upgrade” since/, 'Open Activity'],
  },
  {
    name: 'updates-stock-service',
    snapshot: f.snapshot({ service: { kind: 'rpm-ostree', version: '2025.8' } }),
    answers: usual,
    shows: ['looked after by rpm-ostree'],
  },
  {
    name: 'service-absent',
    snapshot: f.snapshot({
      service: { kind: 'absent', version: '', detail: 'The name org.projectatomic.rpmostree1 was not provided' },
      deployments: [],
      hostname: '',
    }),
    shows: ['The update service doesn’t answer', 'treelined is installed', 'Try again'],
    showsNot: ['up to date'],
  },
  {
    name: 'service-of-another-version',
    snapshot: { ...f.snapshot(), deployments: undefined as never },
    shows: ['The job answered something unreadable', 'all parts of Treeline are of the same version', 'Try again'],
    showsNot: ['up to date'],
  },
  {
    name: 'service-untrusted',
    snapshot: f.snapshot({ service: { kind: 'untrusted', version: '', detail: 'owned by uid 1000' }, deployments: [], hostname: '' }),
    shows: ['The update service isn’t trustworthy', 'owned by uid 1000'],
  },
  {
    name: 'service-restarting',
    snapshot: f.snapshot({ service: { kind: 'restarting', version: '' } }),
    shows: ['The system is restarting'],
  },
];
