// SPDX-License-Identifier: LGPL-2.1-or-later
import { guarded, read, type InterfaceSpec } from './table.ts';
import { stringOption, hasOption } from './options.ts';
import { first, optionsProblem, refspecProblem, revisionProblem, type Problem } from './validate.ts';
import {
  checksumProblem,
  etcPathProblem,
  shownEtcPathProblem,
  mediumPathProblem,
  remoteNameProblem,
  treePathProblem,
} from './validate-review.ts';

const address = 's transaction_address';
const optional = ([checksum]: readonly unknown[]): string | undefined => checksumProblem(checksum, true);
const two = (from: unknown, to: unknown): Problem | undefined => first(checksumProblem(from), checksumProblem(to));

/**
 * Members of org.treeline.OS1 for looking at an update before it is taken. `checksum` empty: what is staged, else what the last check found.
 * Jobs that only look leave their answer for `JobResult` of org.treeline.Sysroot1.
 */
export const reviewMethods = {
  /** Everything beside packages that an update changes. */
  ReviewSummary: read('s checksum?', 'ReviewSummary json', { what: 'Reviewing an update', problem: optional }),
  /** What the merge of /etc at shutdown will do. */
  EtcPreview: read('s checksum?', 'EtcPreview json', { what: 'Previewing /etc', problem: optional }),
  /** A file of /etc three ways. Text that not everybody may read is told to root only. */
  EtcFile: read('s checksum, s etc_path', 'EtcFile json', {
    what: 'Previewing /etc',
    problem: ([checksum, path]) => first(checksumProblem(checksum, true), etcPathProblem(path)),
  }),
  /** How /etc differs from the defaults of the version that runs. */
  EtcDrift: read('', 'EtcDrift json', { what: 'Comparing /etc with its defaults' }),
  /** One of those beside its default; told as EtcFile does. */
  EtcOwnFile: read('s etc_path', 'EtcOwnFile json', {
    what: 'Comparing /etc with its defaults',
    problem: ([path]) => etcPathProblem(path),
  }),
  /** Put a default back; what is there is kept beside it. */
  RestoreEtc: guarded(
    's etc_path, a{sv} options',
    address,
    'org.treeline.restore-etc',
    ([path]) => `put the default of /etc/${path} back`,
    {
      what: 'Restoring defaults of /etc',
      answer: 'EtcRestored',
      problem: ([path, options]) => first(shownEtcPathProblem(path), optionsProblem(options)),
      details: ([path]) => ({ file: `/etc/${path}` }),
    },
  ),
  /** Fetch the new tree's /usr/etc; a review.fetch job. */
  FetchReview: guarded('s checksum?, a{sv} options', address, 'org.treeline.check', 'look at an update', {
    what: 'Reviewing an update',
    problem: ([checksum, options]) => first(checksumProblem(checksum, true), optionsProblem(options)),
  }),
  /** Files that differ between two commits; `prefix` empty: the whole tree. */
  TreeDiff: read('s from_checksum, s to_checksum, s prefix, u limit', 'TreeDiff json', {
    what: 'Comparing files',
    problem: ([from, to, prefix]) => first(two(from, to), treePathProblem(prefix, true)),
  }),
  /** A file of two commits, told as EtcFile does. */
  TreeFile: read('s from_checksum, s to_checksum, s tree_path', 'TreeFile json', {
    what: 'Comparing files',
    problem: ([from, to, path]) => first(two(from, to), treePathProblem(path)),
  }),
  /** Look at `refspec`, `revision` (s) or `medium` (s) in `target`. */
  Preview: guarded('a{sv} target, a{sv} options', address, 'org.treeline.check', 'look at another version', {
    what: 'Previewing another version',
    answer: 'UpdateDetails',
    problem: ([target, options]) =>
      first(
        optionsProblem(target),
        optionsProblem(options),
        hasOption(target, 'refspec') ? refspecProblem(stringOption(target, 'refspec')) : undefined,
        revisionProblem(stringOption(target, 'revision'), true),
        mediumPathProblem(stringOption(target, 'medium'), true),
      ),
  }),
  /** Branches that a remote offers. */
  RemoteRefs: guarded('s remote, a{sv} options', address, 'org.treeline.check', 'list the branches of a remote', {
    what: 'Listing branches',
    answer: 'RemoteRef[]',
    problem: ([remote, options]) => first(remoteNameProblem(remote), optionsProblem(options)),
  }),
  /** The newest commits of a branch. */
  RemoteVersions: guarded('s refspec, u limit, a{sv} options', address, 'org.treeline.check', 'list the versions of a branch', {
    what: 'Listing versions',
    answer: 'RemoteVersion[]',
    problem: ([refspec, , options]) => first(refspecProblem(refspec), optionsProblem(options)),
  }),
  /** What lies on mounted media. */
  Media: read('', 'Medium[] json', { what: 'Updating from a medium' }),
} as const satisfies InterfaceSpec['methods'];
