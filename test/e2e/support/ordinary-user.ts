// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { _electron, errors, type ElectronApplication } from 'playwright-core';

export const checkout = path.resolve(import.meta.dirname, '../../..');

export interface OrdinaryUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** An empty home of their own; removed by `remove`. */
  readonly home: string;
  remove(): void;
}

const name = 'treeline-e2e';

/**
 * The person who looks at the window: Chromium's sandbox works for ordinary users only. For tests run by root a user of their own, made when
 * it doesn't exist yet; else whoever runs the tests.
 */
export function ordinaryUser(): OrdinaryUser {
  const home = mkdtempSync(path.join(tmpdir(), 'treeline-home-'));
  const remove = (): void => rmSync(home, { recursive: true, force: true });
  const self = userInfo();
  if (self.uid !== 0) return { name: self.username, uid: self.uid, gid: self.gid, home, remove };
  if (spawnSync('id', [name]).status !== 0) execFileSync('useradd', ['--no-create-home', '--shell', '/usr/sbin/nologin', name]);
  const id = (flag: string): number => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  const user = { name, uid: id('-u'), gid: id('-g'), home, remove };
  chownSync(home, user.uid, user.gid);
  chmodSync(home, 0o700);
  return user;
}

/** Folder of the Electron to test with; see main/launch/electron-runtime.mjs. */
function electronFolder(): string {
  return execFileSync(process.execPath, [path.join(checkout, 'main/launch/electron-runtime.mjs')], { encoding: 'utf8' }).trim();
}

/** Start the app as `user`, sandbox on. `env`: what the app sees besides the display and the user's own variables. */
export async function launchApp(
  user: OrdinaryUser,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<ElectronApplication> {
  const electron = path.join(electronFolder(), 'electron');
  const options = {
    executablePath: userInfo().uid === 0 ? wrapper(user, electron) : electron,
    args: [...args, checkout],
    cwd: '/',
    env: {
      PATH: '/usr/bin:/bin',
      LANG: 'en_US.UTF-8',
      DISPLAY: process.env['DISPLAY'] ?? '',
      HOME: user.home,
      USER: user.name,
      LOGNAME: user.name,
      XDG_RUNTIME_DIR: user.home,
      // no desktop session is part of the test
      DBUS_SESSION_BUS_ADDRESS: 'disabled:',
      ...env,
    },
  };
  try {
    return await _electron.launch({ ...options, timeout: 90_000 });
  } catch (error) {
    // both connections of the debugger are there, and Playwright waits for an event that has come before: the app that hangs on it is ended and started anew
    if (!(error instanceof errors.TimeoutError)) throw error;
    return _electron.launch(options);
  }
}

/** Playwright starts one program without words before it, so the change of user goes into a script. */
function wrapper(user: OrdinaryUser, electron: string): string {
  const file = path.join(user.home, 'electron-as-user');
  const words = [path.join(import.meta.dirname, 'as-user.sh'), String(user.uid), String(user.gid), checkout, electron];
  writeFileSync(file, `#!/bin/sh\nexec bash ${words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')} "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}
