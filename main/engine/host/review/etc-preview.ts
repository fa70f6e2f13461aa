// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { EtcPreview } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { ReviewJobs } from './params.ts';
import { gapsOf, missingSizes } from '../source/sizes.ts';
import { closedTo } from './closed.ts';
import { attributeChanges, localChanges, readLink, readLocalTree, type LocalNode } from './etc-local.ts';
import { mergeEntries } from './etc-merge.ts';
import { withTarget, type ReviewContext, type ReviewTarget } from './target.ts';
import { flatten, isComplete, type DirRef, type TreeNode } from '../../base/commits/tree-reader.ts';

/** Files compared byte by byte at most this large; larger ones that both sides changed count as different. */
const comparedBytes = 16 << 20;

/** Job review.etc. */
export function etcPreview(context: ReviewContext, params: ReviewJobs['review.etc']['params']): EtcPreview {
  return withTarget(context, params, (target) => {
    const common = { fromId: target.merge.id, toChecksum: target.to.checksum };
    const vendor = availableEtc(target);
    if (vendor === undefined) {
      const fetchBytes = estimateFetch(target);
      return { ...common, available: false, ...(fetchBytes === undefined ? {} : { fetchBytes }), entries: [] };
    }
    const { entries, closed } = preview(context, target, vendor);
    const shown = params.hideClosed ? entries.filter(({ path: name }) => !closed(name)) : entries;
    const hidden = entries.length - shown.length;
    return { ...common, available: true, entries: shown, ...(hidden > 0 ? { hiddenCount: hidden } : {}) };
  });
}

interface Previewed {
  readonly entries: EtcPreview['entries'];
  /** Whether not everybody may learn of a name: it lies in a directory that one of the three sides keeps to its owner. */
  readonly closed: (name: string) => boolean;
}

function preview({ sysroot, ownAttributes, passesOverPipes }: ReviewContext, target: ReviewTarget, newEtc: DirRef | null): Previewed {
  const { reader } = target;
  const deployment = path.join(sysroot.path, target.merge.directory);
  const oldEtc = reader.find(target.from, ['usr', 'etc']);
  const nodes = (dir: DirRef | null | undefined): Map<string, TreeNode> => (dir ? flatten(reader, dir) : new Map<string, TreeNode>());
  const before = nodes(oldEtc);
  const vendor = nodes(newEtc);
  const yours = readLocalTree(path.join(deployment, 'etc'));
  const defaults = readLocalTree(path.join(deployment, 'usr/etc'));
  const changes = localChanges(defaults, yours);
  const attributes = attributeChanges(defaults, yours, changes.modified, ownAttributes);
  // links are few, and only new or changed ones can be in the way of anything
  const isLink = (checksum: string): boolean => reader.tryFile(checksum)?.type === 'symlink';
  const same = (name: string): boolean => {
    const mine = yours.get(name);
    const theirs = vendor.get(name);
    return mine !== undefined && theirs !== undefined && sameAsObject(target, mine, theirs);
  };
  const closed = closedTo((directory) =>
    [yours.get(directory), before.get(directory), vendor.get(directory)].flatMap((node) =>
      node?.type !== 'directory' ? [] : ['mode' in node ? node.mode : reader.attributes(node.checksum).mode],
    ),
  );
  return {
    entries: mergeEntries({ before, vendor, yours, changes, attributes, passesOverPipes: passesOverPipes(), isLink, same }),
    closed,
  };
}

/** Whether a file of /etc is as a tree has it: type, mode, owner, content. */
export function sameAsObject(target: Pick<ReviewTarget, 'reader'>, mine: LocalNode, theirs: TreeNode): boolean {
  if (theirs.type === 'directory') {
    const { mode, uid, gid } = target.reader.attributes(theirs.checksum);
    return mine.type === 'directory' && mine.mode === mode && mine.uid === uid && mine.gid === gid;
  }
  const file = target.reader.tryFile(theirs.checksum, mine.sizeBytes > 0 ? Math.min(mine.sizeBytes, comparedBytes) : 0);
  if (!file || file.type !== mine.type || file.uid !== mine.uid || file.gid !== mine.gid) return false;
  if (file.type === 'symlink') return readLink(mine).equals(Buffer.from(file.linkTarget));
  if (file.mode !== mine.mode || file.sizeBytes !== mine.sizeBytes) return false;
  return file.sizeBytes === 0 || (file.content?.equals(readPlain(mine)) ?? false);
}

function readPlain(node: LocalNode): Buffer {
  try {
    const fd = openSync(node.at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return readFileSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    return Buffer.alloc(0);
  }
}

/** The new tree's /usr/etc, null when it has none, undefined when it isn't here as a whole. */
export function availableEtc(target: ReviewTarget): DirRef | null | undefined {
  try {
    const dir = target.reader.find(target.to, ['usr', 'etc']);
    if (dir === undefined) return null;
    return isComplete(target.reader, dir) ? dir : undefined;
  } catch (error) {
    if (error instanceof TreelineError && error.code === 'review.content-missing') return undefined;
    throw error;
  }
}

/**
 * About what fetching takes: which objects lie below /usr/etc isn't known without its directories, so what is missing counts by the share of
 * the running system's files that is there. undefined when the commit doesn't tell sizes.
 */
function estimateFetch(target: ReviewTarget): number | undefined {
  const missing = missingSizes(target.repo, target.from, target.to);
  if (missing.objects === 0) return missing.exact ? 0 : undefined;
  const count = (dir: DirRef | null | undefined): number =>
    dir ? [...flatten(target.reader, dir).values()].filter((node) => node.type === 'file').length : 0;
  const inEtc = count(target.reader.find(target.from, ['usr', 'etc']));
  const all = gapsOf(target.to).get('')?.objects ?? count(target.reader.find(target.from, ['usr']));
  return Math.ceil(missing.archivedBytes * Math.min(1, inEtc / Math.max(1, all)));
}
