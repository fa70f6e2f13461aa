// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { DbSource } from '../ports/db.ts';
import type { RawDeployment } from '../ports/sysroot.ts';

export interface Revision {
  /** As the caller named it, or `booted deployment`, ... */
  readonly name: string;
  readonly checksum: string;
}

type Role = 'booted' | 'pending' | 'rollback';

function byRole(deployments: readonly RawDeployment[], role: Role): RawDeployment | undefined {
  const booted = deployments.findIndex((d) => d.booted);
  if (role === 'booted') return deployments[booted];
  // not started from one of them: the first is what will be started next
  if (role === 'pending') return booted === 0 ? undefined : deployments[0];
  return deployments.slice(booted + 1).find((d) => d.osname === deployments[booted]?.osname);
}

function deployment(source: DbSource, role: Role): Revision | undefined {
  const found = byRole(source.deployments(), role);
  return found && { name: `${role} deployment`, checksum: found.checksum };
}

/** Resolve a checksum, `[REMOTE:]REF`, deployment id, or `booted`, `pending`, `rollback`. Throws repo.revision-not-found. */
export function resolveRevision(source: DbSource, name: string): Revision {
  const id = source.deployments().find((d) => d.id === name);
  if (id) return { name, checksum: id.checksum };
  const role = (['booted', 'pending', 'rollback'] as const).find((r) => r === name);
  const deployed = role && deployment(source, role);
  if (deployed) return deployed;
  return { name, checksum: source.repo.resolveRev(name) };
}

/** The two sides of `db diff [FROM [TO]]`; see the job's parameters for what is meant when one or both are missing. */
export function resolvePair(source: DbSource, from: string, to: string): [Revision, Revision] {
  if (from !== '' && to !== '') return [resolveRevision(source, from), resolveRevision(source, to)];
  const booted = deployment(source, 'booted');
  if (!booted) throw new TreelineError('sysroot.not-booted', { subject: 'db diff without FROM and TO' });
  if (from !== '') return [booted, resolveRevision(source, from)];
  if (to !== '') return [booted, resolveRevision(source, to)];
  const pending = deployment(source, 'pending');
  if (pending) return [booted, pending];
  const rollback = deployment(source, 'rollback');
  if (!rollback) throw new TreelineError('deployment.none-to-roll-back', { subject: 'db diff' });
  return [rollback, booted];
}
