// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { messageOf } from '../../shared/errors/index.ts';
import { bootEvents, lastSeenOf, type HistoryFile, type LastSeen } from '../engine/host/history/index.ts';
import type { SysrootState } from '../engine/jobs/index.ts';
import { hasShape, readJsonFile, tryAtomicFile } from '../files/index.ts';
import type { News } from './whats-new.ts';

/** Compare with what was seen last and write what happened at shutdown and start into the history. */
export function recordBoot(stateDir: string, history: HistoryFile, news: News, state: SysrootState): void {
  // of a system that can't be read in full nobody can tell what happened to it
  if (state.problem) return;
  const now = lastSeenOf(bootMark(), state.deployments, state.finalizeFailure);
  const before = readSeen(stateDir);
  try {
    for (const event of bootEvents(before, now, state.deployments, state.finalizeFailure)) history.append(event);
    if (before && before.boot !== now.boot) news.started(state, { id: before.bootedId, version: before.bootedVersion });
  } catch (error) {
    process.stderr.write(`history, news: ${messageOf(error)}\n`);
  }
  rememberSeen(stateDir, state);
}

export function rememberSeen(stateDir: string, state: SysrootState): void {
  if (state.problem) return;
  tryAtomicFile(seenFile(stateDir), JSON.stringify(lastSeenOf(bootMark(), state.deployments, state.finalizeFailure)), {
    makeDirectories: true,
    say: (line) => process.stderr.write(`${line}\n`),
  });
}

const seenFile = (stateDir: string): string => path.join(stateDir, 'last-seen.json');

const isLastSeen = (value: unknown): value is LastSeen =>
  hasShape(value, {
    boot: 'string',
    bootedId: 'string?',
    bootedVersion: 'string?',
    bootedArgs: 'strings?',
    finalizeFailureAt: 'number?',
  }) &&
  (value['staged'] === undefined || hasShape(value['staged'], { id: 'string', checksum: 'string', version: 'string' }));

function readSeen(stateDir: string): LastSeen | undefined {
  try {
    const seen = readJsonFile(seenFile(stateDir));
    return isLastSeen(seen) ? seen : undefined;
  } catch {
    return undefined;
  }
}

/** The kernel's boot id, and when process 1 began: the second one also tells simulated starts apart (proc(5), /proc/pid/stat field 22). */
export function bootMark(): string {
  const read = (file: string): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return '';
    }
  };
  const afterName = read('/proc/1/stat').split(') ').pop() ?? '';
  return `${read('/proc/sys/kernel/random/boot_id').trim()}:${afterName.split(' ')[19] ?? ''}`;
}
