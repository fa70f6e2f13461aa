// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Deployment, DiskUse, HostSnapshot } from '../../shared/domain/index.ts';

type Use = DiskUse['deployments'][number];

/** What deleting it alone frees; undefined when that isn't known. */
export function freedBytes(use: Use | undefined): number | undefined {
  return use?.exclusiveBytes === undefined ? undefined : use.exclusiveBytes + use.bootBytes;
}

/** What the service deletes at once: what would start instead of the one that runs, or what one could go back to. Pinned ones stay. */
export const leftovers = ['pending-deploy', 'rollback-deploy'] as const;
export type Leftover = (typeof leftovers)[number];

export function leftoversOf({ deployments, osname }: HostSnapshot, kind: Leftover): readonly Deployment[] {
  const own = deployments.filter((each) => each.osname === osname);
  const booted = own.findIndex((each) => each.booted);
  if (booted < 0) return [];
  return own.filter((each, at) => (kind === 'pending-deploy' ? at < booted : at > booted) && (each.staged || !each.pinned));
}

/** What deleting all of these frees: for several, what they alone share comes on top, so that it is the least. Undefined when that isn't known. */
export function freedTogether(use: DiskUse | undefined, gone: readonly Deployment[]): number | undefined {
  const each = gone.map(({ id }) => freedBytes(use?.deployments.find((other) => other.id === id)));
  return each.some((bytes) => bytes === undefined) ? undefined : each.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
}
