// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';

const [, year = 0, number = 0] = /Version: '(\d+)\.(\d+)/.exec(execFileSync('ostree', ['--version'], { encoding: 'utf8' })) ?? [];

/** Whether the ostree here is this release or a later one: asked of its own program, not of Treeline. */
export const ostreeIsAtLeast = (release: `${number}.${number}`): boolean => {
  const [wantedYear = 0, wantedNumber = 0] = release.split('.').map(Number);
  return Number(year) > wantedYear || (Number(year) === wantedYear && Number(number) >= wantedNumber);
};

/** A boot entry's file, as libostree names it: without the stateroot since 2024.5 (ostreedev/ostree#3206). */
export const bootEntryName = (version: number, stateroot: string): string =>
  ostreeIsAtLeast('2024.5') ? `ostree-${version}.conf` : `ostree-${version}-${stateroot}.conf`;
