// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import type { EtcFile, TreeChange, TreeDiff, TreeFile } from '../../../../shared/domain/index.ts';
import type { ReviewJobs } from './params.ts';
import type { CommitPort } from '../../base/ports/sysroot.ts';
import { withFetched } from '../source/context.ts';
import { sideOf, sourceInTree } from './file-side.ts';
import { openBelow, pathNames } from './safe-file.ts';
import { withTarget, type ReviewContext } from './target.ts';
import { TreeReader, type DirRef } from '../../base/commits/tree-reader.ts';

/** Job review.etc-file. Throws `review.path-refused`, `review.content-missing`. */
export function etcFile(context: ReviewContext, params: ReviewJobs['review.etc-file']['params']): EtcFile {
  const names = pathNames(params.path, false);
  const everything = params.includePrivate ?? false;
  return withTarget(context, params, ({ reader, from, to, merge }) => {
    const inCommit = (commit: CommitPort): DirRef | undefined => reader.find(commit, ['usr', 'etc']);
    return {
      path: params.path,
      base: sideOf(sourceInTree(reader, inCommit(from), names), everything),
      yours: sideOf(openBelow(path.join(context.sysroot.path, merge.directory, 'etc'), names), everything),
      vendor: sideOf(sourceInTree(reader, inCommit(to), names), everything),
    };
  });
}

/** Run with both commits of a comparison; each may be a checksum or another name that the repository resolves. */
function withPair<T>(context: ReviewContext, params: { from: string; to: string }, run: (pair: Pair) => T): T {
  return withFetched(context, (repo) => {
    const reader = new TreeReader(repo, context.sysroot.repo, context.objects);
    return run({ reader, from: repo.loadCommit(repo.resolveRev(params.from)), to: repo.loadCommit(repo.resolveRev(params.to)) });
  });
}

interface Pair {
  readonly reader: TreeReader;
  readonly from: CommitPort;
  readonly to: CommitPort;
}

/** Job review.file. */
export function treeFile(context: ReviewContext, params: ReviewJobs['review.file']['params']): TreeFile {
  const names = pathNames(params.path, true);
  return withPair(context, params, ({ reader, from, to }) => {
    const side = (commit: CommitPort): TreeFile['from'] =>
      sideOf(sourceInTree(reader, { tree: commit.rootDirtree, meta: commit.rootDirmeta }, names), params.includePrivate ?? false);
    return { path: params.path, from: side(from), to: side(to) };
  });
}

interface Found {
  readonly path: string;
  readonly kind: TreeChange['kind'];
  readonly directory: boolean;
  readonly from?: string;
  readonly to?: string;
}

/** Job review.tree: from checksums alone; equal directories aren't looked into, and only what is answered is opened for its size. */
export function treeDiff(context: ReviewContext, params: ReviewJobs['review.tree']['params']): TreeDiff {
  const prefix = params.prefix === undefined || params.prefix === '' || params.prefix === '/' ? [] : pathNames(params.prefix, true);
  return withPair(context, params, ({ reader, from, to }) => {
    const found: Found[] = [];
    compare(reader, reader.find(from, prefix), reader.find(to, prefix), prefix.map((name) => `/${name}`).join(''), found);
    found.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    return {
      fromChecksum: from.checksum,
      toChecksum: to.checksum,
      changes: found.slice(0, Math.max(0, params.limit)).map((each) => describe(reader, each)),
      total: found.length,
    };
  });
}

function compare(reader: TreeReader, from: DirRef | undefined, to: DirRef | undefined, prefix: string, out: Found[]): void {
  if (from?.tree === to?.tree) return;
  const nothing = { files: new Map<string, string>(), dirs: new Map<string, DirRef>() };
  const before = from ? reader.directory(from.tree) : nothing;
  const after = to ? reader.directory(to.tree) : nothing;
  for (const name of new Set([...before.files.keys(), ...before.dirs.keys(), ...after.files.keys(), ...after.dirs.keys()])) {
    const path = `${prefix}/${name}`;
    const [oldFile, newFile] = [before.files.get(name), after.files.get(name)];
    const [oldDir, newDir] = [before.dirs.get(name), after.dirs.get(name)];
    if (oldFile === newFile && oldDir?.meta === newDir?.meta && oldDir?.tree === newDir?.tree) continue;
    const [was, is] = [oldFile ?? oldDir, newFile ?? newDir];
    // a directory whose content alone differs is no change of itself
    if (oldFile !== newFile || oldDir?.meta !== newDir?.meta) {
      out.push({
        path,
        kind: was === undefined ? 'added' : is === undefined ? 'removed' : 'modified',
        directory: newFile === undefined && (newDir !== undefined || oldFile === undefined),
        ...(oldFile === undefined ? {} : { from: oldFile }),
        ...(newFile === undefined ? {} : { to: newFile }),
      });
    }
    compare(reader, oldDir, newDir, path, out);
  }
}

function describe(reader: TreeReader, { path, kind, directory, from, to }: Found): TreeChange {
  const before = from === undefined ? undefined : reader.tryFile(from);
  const after = to === undefined ? undefined : reader.tryFile(to);
  return {
    path,
    kind,
    type: directory ? 'directory' : ((after ?? before)?.type ?? 'file'),
    ...(before ? { fromSizeBytes: before.sizeBytes } : {}),
    ...(after ? { toSizeBytes: after.sizeBytes } : {}),
  };
}
