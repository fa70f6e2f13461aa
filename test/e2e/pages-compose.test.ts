// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, describe, it } from 'vitest';
import { checkState } from './support/check-state.ts';
import { composeStates } from './support/compose-states.ts';
import { closeDisplay, openDisplay } from './support/display.ts';
import { startPageDriver, type PageDriver } from './support/page-driver.ts';

let driver: PageDriver;

beforeAll(async () => {
  await openDisplay();
  driver = await startPageDriver();
});

afterAll(async () => {
  await driver.close();
  await closeDisplay();
});

describe('every state of the Compose page', () => {
  it.each(composeStates.map((state) => [state.name, state] as const))('%s', (_name, state) => checkState(driver, state));
});
