// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync } from 'node:fs';
import path from 'node:path';
import koffi from 'koffi';
import type { PruneOutcome } from '../../engine/base/ports/publish.ts';
import { bind, bindChecked, Handle, Ptr } from '../core/index.ts';
import { ostreeError, withSubject } from './errors.ts';
import type { Repo } from './repo.ts';
import { RepoPruneOptions } from './sysroot.ts';

const newReachable = bind('ostree', 'ostree_repo_traverse_new_reachable', Ptr, []);
const traverseUnion = bindChecked('ostree', 'ostree_repo_traverse_commit_union', 'int', [Ptr, 'str', 'int', Ptr, Ptr], ostreeError);
const unref = bind('glib', 'g_hash_table_unref', 'void', [Ptr]);
const pruneStaticDeltas = bindChecked('ostree', 'ostree_repo_prune_static_deltas', 'int', [Ptr, 'str', Ptr], ostreeError);

const IntOut = koffi.out(koffi.pointer('int'));
const pruneReachable = bindChecked(
  'ostree',
  'ostree_repo_prune_from_reachable',
  'int',
  [Ptr, koffi.pointer(RepoPruneOptions), IntOut, IntOut, koffi.out(koffi.pointer('uint64')), Ptr],
  ostreeError,
);
const markPartial = bindChecked('ostree', 'ostree_repo_mark_commit_partial', 'int', [Ptr, 'str', 'int'], ostreeError);
const noPrune = 1;

/** Checksums of all commit objects in a repository's own directory, whether a ref leads to them or not. */
export function listCommits(repo: Repo): string[] {
  const objects = path.join(repo.path, 'objects');
  return readdirSync(objects)
    .filter((prefix) => /^[0-9a-f]{2}$/.test(prefix))
    .flatMap((prefix) =>
      readdirSync(path.join(objects, prefix)).flatMap((name) => (/^[0-9a-f]{62}\.commit$/.test(name) ? [prefix + name.slice(0, 62)] : [])),
    )
    .sort();
}

/**
 * Delete every object that isn't part of the commits, and static deltas to commits that go; `dryRun`: only count (objects). libostree takes its
 * exclusive lock of the repository for it.
 */
export function prune(repo: Repo, keep: readonly string[], dryRun: boolean): PruneOutcome {
  using reachable = new Handle<'GHashTable'>(newReachable(), 'reachable', unref);
  const total: [number] = [0];
  const pruned: [number] = [0];
  const bytes: [number | bigint] = [0];
  withSubject({ facts: { repo: repo.path } }, () => {
    for (const checksum of keep) traverseUnion(repo.pointer, checksum, 0, reachable.pointer, null);
    const options = {
      flags: dryRun ? noPrune : 0,
      hole: 0,
      reachable: reachable.pointer,
      unused_bools: [0, 0, 0, 0, 0, 0],
      unused_ints: [0, 0, 0, 0, 0, 0],
      unused_ptrs: [null, null, null, null, null, null, null],
    };
    // objects go in no order: a commit that an interrupted run leaves with some of them says so
    const kept = new Set(keep);
    if (!dryRun) for (const checksum of listCommits(repo)) if (!kept.has(checksum)) markPartial(repo.pointer, checksum, 1);
    pruneReachable(repo.pointer, options, total, pruned, bytes, null);
    if (!dryRun) pruneStaticDeltas(repo.pointer, null, null);
  });
  return { objectsTotal: total[0], objectsPruned: pruned[0], bytes: Number(bytes[0]) };
}
