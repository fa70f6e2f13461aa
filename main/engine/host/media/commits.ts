// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import type { CommitPort } from '../../base/ports/sysroot.ts';
import type { MediumDirectory, MediumFile } from '../../base/tree/medium-directory.ts';

/** Decodes a commit object's bytes. Throws for what isn't one. */
export type ParseCommit = (checksum: string, bytes: Buffer) => CommitPort;

/** Commit objects hold package lists and changelogs: some hundred kilobytes are much. */
const maxCommitBytes = 32 << 20;
const maxRefs = 1000;
const maxRefDepth = 16;

/** Why something on a medium isn't used; the text is for people. */
export class Unusable extends Error {}

/** ref -> checksum, of a repository's own branches and of those it got from remotes or mirrors. The first of a name counts. */
export function mediumRefs(repo: MediumDirectory): Map<string, string> {
  const refs = new Map<string, string>();
  collect(repo, 'refs/heads', 0, refs);
  collect(repo, 'refs/mirrors', 1, refs);
  collect(repo, 'refs/remotes', 1, refs);
  return refs;
}

function collect(repo: MediumDirectory, place: string, skip: number, refs: Map<string, string>): void {
  const walk = (directory: MediumDirectory, names: readonly string[]): void => {
    for (const entry of directory.list(maxRefs)) {
      if (refs.size >= maxRefs) return;
      const below = [...names, entry.name];
      if (entry.directory && below.length < maxRefDepth) {
        using child = directory.child(entry.name);
        if (child) walk(child, below);
      } else if (entry.file && below.length > skip) {
        const checksum = directory.read(entry.name, 200)?.toString('latin1').trim() ?? '';
        const ref = below.slice(skip).join('/');
        if (
          /^[0-9a-f]{64}$/.test(checksum) &&
          /^[\p{L}\p{N}_][-._\p{L}\p{N}]*(\/[\p{L}\p{N}_][-._\p{L}\p{N}]*)*$/u.test(ref) &&
          !refs.has(ref)
        ) {
          refs.set(ref, checksum);
        }
      }
    }
  };
  using start = repo.descend(place);
  if (start) walk(start, []);
}

/** A commit object of a medium's repository whose bytes are what its checksum names. Throws Unusable. */
export function mediumCommit(repo: MediumDirectory, checksum: string, parse: ParseCommit): CommitPort {
  using objects = repo.descend(`objects/${checksum.slice(0, 2)}`);
  const bytes = objects?.read(`${checksum.slice(2)}.commit`, maxCommitBytes);
  if (!bytes) throw new Unusable(`commit ${checksum.slice(0, 12)} is missing`);
  return checked(checksum, bytes, parse);
}

function checked(checksum: string, bytes: Buffer, parse: ParseCommit): CommitPort {
  if (createHash('sha256').update(bytes).digest('hex') !== checksum) throw new Unusable(`commit ${checksum.slice(0, 12)} is damaged`);
  try {
    return parse(checksum, bytes);
  } catch {
    throw new Unusable(`commit ${checksum.slice(0, 12)} can’t be read`);
  }
}

export interface DeltaHeader {
  /** '' for a delta from nothing. */
  readonly from: string;
  readonly commit: CommitPort;
}

/**
 * What a static delta file leads to. It is a GVariant tuple (a{sv} t ay ay COMMIT ay a(uayttay) a(yaytt)), ostree-repo-static-delta-private.h;
 * its parts may have gigabytes, so only the end, where the members' places are, and the few members wanted are read. Throws Unusable.
 */
export function deltaHeader(file: MediumFile, parse: ParseCommit): DeltaHeader {
  const size = file.sizeBytes;
  const width = size <= 0xff ? 1 : size <= 0xffff ? 2 : size <= 0xffff_ffff ? 4 : 8;
  const members = 6;
  const tail = file.read(Math.max(0, size - members * width), members * width);
  if (tail.length < members * width) throw new Unusable('it is too short for a delta file');
  // the first member's end stands last
  const ends = Array.from({ length: members }, (_, i) => Number(readOffset(tail, (members - 1 - i) * width, width)));
  const [metadata = 0, from = 0, to = 0, commit = 0] = ends;
  const ordered = ends.every((end, i) => end >= (ends[i - 1] ?? 0) && end <= size);
  const timeEnd = align(metadata) + 8;
  const fromLength = from - timeEnd;
  if (!ordered || ![0, 32].includes(fromLength) || to - from !== 32) throw new Unusable('it isn’t a static delta file, or it is damaged');
  const commitStart = align(to);
  if (commit - commitStart > maxCommitBytes || commit <= commitStart) throw new Unusable('its commit object is too large');
  const checksum = file.read(from, 32).toString('hex');
  const bytes = file.read(commitStart, commit - commitStart);
  return { from: fromLength === 0 ? '' : file.read(timeEnd, 32).toString('hex'), commit: checked(checksum, bytes, parse) };
}

const align = (offset: number): number => Math.ceil(offset / 8) * 8;

function readOffset(bytes: Buffer, at: number, width: number): number | bigint {
  if (width === 8) return bytes.readBigUInt64LE(at);
  return bytes.readUIntLE(at, width);
}
