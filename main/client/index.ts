// SPDX-License-Identifier: LGPL-2.1-or-later
import { wholeClient, type FullHostClient } from './api.ts';
import { DbusHostClient, type ClientOptions } from './host-client.ts';
import { rowCalls } from './row-calls.ts';

export type {
  FullHostClient,
  HostClient,
  InitramfsChange,
  InitramfsEtcChange,
  KernelArgsChange,
  PackageFile,
  PackageFiles,
} from './api.ts';
export type { ClientOptions } from './host-client.ts';
export type { RowClient } from './row-client.ts';

/** A client of the service on the system bus. Connects at the first question. */
export function createHostClient(options: ClientOptions = {}): FullHostClient {
  const client = new DbusHostClient(options);
  const rows = rowCalls(client.calls);
  return wholeClient<FullHostClient>(client, (name) => rows[name]);
}
