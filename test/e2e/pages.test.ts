// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, it } from 'vitest';
import { checkState } from './support/check-state.ts';
import { systemStates } from './support/system-states.ts';
import { withPageDriver, type PageDriver } from './support/page-driver.ts';
import { historyStates } from './support/history-states.ts';
import { imageStates } from './support/image-states.ts';
import { packageStates } from './support/package-states.ts';
import { pageStates } from './support/page-states.ts';

let driver: PageDriver;

withPageDriver((started) => (driver = started));

describe('every state of every page', () => {
  it.each(
    [...pageStates, ...imageStates, ...historyStates, ...packageStates, ...systemStates].map((state) => [state.name, state] as const),
  )('%s', (_name, state) => checkState(driver, state));
});
