// SPDX-License-Identifier: LGPL-2.1-or-later
import { guarded, read, type InterfaceSpec } from './table.ts';
import { stringOption } from './options.ts';
import { first, optionsProblem } from './validate.ts';
import { fingerprintsProblem, keyProblem, remoteNameProblem, urlProblem } from './validate-review.ts';

const address = 's transaction_address';

/** Members of org.treeline.Sysroot1 about where updates come from and whom they are believed. */
export const remoteMethods = {
  /** Remote[]. */
  Remotes: read('', 's json'),
  /** RemoteKey[] of a key file's bytes (base64); nothing is trusted by it. */
  InspectKey: read('s key', 's json', { problem: ([key]) => keyProblem(key) }),
  /** Answer of a finished job as JSON, for who started it and for root; '' when there is none (any more). */
  JobResult: read('s job_id', 's json', {
    problem: ([id]) => (/^[0-9a-f-]{36}$/.test(id) ? undefined : 'no id of a job'),
  }),
  /** `options`: `gpg-verify` b (default true). JobResult: Remote. */
  AddRemote: guarded('s name, s url, a{sv} options', address, 'org.treeline.remote-modify', ([name]) => `add the remote “${name}”`, {
    problem: ([name, url, options]) => first(remoteNameProblem(name), urlProblem(url), optionsProblem(options)),
    details: ([name, url]) => ({ remote: name, url }),
  }),
  /** `change`: `url` s, `gpg-verify` b. JobResult: Remote. */
  EditRemote: guarded(
    's name, a{sv} change, a{sv} options',
    address,
    'org.treeline.remote-modify',
    ([name]) => `change the remote “${name}”`,
    {
      problem: ([name, change, options]) =>
        first(remoteNameProblem(name), optionsProblem(change), urlProblem(stringOption(change, 'url'), true), optionsProblem(options)),
      details: ([name, change]) => ({ remote: name, url: stringOption(change, 'url') }),
    },
  ),
  /** `options`: `force` b, although a deployment names it. */
  RemoveRemote: guarded('s name, a{sv} options', address, 'org.treeline.remote-modify', ([name]) => `remove the remote “${name}”`, {
    problem: ([name, options]) => first(remoteNameProblem(name), optionsProblem(options)),
    details: ([name]) => ({ remote: name }),
  }),
  /**
   * Trust the keys of a file (base64) for a remote. `fingerprints` are those the person has seen, and the dialog shows them: a file that
   * holds other keys is refused. JobResult: RemoteKey[].
   */
  ImportKey: guarded(
    's remote, s key, as fingerprints, a{sv} options',
    address,
    'org.treeline.trust-key',
    ([remote, , fingerprints]) => `trust the key ${fingerprints.join(', ')} for the remote “${remote}”`,
    {
      problem: ([remote, key, fingerprints, options]) =>
        first(remoteNameProblem(remote), keyProblem(key), fingerprintsProblem(fingerprints), optionsProblem(options)),
      details: ([remote, , fingerprints]) => ({ remote, fingerprints: fingerprints.join(' ') }),
    },
  ),
} as const satisfies InterfaceSpec['methods'];
