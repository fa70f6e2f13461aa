// SPDX-License-Identifier: LGPL-2.1-or-later
import { guarded, read, type InterfaceSpec } from './table.ts';
import { stringOption } from './options.ts';
import { first, optionsProblem } from './validate.ts';
import { fingerprintsProblem, keyProblem, remoteNameProblem, urlProblem } from './validate-review.ts';

const address = 's transaction_address';

/** Members of org.treeline.Sysroot1 about where updates come from and whom they are believed. */
export const remoteMethods = {
  /** Where updates can come from. */
  Remotes: read('', 'Remote[] json', { what: 'Listing remotes' }),
  /** What a key file's bytes (base64) hold; nothing is trusted by it. */
  InspectKey: read('s key', 'RemoteKey[] json', { what: 'Reading a key', problem: ([key]) => keyProblem(key) }),
  /** Answer of a finished job as JSON, for who started it and for root; '' when there is none (any more). */
  JobResult: read('s job_id', 's json', {
    problem: ([id]) => (/^[0-9a-f-]{36}$/.test(id) ? undefined : 'no id of a job'),
  }),
  /** `options`: `gpg-verify` b (default true). */
  AddRemote: guarded('s name, s url, a{sv} options', address, 'org.treeline.remote-modify', ([name]) => `add the remote “${name}”`, {
    what: 'Adding a remote',
    answer: 'Remote',
    problem: ([name, url, options]) => first(remoteNameProblem(name), urlProblem(url), optionsProblem(options)),
    details: ([name, url]) => ({ remote: name, url }),
  }),
  /** `change`: `url` s, `gpg-verify` b. */
  EditRemote: guarded(
    's name, a{sv} change, a{sv} options',
    address,
    'org.treeline.remote-modify',
    ([name]) => `change the remote “${name}”`,
    {
      what: 'Changing a remote',
      answer: 'Remote',
      problem: ([name, change, options]) =>
        first(remoteNameProblem(name), optionsProblem(change), urlProblem(stringOption(change, 'url'), true), optionsProblem(options)),
      details: ([name, change]) => ({ remote: name, url: stringOption(change, 'url') }),
    },
  ),
  /** `options`: `force` b, although a deployment names it. */
  RemoveRemote: guarded('s name, a{sv} options', address, 'org.treeline.remote-modify', ([name]) => `remove the remote “${name}”`, {
    what: 'Removing a remote',
    answer: 'Nothing',
    problem: ([name, options]) => first(remoteNameProblem(name), optionsProblem(options)),
    details: ([name]) => ({ remote: name }),
  }),
  /**
   * Trust the keys of a file (base64) for a remote. `fingerprints` are those the person has seen, and the dialog shows them: a file that
   * holds other keys is refused.
   */
  ImportKey: guarded(
    's remote, s key, as fingerprints, a{sv} options',
    address,
    'org.treeline.trust-key',
    ([remote, , fingerprints]) => `trust the key ${fingerprints.join(', ')} for the remote “${remote}”`,
    {
      what: 'Trusting a key',
      answer: 'RemoteKey[]',
      problem: ([remote, key, fingerprints, options]) =>
        first(remoteNameProblem(remote), keyProblem(key), fingerprintsProblem(fingerprints), optionsProblem(options)),
      details: ([remote, , fingerprints]) => ({ remote, fingerprints: fingerprints.join(' ') }),
    },
  ),
} as const satisfies InterfaceSpec['methods'];
