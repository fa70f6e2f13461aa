// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import { isKeyOf } from '../../../files/index.ts';
import type { PublishRepo } from '../../base/ports/publish.ts';
import { ownRefs } from '../../base/commits/ancestors.ts';
import { deltaBytes } from './deltas.ts';
import { summarySigning, type SummaryParams } from './summary.ts';

export interface PruneParams extends SummaryParams {
  /** Keep this many commits before each branch's newest; undefined: all. */
  readonly depth?: number;
  /** Keep what is newer than this, too: `30d`, `12h`, `2w`, or a date (ISO 8601). */
  readonly keepYoungerThan?: string;
  /** Branches that depth and age count for; the others keep all. Default: all branches. */
  readonly refs: readonly string[];
  readonly dryRun?: boolean;
}

export interface PruneReport {
  readonly commitsKept: number;
  /** Newest first. */
  readonly commitsDropped: readonly {
    readonly checksum: string;
    readonly version: string;
    readonly timestamp: number;
    readonly ref: string;
  }[];
  readonly objectsTotal: number;
  readonly objectsPruned: number;
  readonly deltasDropped: number;
  /** Objects and deltas. */
  readonly bytes: number;
  readonly dryRun: boolean;
}

const seconds = { h: 3600, d: 86_400, w: 604_800 } as const;

/** `30d`, `12h`, `2w` before now, or a date; as Unix seconds. Throws usage.invalid. */
export function timeBefore(text: string, nowSeconds: number): number {
  const [, count, unit = ''] = /^(\d+)([hdw])$/.exec(text) ?? [];
  if (isKeyOf(seconds, unit)) return nowSeconds - Number(count) * seconds[unit];
  const date = Date.parse(text);
  if (Number.isNaN(date))
    throw new TreelineError('usage.invalid', {
      subject: text,
      detail: `“${text}” is neither an age such as 30d nor a date such as 2026-03-01`,
    });
  return Math.floor(date / 1000);
}

/** Remove old commits and what only they need. A branch's newest commit always stays, whatever the rules. */
export function pruneRepo(repo: PublishRepo, params: PruneParams, nowSeconds: number): PruneReport {
  repo.requireWritable();
  const signing = params.dryRun ? undefined : summarySigning(repo, params);
  const youngest = params.keepYoungerThan === undefined ? undefined : timeBefore(params.keepYoungerThan, nowSeconds);
  const named = new Set(ownRefs(repo.repo, params.refs).keys());
  const keep = new Set<string>();
  const refOf = new Map<string, string>();
  // refs of remotes, too: somebody keeps them for something
  for (const [refspec, tip] of repo.repo.listRefs()) {
    const all = params.refs.length > 0 ? !named.has(refspec) : refspec.includes(':');
    let index = 0;
    for (let at = tip; at !== ''; index++) {
      const commit = repo.repo.tryLoadCommit(at);
      if (!commit) break;
      if (!refOf.has(at)) refOf.set(at, refspec);
      const byDepth = params.depth === undefined ? youngest === undefined : index <= params.depth;
      if (all || index === 0 || byDepth || (youngest !== undefined && commit.timestamp >= youngest)) keep.add(at);
      at = commit.parent;
    }
  }
  const commits = repo.listCommits();
  const dropped = commits
    .filter((checksum) => !keep.has(checksum))
    .flatMap((checksum) => {
      const commit = repo.repo.loadCommit(checksum);
      // not on any branch, but new: perhaps somebody is about to name it
      if (!refOf.has(checksum) && youngest !== undefined && commit.timestamp >= youngest) {
        keep.add(checksum);
        return [];
      }
      return [{ checksum, version: commit.version, timestamp: commit.timestamp, ref: refOf.get(checksum) ?? '' }];
    })
    .sort((a, b) => b.timestamp - a.timestamp || (a.checksum < b.checksum ? -1 : 1));
  const gone = new Set(dropped.map((c) => c.checksum));
  const deltas = repo.listDeltas().filter(({ to }) => gone.has(to));
  const freedDeltas = deltas.reduce((sum, name) => sum + deltaBytes(repo.path, name), 0);
  const { objectsTotal, objectsPruned, bytes } = repo.prune(
    commits.filter((checksum) => keep.has(checksum)),
    signing === undefined,
  );
  if (signing) {
    repo.reindexDeltas();
    repo.writeSummary(signing);
  }
  return {
    commitsKept: commits.length - dropped.length,
    commitsDropped: dropped,
    objectsTotal,
    objectsPruned,
    deltasDropped: deltas.length,
    bytes: bytes + freedDeltas,
    dryRun: signing === undefined,
  };
}
