// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { CommitPort } from '../ports/sysroot.ts';

const bindingKey = 'ostree.ref-binding';
const collectionKey = 'ostree.collection-binding';

/** The branches that a commit says it is of; undefined when it doesn't say. */
export function boundBranches(commit: Pick<CommitPort, 'value'>): readonly string[] | undefined {
  return commit.value(bindingKey, 'as');
}

/**
 * A commit must be of the branch that it is taken for, wherever it came from: a signature alone says only that the publisher made it, for some
 * branch. As libostree's ostree_repo_verify_bindings: one that doesn't say is taken, unless the remote has a `collection-id`.
 * Throws `update.other-branch`.
 */
export function requireBranch(commit: Pick<CommitPort, 'value'>, ref: string, collectionId: string | undefined, subject: string): void {
  const bound = boundBranches(commit);
  const fail = (detail: string): never => {
    throw new TreelineError('update.other-branch', { subject, detail, facts: { ref } });
  };
  if (bound ? !bound.includes(ref) : collectionId !== undefined) fail(bound && bound.length > 0 ? bound.join(', ') : 'no branch');
  if (collectionId === undefined) return;
  const collection = commit.value(collectionKey, 's');
  if (collection !== collectionId) fail(collection === undefined ? 'no collection' : `collection ${collection}`);
}
