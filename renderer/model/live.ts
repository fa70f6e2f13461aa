// SPDX-License-Identifier: LGPL-2.1-or-later
import { baseOf, type Deployment, type HostSnapshot, type LiveChange } from '../../shared/domain/index.ts';
import { bootedOf, nextBootOf } from './update-state.ts';

/** What may come into the running system at once, and what has. */
export interface LiveFacts {
  readonly booted: Deployment;
  /** On the same base as what runs, with other packages on it, and not in use yet: a whole new version waits for the restart. */
  readonly offer: Deployment | undefined;
  /** In use until the restart. */
  readonly live: LiveChange | undefined;
  /** Whether the next start leads to what is in use. */
  readonly stays: boolean;
}

/** Undefined where nothing runs, or a stock daemon serves it, which can't tell beforehand what it would replace. */
export function liveFacts(snapshot: HostSnapshot): LiveFacts | undefined {
  const booted = bootedOf(snapshot);
  if (!booted || snapshot.service.kind !== 'treeline') return undefined;
  const { live } = booted;
  const next = nextBootOf(snapshot);
  const sameBase = next && baseOf(next).checksum === baseOf(booted).checksum && next.checksum !== booted.checksum;
  const waits = sameBase && next.checksum !== live?.commit && live?.inProgress === undefined;
  return { booted, live, offer: waits ? next : undefined, stays: live?.commit !== undefined && live.commit === next?.checksum };
}

const signs = { added: '+', removed: '−', upgraded: '↑', downgraded: '↓' } as const;

/** `+ htop  ↑ vim`; undefined: nobody can tell. */
export function liveWords({ packages }: LiveChange, most = 8): string | undefined {
  if (!packages) return undefined;
  const words = packages.slice(0, most).map(({ kind, name }) => `${signs[kind]} ${name}`);
  return [...words, ...(packages.length > most ? ['…'] : [])].join('  ');
}
