// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { hostActions, takeJob, takeSnapshot, useHost } from '../../../renderer/model/host-store.ts';
import { loadDetails, useDetails } from '../../../renderer/model/details-store.ts';
import { compare, loadHistory, useHistory } from '../../../renderer/model/history-store.ts';
import * as f from '../../e2e/support/page-fixtures.ts';

const invoke = vi.fn();
const ok = (value: unknown) => ({ ok: true, value });
const fail = (code: string) => ({ ok: false, error: { code } });

beforeEach(() => {
  vi.stubGlobal('window', { treeline: { invoke } });
  invoke.mockReset();
  useHost.setState(useHost.getInitialState(), true);
  useDetails.setState(useDetails.getInitialState(), true);
  useHistory.setState(useHistory.getInitialState(), true);
});

afterAll(() => vi.unstubAllGlobals());

describe('host store', () => {
  it('prefers a job event that is ahead of the snapshot', () => {
    const progress = f.job().progress;
    if (!progress) throw new Error('the fixture has progress');
    takeJob(f.job({ progress: { ...progress, fraction: 0.6 } }));
    takeSnapshot(f.snapshot({ job: f.job() }));
    expect(useHost.getState().job?.progress?.fraction).toBe(0.6);
  });

  it('ignores a snapshot’s job whose end was already told', () => {
    takeJob(f.job());
    takeJob(f.job({ phase: 'succeeded', endedAt: f.now }));
    takeSnapshot(f.snapshot({ job: f.job() }));
    expect(useHost.getState().job).toBeUndefined();
    takeSnapshot(f.snapshot({ job: f.job({ id: 'another' }) }));
    expect(useHost.getState().job?.id).toBe('another');
  });

  it('asks once however often a button is pressed, and remembers a refusal until the next try', async () => {
    let finish: (reply: unknown) => void = () => undefined;
    invoke.mockReturnValueOnce(new Promise((resolve) => (finish = resolve)));
    const first = hostActions.upgrade({});
    await hostActions.upgrade({});
    expect(invoke).toHaveBeenCalledTimes(1);
    expect(useHost.getState().intents).toEqual(['upgrade']);
    finish(fail('sysroot.busy'));
    await first;
    expect(useHost.getState()).toMatchObject({ intents: [], refusal: { intent: 'upgrade', error: { code: 'sysroot.busy' } } });
    invoke.mockResolvedValueOnce(ok(f.job({ phase: 'succeeded' })));
    await hostActions.upgrade({});
    expect(useHost.getState().refusal).toBeUndefined();
    expect(useHost.getState().endedJob?.phase).toBe('succeeded');
  });

  it('drops a closed password dialog silently', async () => {
    invoke.mockResolvedValueOnce(fail('auth.dismissed'));
    await hostActions.rollback();
    expect(useHost.getState().refusal).toBeUndefined();
  });
});

describe('details store', () => {
  it('fetches once per pair of versions and keeps only the answer to the last question', async () => {
    let finish: (reply: unknown) => void = () => undefined;
    invoke.mockReturnValueOnce(new Promise((resolve) => (finish = resolve)));
    const old = loadDetails('a:b');
    invoke.mockResolvedValueOnce(ok({ ...f.details, toVersion: '43.3' }));
    await loadDetails('a:c');
    finish(ok(f.details));
    await old;
    expect(useDetails.getState().details?.toVersion).toBe('43.3');
    await loadDetails('a:c');
    expect(invoke).toHaveBeenCalledTimes(2);
  });

  it('keeps the error and tries again when forced', async () => {
    invoke.mockResolvedValueOnce(fail('repo.unreachable'));
    await loadDetails('a:b');
    expect(useDetails.getState().error?.code).toBe('repo.unreachable');
    invoke.mockResolvedValueOnce(ok(f.details));
    await loadDetails('a:b', true);
    expect(useDetails.getState()).toMatchObject({ error: undefined, details: f.details });
  });
});

describe('history store', () => {
  it('shows the log without disk use when that isn’t known', async () => {
    invoke.mockImplementation((name: string) => Promise.resolve(name === 'host.history' ? ok(f.historyEntries) : fail('not-supported')));
    await loadHistory();
    expect(useHistory.getState()).toMatchObject({ entries: f.historyEntries, diskUse: undefined, entriesError: undefined });
  });

  it('drops the answer to a comparison that is no longer asked for', async () => {
    let finish: (reply: unknown) => void = () => undefined;
    invoke.mockReturnValueOnce(new Promise((resolve) => (finish = resolve)));
    const old = compare('a', 'b');
    invoke.mockResolvedValueOnce(ok({ packages: [], advisories: [] }));
    await compare('a', 'c');
    finish(ok({ packages: f.changes, advisories: [] }));
    await old;
    expect(useHistory.getState().comparison).toMatchObject({ to: 'c', found: { packages: [] } });
  });
});
