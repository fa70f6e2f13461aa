// SPDX-License-Identifier: LGPL-2.1-or-later
import { guarded, read, type InterfaceSpec } from './table.ts';
import { first, optionsProblem } from './validate.ts';
import { repoIdProblem } from './validate-packages.ts';
import { fingerprintsProblem, keyProblem } from './validate-review.ts';

const address = 's transaction_address';

/** Members of org.treeline.OS1 about package repositories. */
export const packageRepoMethods = {
  /** The package repositories of the system, with their keys and what is wrong with them: more than ListRepos tells. */
  PackageRepos: read('', 'PackageRepos json', { what: 'Listing package repositories' }),
  /** Fetch the keys that a repository names by their addresses, to look at them: nothing is trusted by it. */
  OfferedKeys: guarded(
    's repo_id, a{sv} options',
    address,
    'org.projectatomic.rpmostree1.repo-refresh',
    ([id]) => `fetch the keys of the package repository “${id}”`,
    {
      what: 'Looking at a repository’s keys',
      answer: 'OfferedKeys[]',
      problem: ([id, options]) => first(repoIdProblem(id), optionsProblem(options)),
      details: ([id]) => ({ repository: id }),
    },
  ),
  /**
   * Believe the keys of a file (base64) for the packages of one repository. `fingerprints` are those the person has seen, and the dialog shows them: a file
   * that holds other keys is refused.
   */
  ImportPackageKey: guarded(
    's repo_id, s key, as fingerprints, a{sv} options',
    address,
    'org.treeline.trust-key',
    ([id, , fingerprints]) => `trust the key ${fingerprints.join(', ')} for the packages of “${id}”`,
    {
      what: 'Trusting a key of packages',
      answer: 'RemoteKey[]',
      problem: ([id, key, fingerprints, options]) =>
        first(repoIdProblem(id), keyProblem(key), fingerprintsProblem(fingerprints), optionsProblem(options)),
      details: ([id, , fingerprints]) => ({ repository: id, fingerprints: fingerprints.join(' ') }),
    },
  ),
} as const satisfies InterfaceSpec['methods'];
