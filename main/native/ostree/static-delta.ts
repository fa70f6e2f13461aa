import type { FetchOutcome } from '../../engine/ports/fetch.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { bindChecked, file, newVariant, Ptr, Variant, type VariantValue } from '../core/index.ts';
import { ostreeError, withSubject } from './errors.ts';
import type { Repo } from './repo.ts';
import { Transaction } from './write.ts';

const execute = bindChecked('ostree', 'ostree_repo_static_delta_execute_offline', 'int', [Ptr, Ptr, 'int', Ptr], ostreeError);
const generate = bindChecked('ostree', 'ostree_repo_static_delta_generate', 'int', [Ptr, 'int', 'str', 'str', Ptr, Ptr, Ptr], ostreeError);

/** OSTREE_STATIC_DELTA_GENERATE_OPT_MAJOR of ostree-repo.h: small rather than quick. */
const major = 1;

/** Execute a static delta file; `wanted` are the commits that must be complete afterwards. Throws the `repo.*` codes. */
export function executeDelta(repo: Repo, path: string, wanted: readonly string[]): FetchOutcome {
  using transaction = new Transaction(repo);
  using location = file(path);
  withSubject({ subject: 'The delta file' }, () => execute(repo.pointer, location.pointer, 0, null));
  transaction.commit();
  for (const checksum of wanted) {
    if (repo.tryLoadCommit(checksum)?.state !== 'normal') {
      throw new TreelineError('repo.corrupt', { subject: 'The delta file', detail: `it doesn’t bring all of ${checksum.slice(0, 12)}` });
    }
  }
  return { commits: Object.fromEntries(wanted.map((checksum) => [checksum, checksum])) };
}

/**
 * Write one file that holds everything that `to` has and `from` (undefined: nothing) hasn't, with the commit's signatures
 * (ostree-static-delta(1), --inline).
 */
export function generateDelta(repo: Repo, from: string | undefined, to: string, target: string): void {
  const parameters: [string, VariantValue][] = [
    ['filename', new Variant('ay', Buffer.from(`${target}\0`))],
    ['inline-parts', new Variant('b', true)],
    // nothing may be left to be fetched from elsewhere
    ['min-fallback-size', new Variant('u', 0)],
  ];
  using options = newVariant('a{sv}', parameters);
  withSubject({ facts: { repo: repo.path } }, () => generate(repo.pointer, major, from ?? null, to, null, options.pointer, null));
}
