// SPDX-License-Identifier: LGPL-2.1-or-later
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bootEvents, HistoryFile, type LastSeen } from '../../../main/engine/host/history/index.ts';
import type { Deployment } from '../../../shared/domain/index.ts';

const by = { uid: 0, name: 'root', client: 'cli' };
let dir: string;
beforeEach(() => (dir = mkdtempSync(path.join(tmpdir(), 'treeline-history-'))));
afterEach(() => rmSync(dir, { recursive: true }));

describe('the file', () => {
  test('newest first, at most so many', () => {
    const history = new HistoryFile(path.join(dir, 'deep/er'));
    for (const action of ['deploy', 'rollback', 'pin'] as const) history.append({ action, result: 'ok', by });
    expect(history.newest(2).map((entry) => entry.action)).toEqual(['pin', 'rollback']);
  });

  test('a line torn by a crash loses itself and nothing else', () => {
    const history = new HistoryFile(dir);
    const file = path.join(dir, 'history.jsonl');
    history.append({ action: 'deploy', result: 'ok', by });
    const torn = readFileSync(file, 'utf8').trim().slice(0, 40);
    appendFileSync(file, torn);
    expect(history.newest(9)).toHaveLength(1);
    history.append({ action: 'rollback', result: 'ok', by });
    expect(history.newest(9).map((entry) => entry.action)).toEqual(['rollback', 'deploy']);
  });

  test('garbage, another format, nothing at all', () => {
    const history = new HistoryFile(dir);
    expect(history.newest(5)).toEqual([]);
    writeFileSync(path.join(dir, 'history.jsonl'), 'nonsense\n{"at":1}\n[]\nnull\n\u0000\u0000\n');
    expect(history.newest(5)).toEqual([]);
  });
});

describe('what happened while nobody looked', () => {
  const deployment = (checksum: string, fields: Partial<Deployment>): Deployment =>
    ({ id: `os-${checksum}.0`, checksum, version: checksum, booted: false, staged: false, ...fields }) as Deployment;
  const before: LastSeen = { boot: 'one', bootedId: 'os-a.0', bootedVersion: 'a', staged: { id: 'os-b.0', checksum: 'b', version: 'b' } };

  test('a staged update that was finalized and started', () => {
    const now = [deployment('b', { booted: true }), deployment('a', {})];
    const args = [
      ['quiet', 'x=1'],
      ['x=1', 'x=2'],
    ] as const;
    const after: LastSeen = { boot: 'two', bootedId: 'os-b.0', bootedVersion: 'b', bootedArgs: args[1] };
    const events = bootEvents({ ...before, bootedArgs: args[0] }, after, now);
    expect(events[1]?.kernelArgs).toEqual({ added: ['x=2'], removed: ['quiet'] });
    // what an older version of the service remembered doesn't tell them
    expect(bootEvents(before, after, now)[1]?.kernelArgs).toBeUndefined();
    expect(events).toMatchObject([
      { action: 'finalized', toVersion: 'b' },
      { action: 'boot', fromVersion: 'a', toVersion: 'b', deploymentId: 'os-b.0' },
    ]);
  });

  test('a finalization that failed is told once, with its cause', () => {
    const failure = { at: 5, text: 'no space left', version: '' };
    const seen: LastSeen = { boot: 'two', bootedId: 'os-a.0', bootedVersion: 'a', finalizeFailureAt: 5 };
    const events = bootEvents(before, seen, [deployment('a', { booted: true })], failure);
    expect(events[0]).toMatchObject({
      action: 'finalize-failed',
      result: 'failed',
      toVersion: 'b',
      error: { code: 'sysroot.finalize-failed', detail: 'no space left' },
    });
    expect(events.map((event) => event.action)).toEqual(['finalize-failed', 'boot']);
    expect(bootEvents(seen, seen, [deployment('a', { booted: true })], failure)).toEqual([]);
  });

  test('a restart of the service alone is nothing', () => {
    expect(bootEvents(before, { ...before }, [deployment('a', { booted: true })])).toEqual([]);
  });
});
