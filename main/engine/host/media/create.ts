// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Medium } from '../../../../shared/domain/index.ts';
import { TreelineError, messageOf, systemCodeOf } from '../../../../shared/errors/index.ts';
import type { MediaJobs } from './params.ts';
import type { MediumWriter } from '../../base/ports/media.ts';
import type { CommitPort, RepoPort } from '../../base/ports/sysroot.ts';
import { isDeltaName } from './scan.ts';

export type CreateParams = MediaJobs['media.create']['params'];

/** Older commit objects go along, so that a reader sees what every release in between changed. */
const historyCommits = 100;

interface Wanted {
  readonly ref: string;
  readonly commit: CommitPort;
}

/** Write an update for machines without a network. Throws `repo.revision-not-found`, `medium.not-written`, `usage.invalid`, `disk.full`. */
export function createMedium(repo: RepoPort, writer: MediumWriter, params: CreateParams, defaultRefs: readonly string[]): Medium {
  const refs = params.refs.length > 0 ? params.refs : defaultRefs;
  if (refs.length === 0) throw new TreelineError('usage.invalid', { detail: `${repo.path} has no branch of its own; name one` });
  const wanted = refs.map((refspec): Wanted => ({ ref: refspec.slice(refspec.indexOf(':') + 1), commit: wholeCommit(repo, refspec) }));
  try {
    return params.kind === 'delta' ? writeDelta(repo, writer, params, wanted) : writeRepo(repo, writer, params.target, wanted);
  } catch (error) {
    const code = systemCodeOf(error);
    if (error instanceof TreelineError || code === undefined) throw error;
    throw new TreelineError(code === 'ENOSPC' ? 'disk.full' : 'medium.not-written', {
      subject: params.target,
      detail: messageOf(error),
    });
  }
}

function wholeCommit(repo: RepoPort, refspec: string): CommitPort {
  const commit = repo.loadCommit(repo.resolveRev(refspec));
  if (commit.state !== 'normal') {
    throw new TreelineError('repo.corrupt', { subject: refspec, detail: `${repo.path} holds only a part of it` });
  }
  return commit;
}

const describe = (wanted: readonly Wanted[]): Medium['refs'] =>
  wanted.map(({ ref, commit }) => ({ ref, checksum: commit.checksum, version: commit.version, timestamp: commit.timestamp }));

/** Into the target if it is a repository, else into `treeline` below it. */
function writeRepo(repo: RepoPort, writer: MediumWriter, target: string, wanted: readonly Wanted[]): Medium {
  const place =
    existsSync(path.join(target, 'objects')) && existsSync(path.join(target, 'config')) ? target : path.join(target, 'treeline');
  if (statSync(target, { throwIfNoEntry: false })?.isFile()) {
    throw new TreelineError('medium.not-written', { subject: target, detail: 'it is a file, not a directory' });
  }
  mkdirSync(place, { recursive: true });
  using medium = writer.openTarget(place);
  for (const { commit } of wanted) {
    const history = pastOf(repo, commit);
    if (history.length > 0) medium.copy(history, true);
  }
  medium.copy(
    wanted.map(({ commit }) => commit.checksum),
    false,
  );
  for (const { ref, commit } of wanted) medium.setRef(ref, commit.checksum);
  medium.writeSummary();
  return { path: place, kind: 'repo', label: path.basename(path.resolve(target)), refs: describe(wanted), updates: false };
}

function pastOf(repo: RepoPort, tip: CommitPort): string[] {
  const past: string[] = [];
  for (let at = tip.parent; at !== '' && past.length < historyCommits;) {
    const commit = repo.tryLoadCommit(at);
    if (!commit) break;
    past.push(at);
    at = commit.parent;
  }
  return past;
}

/** Sticks often have FAT, which knows none of these in a name, nor one that ends with a dot. */
const fatName = (name: string): string => name.replace(/[/\\:*?"<>|\p{Cc}]/gu, '-').replace(/[. ]+$/, '');

/** One file, appearing under its name only when it is whole. */
function writeDelta(repo: RepoPort, writer: MediumWriter, params: CreateParams, wanted: readonly Wanted[]): Medium {
  const [only, ...more] = wanted;
  if (!only || more.length > 0) throw new TreelineError('usage.invalid', { detail: 'a delta file holds exactly one branch' });
  const from = params.from ? wholeCommit(repo, params.from).checksum : undefined;
  const name = `${fatName(`${only.ref}-${only.commit.version || only.commit.checksum.slice(0, 12)}`)}.tldelta`;
  const file = path.resolve(isDeltaName(params.target) ? params.target : path.join(params.target, name));
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.part`;
  try {
    writer.writeDelta(from, only.commit.checksum, temporary);
    renameSync(temporary, file);
  } finally {
    rmSync(temporary, { force: true });
  }
  return { path: file, kind: 'delta', label: path.basename(file), refs: describe([only]), updates: false };
}
