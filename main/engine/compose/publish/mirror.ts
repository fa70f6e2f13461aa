// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { atomicFile } from '../../../files/index.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { MirrorRepo, SummaryFiles } from '../../base/ports/publish.ts';
import { requireBranch } from '../../base/trust/binding.ts';
import { ownRefs } from '../../base/commits/ancestors.ts';
import { deltaDirectory } from './deltas.ts';
import { signatureProblem, TrustedKeys } from './keys.ts';
import { fetchUpstreamFile } from './mirror-fetch.ts';
import { summarySigning, type SummaryParams } from './summary.ts';

export interface MirrorParams extends SummaryParams {
  /** http(s):// or file:// address, or a path. */
  readonly url: string;
  /** Default: all branches that the summary lists. */
  readonly refs: readonly string[];
  /** How many commits before the newest; -1: all. */
  readonly depth: number;
  /** Files with public keys: what isn't signed by one of them isn't taken. */
  readonly keys: readonly string[];
  /** Take it without keys: signatures are kept, and not checked. */
  readonly noVerify?: boolean;
  /** Remove branches that the source no longer has. */
  readonly deleteGone?: boolean;
}

export interface MirrorOutcome {
  readonly refs: Readonly<Record<string, string>>;
  /** Branches that moved, came or went. */
  readonly changed: readonly string[];
  readonly deltas: number;
  /** The source's own summary with its signature was taken over. */
  readonly sameSummary: boolean;
}

/** The name under which a mirror knows its source. */
const remote = 'upstream';

/**
 * Bring an archive repository up to date with another one. Signatures are checked before content is fetched, and branches move when all of it is
 * here; what an interrupted run fetched isn't fetched again.
 */
export async function mirror(repo: MirrorRepo, params: MirrorParams, context: JobContext): Promise<MirrorOutcome> {
  repo.requireWritable();
  if (repo.mode !== 'archive')
    throw new TreelineError('repo.open', { subject: repo.path, detail: `a mirror is an archive repository, this one is ${repo.mode}` });
  if (params.keys.length === 0 && !params.noVerify)
    throw new TreelineError('usage.invalid', { detail: 'a mirror needs the publisher’s public key (--key), or --no-verify' });
  const url = /^[a-z+]+:\/\//.test(params.url) ? params.url.replace(/\/+$/, '') : pathToFileURL(path.resolve(params.url)).href;
  const local = url.startsWith('file://');
  using keys = new TrustedKeys(params.keys);
  repo.setRemote(remote, url);
  const summary = await upstreamSummary(url);
  checkSummary(repo, summary, keys);
  const listed = repo.parseSummary(summary.bytes).refs;
  const wanted = chooseRefs(listed, params);
  const ask = { source: remote, refs: wanted.map(([, sum]) => sum), local };
  context.task('Fetching commits', () => repo.pull({ ...ask, commitOnly: true, depth: params.depth }));
  for (const [ref, checksum] of wanted) {
    if (keys.kinds.length > 0) checkCommit(repo, ref, checksum, keys);
    requireBranch(repo.repo.loadCommit(checksum), ref, undefined, `Commit ${checksum.slice(0, 12)}`);
  }
  const before = ownRefs(repo.repo);
  context.task('Fetching content', () =>
    repo.pull({
      ...ask,
      depth: params.depth,
      onProgress: ({ fetched, requested, bytesTransferred, metadataFetched }) =>
        context.progress({
          step: 'pull',
          stepIndex: 0,
          stepCount: 1,
          fraction: requested > 0 ? Math.min(0.99, fetched / requested) : 0,
          bytesDone: bytesTransferred,
          itemsDone: fetched + metadataFetched,
        }),
    }),
  );
  for (const [ref, checksum] of wanted)
    if (repo.repo.loadCommit(checksum).state !== 'normal')
      throw new TreelineError('repo.corrupt', { subject: ref, detail: 'objects are missing after the pull' });
  const gone = params.deleteGone ? [...before.keys()].filter((ref) => !listed.has(ref)) : [];
  for (const [ref, checksum] of wanted) if (before.get(ref) !== checksum) repo.repo.setRef(ref, checksum);
  for (const ref of gone) repo.repo.setRef(ref, null);
  const deltas = await takeDeltas(repo, url, summary, new Set(wanted.map(([, sum]) => sum)));
  const now = ownRefs(repo.repo);
  const sameSummary = now.size === listed.size && [...now].every(([ref, sum]) => listed.get(ref) === sum);
  if (sameSummary) takeSummary(repo.path, summary);
  else repo.writeSummary(summarySigning(repo, { ...params, unsigned: params.unsigned ?? !existsSync(path.join(repo.path, 'summary')) }));
  const changed = [...wanted.filter(([ref, sum]) => before.get(ref) !== sum).map(([ref]) => ref), ...gone];
  return { refs: Object.fromEntries(wanted), changed, deltas, sameSummary };
}

async function upstreamSummary(url: string): Promise<SummaryFiles> {
  const bytes = await fetchUpstreamFile(`${url}/summary`);
  if (!bytes) throw new TreelineError('repo.not-found', { subject: `${url}/summary`, detail: 'a mirror needs the list of branches' });
  const signature = await fetchUpstreamFile(`${url}/summary.sig`);
  return { bytes, ...(signature ? { signature } : {}) };
}

/** A summary that is signed must be signed well; one that isn't leaves it to the commits. */
function checkSummary(repo: MirrorRepo, { bytes, signature }: SummaryFiles, keys: TrustedKeys): void {
  if (!signature || keys.kinds.length === 0) return;
  const problem = signatureProblem(keys.check(repo, bytes, repo.parseSignatures(signature)));
  if (problem !== undefined) throw new TreelineError('repo.signature-invalid', { subject: 'The summary', detail: problem });
}

function checkCommit(repo: MirrorRepo, ref: string, checksum: string, keys: TrustedKeys): void {
  const signatures = keys.check(repo, repo.repo.loadCommit(checksum).bytes, {
    gpg: repo.repo.detachedSignatures(checksum, 'ostree.gpgsigs'),
    ed25519: repo.repo.detachedSignatures(checksum, 'ostree.sign.ed25519'),
  });
  const problem = signatureProblem(signatures);
  const subject = `${ref} (${checksum.slice(0, 12)})`;
  if (signatures.length === 0) throw new TreelineError('repo.signature-missing', { subject });
  if (problem !== undefined) throw new TreelineError('repo.signature-invalid', { subject, detail: problem });
}

function chooseRefs(listed: ReadonlyMap<string, string>, params: MirrorParams): [string, string][] {
  const names = params.refs.length > 0 ? params.refs : [...listed.keys()];
  return names.map((ref) => {
    const checksum = listed.get(ref);
    if (checksum === undefined) throw new TreelineError('repo.ref-not-found', { subject: ref, facts: { repo: params.url } });
    return [ref, checksum];
  });
}

/** Copy the deltas to the mirrored commits that the summary vouches for. A delta is there whole or not at all; one that is missing upstream is left out. */
async function takeDeltas(repo: MirrorRepo, url: string, summary: SummaryFiles, commits: ReadonlySet<string>): Promise<number> {
  let taken = 0;
  for (const [text, sum] of repo.parseSummary(summary.bytes).deltas) {
    const [first = '', second] = text.split('-');
    const name = second === undefined ? { from: '', to: first } : { from: first, to: second };
    const target = deltaDirectory(repo.path, name);
    if (!commits.has(name.to) || existsSync(target)) continue;
    const at = `${url}/${path.relative(repo.path, target)}`;
    const superblock = await fetchUpstreamFile(`${at}/superblock`);
    if (!superblock) continue;
    if (sum !== '' && createHash('sha256').update(superblock).digest('hex') !== sum)
      throw new TreelineError('repo.corrupt', { subject: `${at}/superblock`, detail: 'it isn’t what the summary lists' });
    const directory = mkdtempSync(path.join(repo.path, 'tmp', 'mirror-delta-'));
    try {
      for (const part of repo.deltaParts(superblock)) {
        const bytes = await fetchUpstreamFile(`${at}/${part}`);
        if (bytes) writeFileSync(path.join(directory, part), bytes);
      }
      writeFileSync(path.join(directory, 'superblock'), superblock);
      const problem = repo.checkDelta(directory, name);
      if (problem !== undefined) throw new TreelineError('repo.corrupt', { subject: at, detail: problem });
      chmodSync(directory, 0o755);
      mkdirSync(path.dirname(target), { recursive: true });
      renameSync(directory, target);
      taken++;
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
  repo.reindexDeltas();
  return taken;
}

/** The source's list of branches, byte for byte: its signature stays good. */
function takeSummary(repo: string, { bytes, signature }: SummaryFiles): void {
  const put = (name: string, content: Uint8Array): void => atomicFile(path.join(repo, name), content);
  // a summary beside another one's signature is refused by clients, one without signature only by those who want one
  rmSync(path.join(repo, 'summary.sig'), { force: true });
  put('summary', bytes);
  if (signature) put('summary.sig', signature);
}
