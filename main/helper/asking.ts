// SPDX-License-Identifier: LGPL-2.1-or-later
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Caller } from './callers.ts';

/** For whom the service is at work, through all awaits; nobody where it works of its own accord. */
export const asking = new AsyncLocalStorage<Pick<Caller, 'uid' | 'rank'>>();
