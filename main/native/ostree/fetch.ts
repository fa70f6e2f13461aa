// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FetchOutcome, FetchRequest } from '../../engine/base/ports/fetch.ts';
import type { Progress } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { Commit } from './commit.ts';
import { removeDamage } from './fetch-damage.ts';
import { FetchedView } from './fetched-view.ts';
import { fetchSummary } from './fetch-summary.ts';
import { pull } from './pull.ts';
import { Repo } from './repo.ts';
import { executeDelta } from './static-delta.ts';

/** How many parents a round trip asks for; doubled until the commit looked for is there. */
const firstDepth = 8;
const maxCommits = 500;

/** Checksums of the releases that a commit tells of, newest first: their objects needn't be fetched to know of them. */
export type TellsOf = (commit: Commit) => readonly string[];

/**
 * Do a FetchRequest in this process: see engine/base/ports/fetch.ts. The repository is made when it is missing. `branchTip`: the commit that the
 * branch's own file names.
 */
export function fetchInto(
  request: FetchRequest,
  tellsOf: TellsOf,
  onProgress: (progress: Progress) => void,
  branchTip?: string,
): FetchOutcome {
  if (request.clean === 'all') empty(request.repo);
  else if (existsSync(path.join(request.repo, 'objects'))) removeDamage(request.repo, () => openFetchRepo(request));
  using repo = openFetchRepo(request);
  if (request.clean === 'content') dropContent(request.repo, request.parent);
  if (request.summary) return { commits: {}, summary: fetchSummary(repo, request.remote) };
  if (request.delta !== undefined) return executeDelta(repo, request.delta, request.refs, request.parent);
  if (request.refs.length === 0) return { commits: {} };
  // content is verified once, by root when it imports: half of the work of fetching
  const first = {
    source: request.remote,
    refs: request.refs,
    commitOnly: request.commitOnly,
    unverified: !request.commitOnly && !request.subdirs,
    ...(request.subdirs ? { subdirs: request.subdirs } : {}),
    // looking answers soon or not at all; a long download is worth libostree's usual patience
    ...(request.commitOnly ? { retries: 1 } : {}),
  };
  const commits: Record<string, string> = {};
  try {
    pull(repo, { ...first, onProgress: progressOf(request, onProgress) });
    for (const ref of request.refs) commits[ref] = isChecksum(ref) ? ref : repo.resolveRev(`${request.remote}:${ref}`);
  } catch (error) {
    // a summary that is older than the branch doesn't list it
    if (!(error instanceof TreelineError) || error.code !== 'repo.ref-not-found' || branchTip === undefined) throw error;
  }
  const newerTip = newerThanListed(repo, request, branchTip, Object.values(commits)[0]);
  if (!request.commitOnly) {
    if (!request.subdirs) for (const checksum of Object.values(commits)) requireComplete(repo, checksum);
    return { commits };
  }
  const [asked] = request.refs;
  if (newerTip !== undefined && asked !== undefined && !isChecksum(asked)) {
    commits[asked] = newerTip;
    repo.setRef(asked, newerTip, request.remote);
  }
  const start = Object.values(commits)[0] as string;
  const wanted = request.version;
  let seen = 0;
  const isEnd = (checksum: string): boolean =>
    ++seen === request.limit || (wanted === undefined ? checksum === request.backTo : repo.loadCommit(checksum).version === wanted);
  // who wants commits listed wants those that a version is told of; the oldest one told of is only a checksum
  const leaps: TellsOf = (commit) =>
    wanted !== undefined ? [] : request.limit === undefined ? tellsOf(commit) : tellsOf(commit).slice(0, -1);
  const found =
    wanted === undefined && request.backTo === undefined && request.limit === undefined
      ? undefined
      : walk(
          repo,
          request.remote,
          start,
          isEnd,
          wanted === undefined ? (request.backToSeconds ?? 0) : 0,
          leaps,
          progressOf(request, onProgress),
        );
  return {
    commits,
    ...(wanted !== undefined && found !== undefined ? { found } : {}),
    ...(newerTip !== undefined && !Object.values(commits).includes(newerTip) ? { newerTip } : {}),
  };
}

const isChecksum = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

/** What a branch's own file names, if that is newer than what was listed; its commit object is fetched for it. */
function newerThanListed(repo: Repo, request: FetchRequest, tip: string | undefined, listed: string | undefined): string | undefined {
  if (tip === undefined || tip === listed) return undefined;
  try {
    pull(repo, { source: request.remote, refs: [tip], commitOnly: true, retries: 1 });
    const own = repo.loadCommit(tip);
    if (listed === undefined) return tip;
    const known = repo.loadCommit(listed);
    return own.parent === listed || own.timestamp > known.timestamp ? tip : undefined;
  } catch (error) {
    if (listed === undefined) throw error;
    return undefined;
  }
}

/**
 * Follow parents, fetching them in growing lots, until `isEnd`; undefined when history, the server or our patience ends before. Over what a
 * commit tells of, the walk leaps.
 */
function walk(
  repo: Repo,
  remote: string,
  start: string,
  isEnd: (checksum: string) => boolean,
  notBefore: number,
  tellsOf: TellsOf,
  onProgress: Parameters<typeof pull>[1]['onProgress'],
): string | undefined {
  let at = start;
  let depth = firstDepth;
  for (let count = 0; count < maxCommits; count++) {
    if (isEnd(at)) return at;
    const commit = repo.loadCommit(at);
    if (commit.parent === '' || commit.timestamp < notBefore) return undefined;
    const told = tellsOf(commit);
    const known = told.find((checksum) => isEnd(checksum));
    if (known !== undefined) return known;
    const next = told.at(-1) ?? commit.parent;
    if (!repo.hasObject('commit', next)) {
      try {
        pull(repo, {
          source: remote,
          refs: [next],
          commitOnly: true,
          depth: told.length > 0 ? 0 : depth,
          ...(onProgress ? { onProgress } : {}),
        });
      } catch (error) {
        // the server keeps no older history: what there is must do
        if (error instanceof TreelineError && ['repo.not-found', 'repo.http-status', 'repo.revision-not-found'].includes(error.code))
          return undefined;
        throw error;
      }
      depth = Math.min(depth * 2, 128);
    }
    at = next;
  }
  return undefined;
}

function requireComplete(repo: Repo, checksum: string): void {
  // a commit that the parent has isn't fetched, and its mark is the parent's: who imports what the parent lacked takes it away
  if (!existsSync(path.join(repo.path, 'objects', checksum.slice(0, 2), `${checksum.slice(2)}.commit`))) return;
  if (repo.loadCommit(checksum).state !== 'normal') {
    throw new TreelineError('repo.corrupt', { subject: `Commit ${checksum.slice(0, 12)}`, detail: 'objects are missing after the pull' });
  }
}

/** An archive repository which finds what the system has in its parent. Its content can be fetched again, so it isn't synced. */
function openFetchRepo(request: FetchRequest): Repo {
  if (!existsSync(path.join(request.repo, 'objects'))) {
    mkdirSync(request.repo, { recursive: true });
    Repo.create(request.repo, 'archive')[Symbol.dispose]();
  }
  const remote = Object.entries(request.options).map(([key, value]) => `${key}=${oneLine(key, value)}`);
  const config = [
    '[core]',
    'repo_version=1',
    'mode=archive-z2',
    'fsync=false',
    `parent=${request.parent}`,
    `[remote "${request.remote}"]`,
    ...remote,
    'gpg-verify=false',
    '',
  ];
  const file = path.join(request.repo, 'config');
  writeFileSync(`${file}.new`, config.join('\n'));
  renameSync(`${file}.new`, file);
  return Repo.open(request.repo);
}

function oneLine(key: string, value: string): string {
  if (/[\n\r]/.test(value)) throw new TreelineError('remote.invalid-name', { subject: key, detail: 'its value holds a line break' });
  return value;
}

/** Commits that lie here longer are fetched again if they should be needed. */
const keptDays = 180;

/** The directory itself stays: the one above belongs to root. */
function empty(directory: string): void {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) rmSync(path.join(directory, name), { recursive: true, force: true });
}

/** Remove content that the parent has by now, and mark commits that lost some as partial. What the parent lacks stays, for resuming. */
function dropContent(repo: string, parent: string): void {
  const objects = path.join(repo, 'objects');
  let dropped = false;
  const commits: string[] = [];
  for (const prefix of readdirSync(objects)) {
    for (const name of readdirSync(path.join(objects, prefix))) {
      const [sum = '', kind = ''] = name.split('.');
      const file = path.join(objects, prefix, name);
      if (kind.startsWith('commit') && Date.now() - statSync(file).mtimeMs > keptDays * 86_400_000) rmSync(file, { force: true });
      else if (kind === 'commit') commits.push(prefix + sum);
      const inParent = path.join(parent, 'objects', prefix, `${sum}.${kind === 'filez' ? 'file' : kind}`);
      if (!['filez', 'dirtree', 'dirmeta'].includes(kind) || !existsSync(inParent)) continue;
      rmSync(file, { force: true });
      dropped = true;
    }
  }
  if (dropped) for (const checksum of commits) writeFileSync(path.join(repo, 'state', `${checksum}.commitpartial`), '');
}

/** Bytes and objects against the totals known beforehand; without totals the fraction follows what libostree has asked for. */
function progressOf(request: FetchRequest, emit: (progress: Progress) => void): Parameters<typeof pull>[1]['onProgress'] {
  const { bytesTotal, objectsTotal } = request;
  const startedAt = Date.now();
  return ({ bytesTransferred, fetched, requested, metadataFetched }) => {
    const seconds = (Date.now() - startedAt) / 1000;
    const bytesPerSecond = seconds > 0.5 ? bytesTransferred / seconds : undefined;
    const bytesDone = bytesTotal === undefined ? bytesTransferred : Math.min(bytesTransferred, bytesTotal);
    const fraction = bytesTotal ? bytesDone / bytesTotal : requested > 0 ? Math.min(0.99, fetched / requested) : 0;
    emit({
      step: 'pull',
      stepIndex: 0,
      stepCount: 1,
      fraction,
      bytesDone,
      ...(bytesTotal === undefined ? {} : { bytesTotal }),
      itemsDone: objectsTotal === undefined ? fetched : Math.min(fetched + metadataFetched, objectsTotal),
      ...(objectsTotal === undefined ? {} : { itemsTotal: objectsTotal }),
      ...(bytesPerSecond === undefined ? {} : { bytesPerSecond: Math.round(bytesPerSecond) }),
      ...(bytesPerSecond && bytesTotal !== undefined ? { secondsLeft: Math.ceil((bytesTotal - bytesDone) / bytesPerSecond) } : {}),
    });
  };
}

/** Root's side: take a commit and its objects over from what an unprivileged process fetched (see FetchedView); every checksum is verified on the way. */
export function importFetched(repo: Repo, fetched: string, checksum: string, onProgress: (objectsDone: number) => void): void {
  using view = new FetchedView(fetched, undefined);
  importCommit(repo, view.path, checksum, onProgress);
}

/** Take a commit and its objects over from a local repository of the caller's own; every checksum is verified on the way. */
export function importCommit(repo: Repo, fromRepo: string, checksum: string, onProgress: (objectsDone: number) => void): void {
  pull(repo, {
    source: `file://${fromRepo}`,
    refs: [checksum],
    local: true,
    onProgress: (p) => onProgress(p.fetched + p.metadataFetched),
  });
}
