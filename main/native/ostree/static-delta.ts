// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FetchOutcome } from '../../engine/base/ports/fetch.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { bindChecked, file, newVariant, Ptr, Variant, type VariantValue } from '../core/index.ts';
import { ostreeError, withSubject } from './errors.ts';
import { pull } from './pull.ts';
import { Repo } from './repo.ts';
import { Transaction } from './write.ts';

const execute = bindChecked('ostree', 'ostree_repo_static_delta_execute_offline', 'int', [Ptr, Ptr, 'int', Ptr], ostreeError);
const generate = bindChecked('ostree', 'ostree_repo_static_delta_generate', 'int', [Ptr, 'int', 'str', 'str', Ptr, Ptr, Ptr], ostreeError);

/** OSTREE_STATIC_DELTA_GENERATE_OPT_MAJOR of ostree-repo.h: small rather than quick. */
const major = 1;

/**
 * Execute a static delta file into an archive repository; `wanted` are the commits that must be complete afterwards. libostree applies deltas to
 * repositories of plain files only: one of those, without privileges, is made beside and is gone afterwards. Throws the `repo.*` codes.
 */
export function executeDelta(repo: Repo, path: string, wanted: readonly string[], parent: string): FetchOutcome {
  for (const name of readdirSync(join(repo.path, 'tmp')))
    if (name.startsWith('delta-')) rmSync(join(repo.path, 'tmp', name), { recursive: true, force: true });
  const beside = join(repo.path, 'tmp', `delta-${process.pid}`);
  mkdirSync(beside);
  try {
    Repo.create(beside, 'bare-user')[Symbol.dispose]();
    writeFileSync(join(beside, 'config'), `[core]\nrepo_version=1\nmode=bare-user\nfsync=false\nparent=${parent}\n`);
    using plain = Repo.open(beside);
    using transaction = new Transaction(plain);
    using location = file(path);
    readable(() => execute(plain.pointer, location.pointer, 0, null));
    transaction.commit();
    for (const checksum of wanted) {
      if (plain.tryLoadCommit(checksum)?.state !== 'normal') {
        throw new TreelineError('repo.corrupt', { subject: 'The delta file', detail: `it doesn’t bring all of ${checksum.slice(0, 12)}` });
      }
    }
    pull(repo, { source: `file://${beside}`, refs: wanted });
    return { commits: Object.fromEntries(wanted.map((checksum) => [checksum, checksum])) };
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

/** What libostree can't make sense of in a file is the file's fault. */
function readable(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof TreelineError)) throw error;
    const { code, ...report } = error.report;
    const detail = report.detail ?? '';
    const source = /([0-9a-f]{64}), which is the delta source/.exec(detail)?.[1];
    const subject = 'The delta file';
    if (source)
      throw new TreelineError('medium.nothing', { subject, detail: `it changes version ${source.slice(0, 12)}, which isn’t here` });
    const foreign = code === 'internal.unexpected' || code === 'repo.not-found' || code === 'repo.revision-not-found';
    throw new TreelineError(
      foreign ? 'repo.corrupt' : code,
      { ...report, subject, detail: detail || 'it can’t be read' },
      { cause: error },
    );
  }
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
