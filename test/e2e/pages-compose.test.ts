// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, it } from 'vitest';
import { checkState } from './support/check-state.ts';
import { composeStates } from './support/compose-states.ts';
import { withPageDriver, type PageDriver } from './support/page-driver.ts';

let driver: PageDriver;

withPageDriver((started) => (driver = started));

describe('every state of the Compose page', () => {
  it.each(composeStates.map((state) => [state.name, state] as const))('%s', (_name, state) => checkState(driver, state));
});
