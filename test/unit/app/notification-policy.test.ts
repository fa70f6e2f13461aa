// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import {
  decideNotifications,
  firstNotificationState,
  type NotificationInput,
  type NotificationState,
} from '../../../main/app/notification-policy.ts';
import * as f from '../../e2e/support/page-fixtures.ts';

const day = 86_400;
const { now } = f;
const start = firstNotificationState(now - 60 * day);
const quiet = f.snapshot({ check: { kind: 'up-to-date', checkedAt: now } });
const available = (more: Partial<typeof f.update>) =>
  f.snapshot({ check: { kind: 'available', checkedAt: now, update: { ...f.update, ...more } } });
const security = available({});
const boring = available({ security: { count: 2, worst: 'moderate' } });

function decide(snapshot: NotificationInput['snapshot'], state: NotificationState = start, more: Partial<NotificationInput> = {}) {
  const { notices, state: next } = decideNotifications({ snapshot, now, looking: false, wanted: true, ...more }, state);
  return { kinds: notices.map(({ kind }) => kind), notices, next };
}

describe('what is worth a notification', () => {
  it('is nothing when nothing is the matter, or the update can wait', () => {
    expect(decide(quiet).kinds).toEqual([]);
    expect(decide(boring).kinds).toEqual([]);
    expect(decide(available({ security: { count: 0, worst: 'critical' } })).kinds).toEqual([]);
  });

  it('is an important security fix, and an update of more than a week', () => {
    expect(decide(security).kinds).toEqual(['security']);
    expect(decide(available({ security: { count: 1, worst: 'critical' } })).kinds).toEqual(['security']);
    const old = decide(available({ security: { count: 0, worst: 'none' }, timestamp: now - 8.5 * day }));
    expect(old.notices).toMatchObject([{ kind: 'old', version: '43.2', days: 8 }]);
  });

  it('is one that waits for a restart for more than a week, not one that was staged just now', () => {
    const waits = (days: number) =>
      f.snapshot({ deployments: [{ ...f.staged, deployedAt: now - days * day }, f.booted], check: security.check });
    expect(decide(waits(1)).kinds).toEqual([]);
    expect(decide(waits(8)).kinds).toEqual(['restart-waits']);
  });

  it('isn’t a version that somebody went back from, nor what a service nobody trusts says', () => {
    expect(decide(available({ rolledBackFrom: true })).kinds).toEqual([]);
    expect(decide({ ...security, service: { kind: 'untrusted', version: '' } }).kinds).toEqual([]);
    expect(decide({ ...security, service: { kind: 'absent', version: '' } }).next).toBe(start);
  });

  it('is what the last good check found, while checks fail', () => {
    const failing = f.snapshot({
      check: { kind: 'failed', failedAt: now, since: now - day, error: { code: 'repo.unreachable' }, last: f.update },
    });
    expect(decide(failing).kinds).toEqual(['security']);
  });
});

describe('how often', () => {
  it('at most once a day, the same version once a week', () => {
    const first = decide(security).next;
    expect(decide(security, first).kinds).toEqual([]);
    const other = available({ checksum: 'f'.repeat(64) });
    expect(decide(other, first, { now: now + day - 1 }).kinds).toEqual([]);
    expect(decide(other, first, { now: now + day }).kinds).toEqual(['security']);
    expect(decide(boring, first, { now: now + 3 * day }).kinds).toEqual([]);
    expect(decide(security, first, { now: now + 3 * day }).kinds).toEqual([]);
    expect(decide(security, first, { now: now + 7 * day }).kinds).toEqual(['security']);
  });

  it('never more than one quiet one in 24 hours, whatever happens (every hour of 30 days)', () => {
    let state = start;
    const times: number[] = [];
    for (let hour = 0; hour < 30 * 24; hour++) {
      const at = now + hour * 3600;
      const checksum = (hour % 16).toString(16).repeat(64);
      const { kinds, next } = decide(available({ checksum, timestamp: at - day }), state, { now: at });
      if (kinds.length > 0) times.push(at);
      state = next;
    }
    expect(times.length).toBeGreaterThan(15);
    expect(times.slice(1).every((at, index) => at - (times[index] as number) >= day)).toBe(true);
    expect(Object.keys(state.about).length).toBeLessThanOrEqual(16);
  });

  it('not at all while somebody looks at the window, and later then', () => {
    const looked = decide(security, start, { looking: true });
    expect(looked.kinds).toEqual([]);
    expect(decide(security, looked.next).kinds).toEqual(['security']);
  });

  it('not at all when they aren’t wanted', () => {
    expect(decide(security, start, { wanted: false }).kinds).toEqual([]);
  });
});

describe('failures', () => {
  const failedJob = f.job({
    id: 'x',
    phase: 'failed',
    startedAt: now - 60,
    endedAt: now - 30,
    error: { code: 'disk.full', subject: '/', detail: 'No space left on device' },
  });

  it('are always said, each once, even where quiet ones aren’t wanted', () => {
    const failed = { ...quiet, finalizeFailure: { at: now - 90, text: 'why', version: '43.2' }, pastJobs: [failedJob] };
    const first = decide(failed, start, { wanted: false });
    expect(first.kinds).toEqual(['did-not-take', 'job-failed']);
    expect(decide(failed, first.next).kinds).toEqual([]);
    const another = { ...failed, finalizeFailure: { at: now, text: 'why', version: '43.3' } };
    expect(decide(another, first.next).kinds).toEqual(['did-not-take']);
  });

  it('aren’t closed password dialogs, cancelled jobs, checks of a train in a tunnel, or older than the first start', () => {
    const job = (more: object) => ({ ...quiet, pastJobs: [{ ...failedJob, ...more }] });
    expect(decide(job({ error: { code: 'auth.dismissed' } })).kinds).toEqual([]);
    expect(decide(job({ phase: 'cancelled' })).kinds).toEqual([]);
    expect(decide(job({ method: 'Pin' })).kinds).toEqual([]);
    expect(decide(job({}), firstNotificationState(now)).kinds).toEqual([]);
    const failing = (since: number) => f.snapshot({ check: { kind: 'failed', failedAt: now, since, error: { code: 'repo.unreachable' } } });
    expect(decide(failing(now - day)).kinds).toEqual([]);
    expect(decide(failing(0)).kinds).toEqual([]);
    const days = decide(failing(now - 4 * day));
    expect(days.kinds).toEqual(['cannot-check']);
    expect(decide(failing(now - 4 * day), days.next, { now: now + 5 * day }).kinds).toEqual([]);
  });

  it('that were seen in the window aren’t repeated outside', () => {
    const seen = decide({ ...quiet, pastJobs: [failedJob] }, start, { looking: true });
    expect(seen.kinds).toEqual([]);
    expect(decide({ ...quiet, pastJobs: [failedJob] }, seen.next).kinds).toEqual([]);
  });
});

it('warns once of a scheduled restart, a quarter of an hour before', () => {
  const scheduled = (inSeconds: number) => ({ scheduled: { at: now + inSeconds, by: 'robin', version: '43.2', postponed: 0 } });
  expect(decide(quiet, start, scheduled(3600)).kinds).toEqual([]);
  const first = decide(quiet, start, scheduled(600));
  expect(first.kinds).toEqual(['restart-soon']);
  expect(decide(quiet, first.next, scheduled(600)).kinds).toEqual([]);
  expect(decide(quiet, first.next, scheduled(700)).kinds).toEqual(['restart-soon']);
  expect(decide(quiet, start, scheduled(-1)).kinds).toEqual([]);
});
