// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import type { PullProgress, PullRequest } from '../../engine/base/ports/pull.ts';
import { bind, bindCallback, bindChecked, Handle, newVariant, Ptr, Variant, type VariantValue } from '../core/index.ts';
import { ostreeError, withSubject } from './errors.ts';
import type { Repo } from './repo.ts';

const pullWithOptions = bindChecked('ostree', 'ostree_repo_pull_with_options', 'int', [Ptr, 'str', Ptr, Ptr, Ptr], ostreeError);
const progressNew = bind('ostree', 'ostree_async_progress_new', Ptr, []);
const getUint = bind('ostree', 'ostree_async_progress_get_uint', 'uint', [Ptr, 'str']);
const getUint64 = bind('ostree', 'ostree_async_progress_get_uint64', 'uint64', [Ptr, 'str']);
const finish = bind('ostree', 'ostree_async_progress_finish', 'void', [Ptr]);
/** Of the signal `changed`: its default handler's type is the only declaration of it. */
const ChangedCallback = bindCallback('__typeof__(((OstreeAsyncProgressClass *) 0)->changed)', 'void', [Ptr, Ptr]);
const connect = bind('gobject', 'g_signal_connect_data', 'ulong', [Ptr, 'str', ChangedCallback, Ptr, Ptr, 'int']);

/** OstreeRepoPullFlags of ostree-repo.h. */
const flags = { commitOnly: 1 << 1, untrusted: 1 << 2, trustedHttp: 1 << 4 } as const;

const updateFrequencyMs = 200;

/**
 * ostree_repo_pull_with_options, synchronously: one pull per process. Objects that had arrived before a failure stay and aren't
 * fetched again. The caller checks afterwards that the commit is complete. Throws the `repo.*`, `disk.full` codes.
 */
export function pull(repo: Repo, request: PullRequest): void {
  using progress = new Handle<'OstreeAsyncProgress'>(progressNew(), 'OstreeAsyncProgress');
  const report = request.onProgress;
  const callback = report
    ? koffi.register(() => {
        report(readProgress(progress));
      }, ChangedCallback)
    : undefined;
  try {
    if (callback !== undefined) connect(progress.pointer, 'changed', callback, null, null, 0);
    using options = newVariant('a{sv}', optionsOf(request));
    withSubject({ facts: { repo: request.source } }, () =>
      pullWithOptions(repo.pointer, request.source, options.pointer, progress.pointer, null),
    );
    finish(progress.pointer);
    report?.(readProgress(progress));
  } finally {
    if (callback !== undefined) koffi.unregister(callback);
  }
}

function optionsOf(request: PullRequest): [string, VariantValue][] {
  const bits =
    (request.commitOnly ? flags.commitOnly : 0) | (request.local ? flags.untrusted : 0) | (request.unverified ? flags.trustedHttp : 0);
  const options: [string, VariantValue][] = [
    ['flags', new Variant('i', bits)],
    ['refs', new Variant('as', [...request.refs])],
    ['depth', new Variant('i', request.depth ?? 0)],
    ['update-frequency', new Variant('u', updateFrequencyMs)],
    // sizes shown beforehand are those of objects; parts of a delta would make them wrong
    ['disable-static-deltas', new Variant('b', true)],
    ['disable-sign-verify', new Variant('b', true)],
    ['disable-sign-verify-summary', new Variant('b', true)],
    ['gpg-verify', new Variant('b', false)],
    ['gpg-verify-summary', new Variant('b', false)],
    ['inherit-transaction', new Variant('b', false)],
  ];
  if (request.subdirs) options.push(['subdirs', new Variant('as', [...request.subdirs])]);
  if (request.retries !== undefined) options.push(['n-network-retries', new Variant('u', request.retries)]);
  if (request.overrideRemote) options.push(['override-remote-name', new Variant('s', request.overrideRemote)]);
  if (request.localcacheRepos) options.push(['localcache-repos', new Variant('as', [...request.localcacheRepos])]);
  return options;
}

function readProgress(progress: Handle<'OstreeAsyncProgress'>): PullProgress {
  const count = (key: string): number => getUint(progress.pointer, key) as number;
  return {
    outstandingFetches: count('outstanding-fetches'),
    outstandingWrites: count('outstanding-writes'),
    fetched: count('fetched'),
    requested: count('requested'),
    metadataFetched: count('metadata-fetched'),
    scannedMetadata: count('scanned-metadata'),
    scanning: count('scanning') !== 0,
    bytesTransferred: Number(getUint64(progress.pointer, 'bytes-transferred')),
  };
}
