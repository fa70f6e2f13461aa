// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import type { Labels } from '../../engine/base/ports/container.ts';
import { bind, bindChecked, free, Handle, PointerOut, Ptr } from '../core/index.ts';
import { ostreeError } from './errors.ts';
import type { Repo } from './repo.ts';

const policyOfCommit = bindChecked('ostree', 'ostree_sepolicy_new_from_commit', Ptr, [Ptr, 'str', Ptr], ostreeError);
const policyName = bind('ostree', 'ostree_sepolicy_get_name', 'str', [Ptr]);
const labelFor = bindChecked('ostree', 'ostree_sepolicy_get_label', 'int', [Ptr, 'str', 'uint32', PointerOut, Ptr], ostreeError);

/** Labels by the policy in a commit's /usr/etc (also of the transaction that is open); undefined when it holds none. */
export function labelsOf(repo: Repo, commit: string): Labels | undefined {
  const policy = new Handle<'OstreeSePolicy'>(policyOfCommit(repo.pointer, commit, null), 'OstreeSePolicy');
  if (policyName(policy.pointer) === null) {
    policy[Symbol.dispose]();
    return undefined;
  }
  return {
    labelOf(path, mode) {
      const out: [unknown] = [null];
      // the policy knows configuration by where it is in a running system
      labelFor(policy.pointer, path.replace(/^\/usr\/etc(?=\/|$)/, '/etc'), mode, out, null);
      if (!out[0]) return undefined;
      const label = koffi.decode(out[0], 'char', -1) as string;
      free(out[0]);
      return label;
    },
    [Symbol.dispose]: () => policy[Symbol.dispose](),
  };
}
