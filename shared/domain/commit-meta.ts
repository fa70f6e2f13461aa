// SPDX-License-Identifier: LGPL-2.1-or-later
import type { CommitMeta } from './schemas/host.ts';

/*
 * rpm-ostree writes the numbers of what it composes in network order ("like OSTree does"), those of client layers in the machine's; between the end of 2018 and 2020 it
 * composed in the machine's order, too, and so did we. Its daemon hands metadata on as they are, and its clients swap those of a base and not those of a layer.
 */

type Rewrite = (seconds: bigint) => bigint;

/** The times of `rpmostree.rpmmd-repos` as the machine's numbers, from whatever order they are in. */
export const inHostOrder = (meta: CommitMeta): CommitMeta => withRepoTimes(meta, hostSeconds);

/** The same in network order, as clients of rpm-ostree expect them in the metadata of a base. */
export const inNetworkOrder = (meta: CommitMeta): CommitMeta => withRepoTimes(meta, (value) => swapped(hostSeconds(value)));

function withRepoTimes(meta: CommitMeta, rewrite: Rewrite): CommitMeta {
  const repos = meta['rpmostree.rpmmd-repos'];
  if (repos?.type !== 'aa{sv}' || !Array.isArray(repos.value)) return meta;
  const value = repos.value.map((row: unknown) => {
    const seconds = secondsIn(row);
    return seconds === undefined ? row : { ...Object(row), timestamp: { type: 't', value: plain(rewrite(BigInt.asUintN(64, seconds))) } };
  });
  return { ...meta, 'rpmostree.rpmmd-repos': { type: repos.type, value } };
}

/** The time of a repository's row; undefined where there is none. */
function secondsIn(row: unknown): bigint | undefined {
  const { type, value } = Object(Object(row)['timestamp']);
  return type === 't' && (typeof value === 'number' || typeof value === 'string') ? BigInt(value) : undefined;
}

const plain = (value: bigint): number | string => (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value));

/** A time between 1974 and 3058 (2^27 to 2^35 s) tells the order by being one: until 2106 no number is one in both. */
const isTime = (seconds: bigint): boolean => seconds >= 1n << 27n && seconds < 1n << 35n;
const hostSeconds: Rewrite = (value) => (!isTime(value) && isTime(swapped(value)) ? swapped(value) : value);

function swapped(value: bigint): bigint {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigUint64(0, value);
  return bytes.getBigUint64(0, true);
}

/** A small number (below 2^24) of metadata that may be in either order, as the machine's. */
export function smallNumber(value: number): number {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setUint32(0, value);
  return value >>> 0 < 1 << 24 ? value : bytes.getUint32(0, true);
}
