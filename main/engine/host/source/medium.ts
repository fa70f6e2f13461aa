// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { RepoPort, SysrootPort } from '../../base/ports/sysroot.ts';
import { demandsAny, demandsOf } from '../../base/trust/demands.ts';
import type { Source } from './source.ts';
import type { ParseCommit } from '../media/commits.ts';
import { currentOf, findMedium } from '../media/scan.ts';

/** A medium that an update is taken from: found and looked at, but nothing of it is believed. */
export interface MediumSource {
  readonly path: string;
  readonly kind: 'repo' | 'delta';
  /** The newest commit of the branch on it. */
  readonly checksum: string;
  readonly version: string;
}

/** How the fetching process, which may not have the rights to walk there, gets at the medium: a descriptor that it inherits. */
export const mediumFd = 4;
export const mediumInside = `/proc/self/fd/${mediumFd}`;

/**
 * What `place` holds for the branch of `source`. What comes from it is verified with the keys of the remote, as it is when it comes from the
 * network: a source that demands no signatures takes nothing from a medium. Throws `medium.nothing`, `medium.unverifiable`, `origin.remote-missing`.
 */
export function mediumSource(sysroot: SysrootPort, osname: string, source: Source, place: string, parse: ParseCommit): MediumSource {
  const medium = findMedium(place, source.ref, currentOf(sysroot, osname), parse);
  requireVerifiable(sysroot.repo, source, place);
  const rows = medium.refs.filter((row) => row.ref === source.ref || row.ref === '');
  const row = rows.find((r) => r.ref === source.ref) ?? rows[0];
  if (!row) throw new TreelineError('medium.nothing', { subject: place, detail: `it holds no ${source.ref}` });
  return { path: medium.path, kind: medium.kind, checksum: row.checksum, version: row.version };
}

function requireVerifiable(repo: RepoPort, source: Source, place: string): void {
  // a signed list of branches doesn't travel with a medium: each commit must vouch for itself
  if (!demandsAny(demandsOf(repo, source.remote).commit)) {
    throw new TreelineError('medium.unverifiable', { subject: place, facts: { ref: source.refspec } });
  }
}
