// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { JobContext } from '../../base/ports/job.ts';
import type { DeltaName, PublishRepo } from '../../base/ports/publish.ts';
import { ancestorsInRepo, ownRefs } from '../../base/commits/ancestors.ts';
import { summarySigning, type SummaryParams } from './summary.ts';

export interface DeltaParams extends SummaryParams {
  /** Default: all branches. */
  readonly refs: readonly string[];
  /** From this many commits before each branch's newest. */
  readonly count: number;
  /** One from nothing, too, for first installations. */
  readonly fromEmpty?: boolean;
  /** Remove deltas that lead to no branch's newest commit. */
  readonly dropOld?: boolean;
}

export interface DeltaOutcome {
  readonly made: readonly (DeltaName & { readonly bytes: number })[];
  /** There already. */
  readonly kept: number;
  readonly dropped: number;
}

const base64 = (checksum: string): string => Buffer.from(checksum, 'hex').toString('base64').replaceAll('/', '_').replace(/=+$/, '');

/** Where libostree keeps a delta (ostree-core.c: _ostree_get_relative_static_delta_path). */
export function deltaDirectory(repo: string, { from, to }: DeltaName): string {
  const name = from === '' ? base64(to) : `${base64(from)}-${base64(to)}`;
  return path.join(repo, 'deltas', name.slice(0, 2), name.slice(2));
}

export function deltaBytes(repo: string, name: DeltaName): number {
  const directory = deltaDirectory(repo, name);
  return readdirSync(directory).reduce((sum, file) => sum + statSync(path.join(directory, file)).size, 0);
}

/** Write the missing static deltas to the newest commit of branches, then the summary that lists them. */
export function writeDeltas(repo: PublishRepo, params: DeltaParams, context: JobContext): DeltaOutcome {
  repo.requireWritable();
  const signing = summarySigning(repo, params);
  const refs = ownRefs(repo.repo, params.refs);
  const text = ({ from, to }: DeltaName): string => `${from}-${to}`;
  const there = new Map(repo.listDeltas().map((name) => [text(name), name]));
  const wanted = new Map<string, DeltaName>();
  for (const to of new Set(refs.values()))
    for (const from of [...(params.fromEmpty ? [''] : []), ...ancestorsInRepo(repo.repo, to, params.count)])
      wanted.set(text({ from, to }), { from, to });
  const missing = [...wanted].filter(([key]) => !there.has(key)).map(([, name]) => name);
  const made = missing.map((name, i) => {
    context.progress({ step: 'delta', stepIndex: 0, stepCount: 1, fraction: i / missing.length, itemsDone: i, itemsTotal: missing.length });
    context.message(`${name.from === '' ? 'nothing' : name.from.slice(0, 12)} → ${name.to.slice(0, 12)}`);
    repo.generateDelta(name.from || undefined, name.to);
    return { ...name, bytes: deltaBytes(repo.path, name) };
  });
  const tips = new Set(ownRefs(repo.repo).values());
  const old = params.dropOld ? [...there.values()].filter(({ to }) => !tips.has(to)) : [];
  for (const name of old) rmSync(deltaDirectory(repo.path, name), { recursive: true, force: true });
  repo.reindexDeltas();
  repo.writeSummary(signing);
  return { made, kept: wanted.size - missing.length, dropped: old.length };
}
