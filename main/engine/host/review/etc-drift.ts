// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { newestDeployment, type EtcDifference, type EtcDrift, type EtcOwnFile } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { TreeReader } from '../../base/commits/tree-reader.ts';
import type { RawDeployment, SysrootPort } from '../../base/ports/sysroot.ts';
import { closedTo } from './closed.ts';
import { localChanges, readLocalTree, type LocalTree } from './etc-local.ts';
import { sideOf, sourceInTree, type SideSource } from './file-side.ts';
import type { ReviewJobs } from './params.ts';
import { openBelow, pathNames } from './safe-file.ts';
import type { ReviewContext } from './target.ts';

type LookContext = Pick<ReviewContext, 'sysroot' | 'objects'>;

/** What names the accounts, disks and identity of a machine: with its default nobody might get in any more, or nothing start. */
const machinesOwn = new Set('passwd group shadow gshadow subuid subgid fstab crypttab machine-id'.split(' '));

export interface Drift {
  /** Whose /etc it is. */
  readonly merge: RawDeployment;
  /** Where that lies. */
  readonly etc: string;
  readonly entries: readonly EtcDifference[];
  readonly defaults: LocalTree;
  readonly yours: LocalTree;
}

/** Throws `deployment.not-found`, `review.unreadable`. */
export function driftOf(sysroot: SysrootPort, osname: string): Drift {
  const merge = sysroot.mergeDeployment(osname);
  if (!merge) throw new TreelineError('deployment.not-found', { subject: osname });
  const directory = path.join(sysroot.path, merge.directory);
  // below the sysroot it may be mounted read-only
  const etc = merge.booted ? '/etc' : path.join(directory, 'etc');
  const defaults = readLocalTree(path.join(directory, 'usr/etc'));
  const yours = readLocalTree(etc);
  const changes = localChanges(defaults, yours);
  const filled = new Set([...yours.keys()].map((name) => name.slice(0, Math.max(0, name.lastIndexOf('/')))));
  const difference = (name: string, kind: EtcDifference['kind']): EtcDifference => ({
    path: name,
    type: (yours.get(name) ?? defaults.get(name))?.type ?? 'other',
    kind,
    ...(machinesOwn.has(name) ? { machinesOwn: true } : {}),
  });
  const entries = [
    // a directory that somebody made is told by what is in it
    ...changes.added.filter((name) => yours.get(name)?.type !== 'directory' || !filled.has(name)).map((name) => difference(name, 'added')),
    ...[...changes.modified].map((name) => difference(name, 'modified')),
    ...changes.removed.map((name) => difference(name, 'removed')),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { merge, etc, entries, defaults, yours };
}

/** Job review.etc-drift. */
export function etcDrift({ sysroot }: LookContext, { osname, hideClosed }: ReviewJobs['review.etc-drift']['params']): EtcDrift {
  const { merge, entries, defaults, yours } = driftOf(sysroot, osname);
  const closed = closedTo((directory) => [yours, defaults].flatMap((tree) => tree.get(directory) ?? []).map(({ mode }) => mode));
  const shown = hideClosed ? entries.filter(({ path: name }) => !closed(name)) : entries;
  const hidden = entries.length - shown.length;
  return { deploymentId: merge.id, entries: shown, ...(hidden > 0 ? { hiddenCount: hidden } : {}) };
}

/** Job review.etc-own-file. Throws `review.path-refused`, `review.content-missing`, `review.unreadable`. */
export function etcOwnFile({ sysroot, objects }: LookContext, params: ReviewJobs['review.etc-own-file']['params']): EtcOwnFile {
  const names = pathNames(params.path, false);
  const everything = params.includePrivate ?? false;
  const merge = sysroot.mergeDeployment(params.osname);
  if (!merge) throw new TreelineError('deployment.not-found', { subject: params.osname });
  const reader = new TreeReader(sysroot.repo, sysroot.repo, objects);
  const inCommit = (checksum: string): SideSource | undefined =>
    sourceInTree(reader, reader.find(sysroot.repo.loadCommit(checksum), ['usr', 'etc']), names);
  const next = newestDeployment(sysroot.deployments(), params.osname);
  return {
    path: params.path,
    base: sideOf(inCommit(merge.checksum), everything),
    yours: sideOf(openBelow(path.join(sysroot.path, merge.directory, 'etc'), names), everything),
    ...(next && next.checksum !== merge.checksum
      ? { next: { version: sysroot.repo.loadCommit(next.checksum).version, side: sideOf(inCommit(next.checksum), everything) } }
      : {}),
  };
}
