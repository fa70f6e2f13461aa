// SPDX-License-Identifier: LGPL-2.1-or-later
import { LocalComposeClient } from './compose-client.ts';
import type { ComposeClient } from './compose-api.ts';

export type { ComposeClient, Draft } from './compose-api.ts';

/** Composing on this machine, in workers. Nothing is started before the first question. */
export function createComposeClient(): ComposeClient {
  return new LocalComposeClient();
}
