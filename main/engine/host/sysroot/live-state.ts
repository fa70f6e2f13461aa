// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { LiveChange } from '../../../../shared/domain/index.ts';
import { diffPackages, packagesOfPkglist } from '../../base/diff/index.ts';
import type { CommitPort, RawDeployment, SysrootPort } from '../../base/ports/sysroot.ts';
import { isFormat1 } from './state-shapes.ts';
import { readJson, removeFile, writeJson } from './state-dir.ts';

/**
 * What was brought into the running system, where rpm-ostree keeps it: a file below /run says that something was, so that a restart forgets it, and refs say
 * what, which keeps the commits from being pruned.
 */
const folderOf = ({ checksum, serial }: RawDeployment): string => `/run/ostree/deployment-state/${checksum}.${serial}`;
const stampOf = (booted: RawDeployment): string => path.join(folderOf(booted), 'rpmostree-is-live.stamp');
const liveRef = 'rpmostree/live-apply';
const inProgressRef = 'rpmostree/live-apply-inprogress';

export interface LiveState {
  /** The commit that was applied last, as a whole. Missing: none yet. */
  readonly commit?: string;
  /** The one that is being applied, or was when that was interrupted: some of it may be there. */
  readonly inProgress?: string;
  /** Files and directories that were put into /etc, relative to it. rpm-ostree's file is empty and tells nothing. */
  readonly etc: readonly string[];
}

type Stamp = { readonly format: 1; readonly etc: readonly string[] };
const isStamp = (value: unknown): value is Stamp =>
  isFormat1(value) && Array.isArray(value['etc']) && value['etc'].every((each) => typeof each === 'string');

/** Undefined when the deployment is as it was started. */
export function liveState({ repo }: Pick<SysrootPort, 'repo'>, raw: RawDeployment): LiveState | undefined {
  if (!raw.booted || !existsSync(stampOf(raw))) return undefined;
  const [commit, inProgress] = [repo.tryResolveRev(liveRef), repo.tryResolveRev(inProgressRef)];
  if (commit === undefined && inProgress === undefined) return undefined;
  return {
    ...(commit === undefined ? {} : { commit }),
    ...(inProgress === undefined ? {} : { inProgress }),
    etc: readJson(stampOf(raw), isStamp)?.etc ?? [],
  };
}

/**
 * The refs before the file when something begins, the file before the refs when all of it is gone: what is interrupted in between is then either told whole
 * or not at all, and nothing of it was done.
 */
export function writeLiveState(sysroot: Pick<SysrootPort, 'repo'>, booted: RawDeployment, state: LiveState | undefined): void {
  if (!state) {
    removeFile(stampOf(booted));
    return dropRefs(sysroot);
  }
  // what is going on is written first and taken away last
  if (state.inProgress !== undefined) setRef(sysroot, inProgressRef, state.inProgress);
  setRef(sysroot, liveRef, state.commit);
  writeJson(stampOf(booted), { format: 1, etc: state.etc } satisfies Stamp);
  if (state.inProgress === undefined) setRef(sysroot, inProgressRef, undefined);
}

/** After a restart the refs of what was live keep its commits for nothing. */
export function forgetStaleLive(sysroot: Pick<SysrootPort, 'repo' | 'deployments'>): void {
  const booted = sysroot.deployments().find((each) => each.booted);
  if (booted && !existsSync(stampOf(booted))) dropRefs(sysroot);
}

function dropRefs(sysroot: Pick<SysrootPort, 'repo'>): void {
  for (const ref of [liveRef, inProgressRef]) setRef(sysroot, ref, undefined);
}

function setRef({ repo }: Pick<SysrootPort, 'repo'>, ref: string, checksum: string | undefined): void {
  if (repo.tryResolveRev(ref) !== checksum) repo.setRef(ref, checksum ?? null);
}

/** What is live, as the deployment tells it. The packages are known when the commits themselves list theirs. */
export function liveChange(sysroot: Pick<SysrootPort, 'repo'>, raw: RawDeployment): LiveChange | undefined {
  const state = liveState(sysroot, raw);
  if (!state) return undefined;
  const { commit, inProgress } = state;
  const packages = commit === undefined ? undefined : packageDifference(sysroot, raw.checksum, commit);
  return {
    ...(commit === undefined ? {} : { commit }),
    ...(inProgress === undefined ? {} : { inProgress }),
    ...(packages ? { packages } : {}),
  };
}

function packageDifference({ repo }: Pick<SysrootPort, 'repo'>, from: string, to: string): LiveChange['packages'] {
  const rows = (commit: CommitPort | undefined): readonly (readonly string[])[] | undefined =>
    commit?.value('rpmostree.rpmdb.pkglist', 'a(sssss)');
  const [before, after] = [rows(repo.tryLoadCommit(from)), rows(repo.tryLoadCommit(to))];
  return before && after ? diffPackages(packagesOfPkglist(before), packagesOfPkglist(after)) : undefined;
}
