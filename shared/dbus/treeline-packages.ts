// SPDX-License-Identifier: LGPL-2.1-or-later
import { listOption } from './options.ts';
import { guarded, read, type InterfaceSpec } from './table.ts';
import { deploymentIdProblem, first, optionsProblem } from './validate.ts';
import { replacementsProblem, repoIdProblem, requestLists, requestsProblem, wordsProblem } from './validate-packages.ts';
import { fingerprintsProblem, keyProblem } from './validate-review.ts';

const address = 's transaction_address';

/** Members of org.treeline.OS1 about packages of deployments, and about package repositories. */
export const packageMethods = {
  /** Every package of a deployment, and which of them are this machine's own. */
  DeploymentPackages: read('s deployment_id', 'DeployedPackages json', {
    what: 'Listing packages',
    problem: ([id]) => deploymentIdProblem(id),
  }),
  /** All that is known of one of them, by its NEVRA; '' when the deployment hasn't got it. */
  PackageInfo: read('s deployment_id, s nevra', 'PackageInfo? json', {
    what: 'Looking at a package',
    problem: ([id, nevra]) => first(deploymentIdProblem(id), requestsProblem([nevra])),
  }),
  /** Search with what rpm-ostree’s leaves out: which repositories couldn’t be asked, and why. An error when none could. */
  FindPackages: read('as words', 'PackageSearch json', { what: 'Searching repositories', problem: ([words]) => wordsProblem(words) }),
  /** The newest build of a package in each repository, by its exact name; the rest as FindPackages. */
  PackageVersions: read('s name', 'PackageSearch json', {
    what: 'Looking for other versions',
    problem: ([name]) => requestsProblem([name]),
  }),
  /** What UpdateDeployment with these `modifiers` would put onto the base, and `no-pull-base`; nothing is changed by it. May fetch package metadata. */
  PlanPackages: guarded(
    'a{sv} modifiers, a{sv} options',
    address,
    'org.projectatomic.rpmostree1.repo-refresh',
    'plan a change of packages',
    {
      what: 'Planning a change of packages',
      answer: 'PackagePlan',
      problem: ([modifiers, options]) =>
        first(
          optionsProblem(modifiers),
          optionsProblem(options),
          requestsProblem(requestLists.flatMap((name) => listOption(modifiers, name))),
          replacementsProblem(listOption(modifiers, 'override-replace-packages')),
        ),
    },
  ),
  /** What becomes of this machine's own packages with the update that was found; changes nothing. Fetches its RPM database, and may fetch package metadata. */
  PlanUpdate: guarded(
    'a{sv} options',
    address,
    'org.projectatomic.rpmostree1.repo-refresh',
    'see what becomes of this machine’s own packages with the update',
    { what: 'Planning an update', answer: 'UpdatePlan', problem: ([options]) => optionsProblem(options) },
  ),
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
