// SPDX-License-Identifier: LGPL-2.1-or-later
import { argChanges, argChangesText, type KernelArg } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { dropInsOf, mergeDropIns } from '../kargs/drop-ins.ts';
import type { SysrootJob } from './actions.ts';

/**
 * The arguments of a deployment of tree `to`, built on one of tree `from`, as the trees' kargs.d changes them. Says what differs. Throws kargs.drop-in for a file of
 * `to` that can't be used; one of `from` is passed over, since it never was.
 */
export function withDropIns(
  { sysroot, context, objects }: SysrootJob,
  current: readonly KernelArg[],
  from: string,
  to: string,
): readonly KernelArg[] {
  if (from === to) return current;
  const { repo } = sysroot;
  const [before, after] = [repo.tryLoadCommit(from), repo.tryLoadCommit(to)];
  // without the old tree nobody knows what the machine's own are
  if (!before || !after) return current;
  const wanted = dropInsOf(repo, after, objects);
  const odd = wanted.find(({ problem }) => problem !== undefined);
  if (odd) throw new TreelineError('kargs.drop-in', { subject: odd.file, detail: odd.problem ?? '' });
  const argsOf = (files: typeof wanted): KernelArg[] => files.flatMap(({ args }) => args);
  const next = mergeDropIns(current, argsOf(dropInsOf(repo, before, objects)), argsOf(wanted));
  const changes = argChanges(
    current.map((arg) => arg.raw),
    next.map((arg) => arg.raw),
  );
  if (changes) context.message(`Kernel arguments that the new version brings or drops: ${argChangesText(changes)}`);
  return next;
}
