// SPDX-License-Identifier: LGPL-2.1-or-later
import type { HostSnapshot, JobState } from '../../shared/domain/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { HostClient } from '../client/index.ts';
import { appClient } from './app-client.ts';

/** What the window shows when the service can't even be asked. */
function absent(error: unknown): HostSnapshot {
  const report = TreelineError.report(error);
  return {
    service: {
      kind: report.code === 'service.untrusted' ? 'untrusted' : 'absent',
      version: '',
      ...(report.detail ? { detail: report.detail } : {}),
    },
    hostname: '',
    osname: '',
    prettyName: '',
    simulated: false,
    deployments: [],
    check: { kind: 'never' },
    automaticUpdatePolicy: '',
    pastJobs: [],
  };
}

/** Forwards the client's events. The client is the cache; all that is added here is an answer when it has none. */
export class Host {
  readonly client: HostClient;
  readonly #stop: (() => void)[];

  constructor(client: HostClient, push: { snapshot: (snapshot: HostSnapshot) => void; job: (job: JobState) => void }) {
    this.client = appClient(client);
    this.#stop = [client.onSnapshot(push.snapshot), client.onJob(push.job)];
  }

  async snapshot(): Promise<HostSnapshot> {
    try {
      return await this.client.snapshot();
    } catch (error) {
      return absent(error);
    }
  }

  close(): void {
    for (const stop of this.#stop) stop();
    this.client.close();
  }
}
