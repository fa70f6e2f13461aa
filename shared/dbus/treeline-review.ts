// SPDX-License-Identifier: LGPL-2.1-or-later
import { guarded, read, type InterfaceSpec } from './table.ts';
import { stringOption, hasOption } from './options.ts';
import { first, optionsProblem, refspecProblem, revisionProblem, type Problem } from './validate.ts';
import { checksumProblem, etcPathProblem, mediumPathProblem, remoteNameProblem, treePathProblem } from './validate-review.ts';

const address = 's transaction_address';
const optional = ([checksum]: readonly unknown[]): string | undefined => checksumProblem(checksum, true);
const two = (from: unknown, to: unknown): Problem | undefined => first(checksumProblem(from), checksumProblem(to));

/**
 * Members of org.treeline.OS1 for looking at an update before it is taken. `checksum` empty: what is staged, else what the last check found.
 * Jobs that only look leave their answer for `JobResult` of org.treeline.Sysroot1.
 */
export const reviewMethods = {
  /** ReviewSummary. */
  ReviewSummary: read('s checksum', 's json', { problem: optional }),
  /** EtcPreview. */
  EtcPreview: read('s checksum', 's json', { problem: optional }),
  /** EtcFile. Text that not everybody may read is told to root only. */
  EtcFile: read('s checksum, s etc_path', 's json', {
    problem: ([checksum, path]) => first(checksumProblem(checksum, true), etcPathProblem(path)),
  }),
  /** Fetch the new tree's /usr/etc; a review.fetch job. */
  FetchReview: guarded('s checksum, a{sv} options', address, 'org.treeline.check', 'look at an update', {
    problem: ([checksum, options]) => first(checksumProblem(checksum, true), optionsProblem(options)),
  }),
  /** TreeDiff; `prefix` empty: the whole tree. */
  TreeDiff: read('s from_checksum, s to_checksum, s prefix, u limit', 's json', {
    problem: ([from, to, prefix]) => first(two(from, to), treePathProblem(prefix, true)),
  }),
  /** TreeFile. As EtcFile. */
  TreeFile: read('s from_checksum, s to_checksum, s tree_path', 's json', {
    problem: ([from, to, path]) => first(two(from, to), treePathProblem(path)),
  }),
  /** Look at `refspec`, `revision` (s) or `medium` (s) in `target`; JobResult: UpdateDetails. */
  Preview: guarded('a{sv} target, a{sv} options', address, 'org.treeline.check', 'look at another version', {
    problem: ([target, options]) =>
      first(
        optionsProblem(target),
        optionsProblem(options),
        hasOption(target, 'refspec') ? refspecProblem(stringOption(target, 'refspec')) : undefined,
        revisionProblem(stringOption(target, 'revision'), true),
        mediumPathProblem(stringOption(target, 'medium'), true),
      ),
  }),
  /** JobResult: RemoteRef[]. */
  RemoteRefs: guarded('s remote, a{sv} options', address, 'org.treeline.check', 'list the branches of a remote', {
    problem: ([remote, options]) => first(remoteNameProblem(remote), optionsProblem(options)),
  }),
  /** JobResult: RemoteVersion[]. */
  RemoteVersions: guarded('s refspec, u limit, a{sv} options', address, 'org.treeline.check', 'list the versions of a branch', {
    problem: ([refspec, , options]) => first(refspecProblem(refspec), optionsProblem(options)),
  }),
  /** Medium[]: what lies on mounted media. */
  Media: read('', 's json'),
} as const satisfies InterfaceSpec['methods'];
