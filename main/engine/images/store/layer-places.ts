// SPDX-License-Identifier: LGPL-2.1-or-later
import { shown } from './tar-entries.ts';

/** Where something of a layer comes to in a commit, or the name under which it is counted as left out (ostree-ext: `ostree.tar-filtered`). */
export type Place = { readonly parts: readonly string[] } | { readonly leftOut: string };

export const whiteout = '.wh.';
/** Hides all that lower layers have in its directory. */
export const opaque = '.wh..wh..opq';
/** Of AUFS, which layers of files had their form from: nothing of the image. */
const aufs = '.wh..wh.';

/** What is in these comes from the running system (systemd's API file systems, /var of the stateroot, libostree's own places). */
const emptyPlaces: ReadonlySet<string> = new Set(['run', 'tmp', 'proc', 'sys', 'dev', 'var', 'sysroot', 'ostree']);
const maxDepth = 128;
const maxPartBytes = 255;

/**
 * Where a layer's entry comes to: as ostree-ext takes layers, /etc is /usr/etc, places that the running system fills are empty, and on top of a commit whose root is
 * read-only (`hasBase`) everything is below /usr and /etc. `refuse` makes the error of a name that leads elsewhere or can't be one.
 */
export function placeOf(name: string, hasBase: boolean, refuse: (detail: string) => Error): Place {
  const raw = name.split('/').filter((part) => part !== '' && part !== '.');
  if (raw.includes('..')) throw refuse(`${shown(name)} leads out of its directory`);
  if (raw.length > maxDepth) throw refuse(`${shown(name)} is more than ${maxDepth} directories deep`);
  if (raw.some((part) => Buffer.byteLength(part) > maxPartBytes))
    throw refuse(`${shown(name)} has a name of more than ${maxPartBytes} bytes`);
  if (raw.some((part) => part.startsWith(aufs) && part !== opaque)) return { leftOut: aufs };
  const last = raw.at(-1) ?? '';
  if (raw.slice(0, -1).some((part) => part.startsWith(whiteout))) throw refuse(`${shown(name)} is below what says that something is gone`);
  if ([whiteout, `${whiteout}.`, `${whiteout}..`].includes(last)) throw refuse(`${shown(name)} hides nothing that there could be`);
  const [top = '', ...below] = raw;
  // everything but /etc, which is kept in /usr/etc, and is hidden by its own name
  if (top === `${whiteout}usr`) return { parts: ['usr', opaque] };
  if (top === `${whiteout}etc`) return { parts: ['usr', `${whiteout}etc`] };
  if (top === '' || top === 'usr' || (top === opaque && !hasBase)) return { parts: raw };
  if (top === 'etc') return { parts: ['usr', ...raw] };
  if (hasBase) return { leftOut: top };
  return emptyPlaces.has(top) && below.length > 0 ? { leftOut: top } : { parts: raw };
}
