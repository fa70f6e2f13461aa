// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, describe, it } from 'vitest';
import { checkState } from './support/check-state.ts';
import { closeDisplay, openDisplay } from './support/display.ts';
import { systemStates } from './support/system-states.ts';
import { startPageDriver, type PageDriver } from './support/page-driver.ts';
import { historyStates } from './support/history-states.ts';
import { packageStates } from './support/package-states.ts';
import { pageStates } from './support/page-states.ts';

let driver: PageDriver;

beforeAll(async () => {
  await openDisplay();
  driver = await startPageDriver();
});

afterAll(async () => {
  await driver.close();
  await closeDisplay();
});

describe('every state of every page', () => {
  it.each([...pageStates, ...historyStates, ...packageStates, ...systemStates].map((state) => [state.name, state] as const))(
    '%s',
    (_name, state) => checkState(driver, state),
  );
});
