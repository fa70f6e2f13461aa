// SPDX-License-Identifier: LGPL-2.1-or-later
import type { FullHostClient } from './api.ts';
import { DbusHostClient, type ClientOptions } from './host-client.ts';

export type { FullHostClient, HostClient, KernelArgsChange, PullOptions } from './api.ts';
export type { RemotesClient, RestartClient, ReviewClient } from './review-api.ts';
export type { ClientOptions } from './host-client.ts';

/** A client of the service on the system bus. Connects at the first question. */
export function createHostClient(options: ClientOptions = {}): FullHostClient {
  return new DbusHostClient(options);
}
