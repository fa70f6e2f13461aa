// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HistoryFile } from '../../../main/engine/host/history/index.ts';
import type { SysrootState } from '../../../main/engine/jobs/index.ts';
import { recordBoot, rememberSeen } from '../../../main/helper/boot-record.ts';
import { JobQueue } from '../../../main/helper/job-queue.ts';
import type { AnyPlan } from '../../../main/helper/job-plan.ts';
import { recordJob } from '../../../main/helper/record-job.ts';
import { RestartSchedule } from '../../../main/helper/restart-schedule.ts';
import type { Transaction } from '../../../main/helper/transaction.ts';
import { registeredDriver } from '../../../main/helper/update-driver.ts';
import { News } from '../../../main/helper/whats-new.ts';
import type { JobState } from '../../../shared/domain/index.ts';

let stateDir = '';
beforeEach(() => void (stateDir = mkdtempSync(path.join(tmpdir(), 'treeline-state-'))));
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const write = (name: string, content: unknown): void => writeFileSync(path.join(stateDir, name), JSON.stringify(content));
const nothing = (): Promise<void> => Promise.resolve();
const queue = (): JobQueue =>
  new JobQueue(stateDir, stateDir, { started: () => undefined, changed: () => undefined, ended: nothing, finished: () => undefined });

const job: JobState = {
  ...{ id: 'a', title: 'upgrade', method: 'Upgrade', owner: 'root', startedAt: 5, endedAt: 9, phase: 'failed', messages: ['one'] },
  progress: { step: 'pull', stepIndex: 1, stepCount: 3, fraction: 0.5 },
  error: { code: 'disk.full', subject: '/', facts: { needBytes: 5 } },
};
const news = { fromVersion: '1', toVersion: '2', checksum: 'c', at: 7 };
const plan = { at: 4_000_000_000, by: 'eva', uid: 1000, postponed: 0, firstAt: 4_000_000_000, boot: 'here' };

function planned(content: unknown): unknown {
  write('restart.json', content);
  const world = { boot: 'here', blockers: () => Promise.resolve([]), restart: () => undefined, changed: () => undefined };
  const schedule = new RestartSchedule(stateDir, { ...world, soon: () => undefined, journal: () => undefined });
  schedule.close();
  return schedule.planned;
}

describe('what another run, or another version, left in the state directory', () => {
  test('is taken as it was written', () => {
    write('jobs.json', [job]);
    write('whats-new.json', { format: 1, said: ['c'], news });
    write('update-driver.json', { name: 'zincati' });
    expect(queue().pastJobs).toEqual([job]);
    expect(new News(stateDir).current()).toEqual(news);
    expect(registeredDriver(stateDir)).toBe('zincati');
    expect(planned(plan)).toEqual(plan);
  });

  test.each([
    ['no object', [null, 'text', [job]]],
    ['a field of another kind', [{ ...job, title: 7 }]],
    ['a phase that nobody knows', [{ ...job, phase: 'resting' }]],
    ['messages that are no texts', [{ ...job, messages: [1] }]],
    ['an error without a text', [{ ...job, error: { code: 'no.such-thing' } }]],
    ['facts that aren’t flat', [{ ...job, error: { code: 'disk.full', facts: { needBytes: {} } } }]],
  ])('is a past job only when it is one: %s', (_, damaged) => {
    write('jobs.json', [...damaged, job]);
    expect(queue().pastJobs).toEqual([job]);
  });

  test.each([[{ ...plan, by: undefined }], [{ ...plan, postponed: 0.5 }], [[plan]], [null]])(
    'is no planned restart when it isn’t whole: %j',
    (damaged) => {
      expect(planned(damaged)).toBeUndefined();
    },
  );

  test.each([
    [{ format: 1, said: [], news: 'soon' }],
    [{ format: 1, said: [], news: { ...news, toVersion: null } }],
    [{ format: 1, said: [1], news }],
    [null],
  ])('is no news when it can’t be read: %j', (damaged) => {
    write('whats-new.json', damaged);
    expect(new News(stateDir).current()).toBeUndefined();
  });

  test('of a damaged memory nothing is compared with the start of today', () => {
    const state = { deployments: [], osnames: [], bootedOsname: '' } as unknown as SysrootState;
    rememberSeen(stateDir, state);
    const whole = readFileSync(path.join(stateDir, 'last-seen.json'), 'utf8');
    write('last-seen.json', { boot: 'before', staged: 'yes', bootedArgs: 'quiet' });
    recordBoot(stateDir, new HistoryFile(stateDir), new News(stateDir), state);
    expect(readFileSync(path.join(stateDir, 'last-seen.json'), 'utf8')).toBe(whole);
    expect(new HistoryFile(stateDir).newest(5)).toEqual([]);
  });
});

test('a job that changed nothing isn’t written down, whatever it was to change', () => {
  const history = new HistoryFile(stateDir);
  const transaction = { job: { ...job, phase: 'succeeded' }, request: { caller: { uid: 0, userName: 'root', clientId: '' } } };
  const record = (changed: boolean): void =>
    recordJob(history, transaction as unknown as Transaction, { action: 'cleanup' } as AnyPlan, { changed, freedBytes: 0 });
  record(false);
  expect(history.newest(5)).toEqual([]);
  record(true);
  expect(history.newest(5)).toMatchObject([{ action: 'cleanup', result: 'ok' }]);
});

test('a line of the history that this version has no words for is left out', () => {
  const line = { id: 'a', at: 5, action: 'boot', result: 'ok', by: { uid: 0, name: 'root', client: '' } };
  const odd = [
    { action: 'dream' },
    { result: 'perhaps' },
    { by: 'root' },
    { error: { code: 'no.such' } },
    { notRemoved: [1] },
    { at: 'now' },
  ];
  const lines = [line, ...odd.map((each) => ({ ...line, ...each })), null, { ...line, id: 'b' }];
  writeFileSync(path.join(stateDir, 'history.jsonl'), lines.map((each) => `${JSON.stringify(each)}\n`).join(''));
  expect(new HistoryFile(stateDir).newest(20).map(({ id }) => id)).toEqual(['b', 'a']);
});
