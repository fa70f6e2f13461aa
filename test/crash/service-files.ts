// SPDX-License-Identifier: LGPL-2.1-or-later
// Bundled and run in a simulated session: writes the files that the service keeps, each twice, as its jobs and starts do.
import { rememberSeen } from '../../main/helper/boot-record.ts';
import { RestartSchedule } from '../../main/helper/restart-schedule.ts';
import { News } from '../../main/helper/whats-new.ts';
import { HistoryFile } from '../../main/engine/host/history/index.ts';
import type { SysrootState } from '../../main/engine/jobs/index.ts';

const stateDir = '/var/lib/treeline';
const deployment = (id: string, version: string, booted: boolean): object => ({
  id,
  version,
  checksum: id.padEnd(64, '0'),
  booted,
  origin: {},
  timestamp: 1,
});
const history = new HistoryFile(stateDir);
const news = new News(stateDir);
for (const version of ['1', '3']) {
  const state = {
    deployments: [deployment('b', version, true), deployment('a', '0', false)],
    bootedOsname: 'plain',
  } as unknown as SysrootState;
  history.append({ action: 'stage', result: 'ok', by: { uid: 0, name: 'root', client: 'test' }, toVersion: version });
  rememberSeen(stateDir, state);
  news.started(state, { id: 'a', version: '0' });
  news.acknowledge();
}
const schedule = new RestartSchedule(stateDir, {
  boot: 'mark',
  blockers: () => Promise.resolve([]),
  restart: () => undefined,
  changed: () => undefined,
  soon: () => undefined,
  journal: () => undefined,
});
schedule.schedule(Math.floor(Date.now() / 1000) + 3600, { userName: 'root', uid: 0 });
schedule.postpone(600);
schedule.close();
process.exit(0);
