// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { demoPaths } from '../../main/demo/state.ts';
import { type DemoProcess, e2eState, startDemo } from './support/demo-process.ts';
import { checkout, launchApp, type OrdinaryUser, ordinaryUser } from './support/ordinary-user.ts';

let user: OrdinaryUser;
let demo: DemoProcess;
let app: ElectronApplication;
let page: Page;
let releases: readonly { readonly version: string; readonly checksum: string }[];
const shots = path.resolve(import.meta.dirname, '../../.cache/screenshots');
const restartMs = 180_000;

const version = (release: number): string => releases[release - 1]?.version ?? '';
const button = (name: string | RegExp) => page.getByRole('button', { name });
/** The button of the open dialog. */
const confirm = (name: string): Promise<void> =>
  page.getByRole('alertdialog').or(page.getByRole('dialog')).getByRole('button', { name, exact: true }).click();
const heading = (name: string) => page.getByRole('heading', { name });
/** The entry in History that is marked as running. */
const bootedRow = (release: number) =>
  page
    .getByRole('listitem')
    .filter({ has: page.getByRole('heading', { name: version(release), exact: true }) })
    .filter({ has: page.getByText('Booted', { exact: true }) });
const shot = (name: string): Promise<unknown> => page.screenshot({ path: path.join(shots, `circle-${name}.png`) });

beforeAll(async () => {
  user = ordinaryUser();
  demo = await startDemo(user.name, { fresh: true });
  releases = (JSON.parse(readFileSync(path.join(e2eState, 'content.json'), 'utf8')) as { releases: typeof releases }).releases;
  app = await launchApp(user, { DBUS_SYSTEM_BUS_ADDRESS: demo.bus });
  page = await app.firstWindow();
});

afterAll(async () => {
  await app?.close();
  await demo?.stop();
  user?.remove();
});

// what the window showed is what one asks first
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await shot(`failed-${task.name.replaceAll(/[^a-z]+/gi, '-')}`).catch(() => undefined);
});

/** What the tools that aren't ours and our own command line say about the booted host. */
function expectAgreement(release: number): void {
  const { checksum } = releases[release - 1] ?? { checksum: '' };
  expect(demo.exec('ostree', 'admin', 'status')).toMatch(new RegExp(`^\\* meadow ${checksum}\\.\\d+`, 'm'));
  expect(demo.exec('cat', '/proc/cmdline')).toContain('ostree=/ostree/boot.');
  const status = JSON.parse(demo.treeline('status', '--json')) as {
    deployments: { booted: boolean; checksum: string; version: string; osname: string }[];
  };
  expect(status.deployments.find((each) => each.booted)).toMatchObject({ checksum, version: version(release), osname: 'meadow' });
  const lines = (text: string): string[] =>
    text
      .trim()
      .split('\n')
      .map((line) => line.trim())
      .sort();
  const rpm = lines(demo.exec('rpm', '-qa', '--dbpath', '/usr/share/rpm', '--qf', '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\\n'));
  const ours = lines(demo.treeline('db', 'list', checksum)).filter((line) => !line.startsWith('ostree commit:'));
  expect(rpm.length).toBeGreaterThan(30);
  expect(ours.map((nevra) => nevra.replace(/-\d+:/, '-'))).toEqual(rpm);
}

describe('the whole circle, by mouse, as an ordinary user', () => {
  it('has Chromium’s sandbox on', async () => {
    expect(await app.evaluate(({ app: electron }) => electron.commandLine.hasSwitch('no-sandbox'))).toBe(false);
    const pid = await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getOSProcessId());
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    // 2: system calls are filtered
    expect(status).toMatch(/^Seccomp:\t2$/m);
    expect(status).toMatch(new RegExp(`^Uid:\t${user.uid}\t`, 'm'));
  });

  it('shows an update that waits, with its changelogs', async () => {
    await heading(`Version ${version(2)} is available`).waitFor();
    expectAgreement(1);
    await page.getByRole('tab', { name: /^Changelog/ }).click();
    await page.getByText('Fix a use after free in the pond driver').first().waitFor();
    await shot('1-available');
  });

  it('downloads and stages it', async () => {
    await button('Download and stage').click();
    await heading(`${version(2)} is ready: restart to finish`).waitFor({ timeout: 180_000 });
    await shot('2-staged');
    expect(demo.exec('ostree', 'admin', 'status')).toContain('(staged)');
  });

  it('restarts into it', async () => {
    await button('Restart now…').first().click();
    await heading(`Restart into ${version(2)}`).waitFor();
    await shot('3-restart');
    await confirm('Restart');
    await demo.booted(2);
    await heading(`Version ${version(3)} is available`).waitFor({ timeout: restartMs });
    await page.getByText(`From ${version(2)} to ${version(3)}`).waitFor();
    await shot('4-booted');
    expectAgreement(2);
  });

  it('rolls back, after asking with the version’s name', async () => {
    await page.getByRole('link', { name: 'History' }).or(button('History')).first().click();
    await bootedRow(2).waitFor();
    await button(`Roll back to ${version(1)}`).click();
    await heading(`Roll back to ${version(1)}`).waitFor();
    await shot('5-roll-back');
    await confirm('Roll back');
    await page.getByText('Starts next').first().waitFor();
    await shot('6-rolled-back');
  });

  it('restarts into the old version, which works as before', async () => {
    await button('Restart now…').first().click();
    await confirm('Restart');
    await demo.booted(1, 2);
    await bootedRow(1).waitFor({ timeout: restartMs });
    await shot('7-back');
    expectAgreement(1);
    expect(demo.exec('ostree', '--repo=/sysroot/ostree/repo', 'fsck')).toContain('no errors found');
  });

  it('leaves nothing behind', async () => {
    await app.close();
    await demo.stop();
    // its own: other demos may run on this machine
    expect(existsSync(demoPaths(checkout, e2eState).run)).toBe(false);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(e2eState);
  });
});
