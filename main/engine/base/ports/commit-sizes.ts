// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * What our commits say of sizes. `ostree.sizes` lists every object of a tree (some 40 bytes each, in every commit): more than all that an
 * update's preview needs otherwise. These two keys say what is asked for, in a few hundred bytes. Their numbers are little-endian, unlike rpm-ostree's
 * (a size doesn't tell its order, and there are clients that read them so).
 */

/**
 * `a(ayttt)`: what a client lacks who has the commit of the row (all bytes of its checksum; empty = who has nothing): number of objects,
 * bytes of them in an archive repository (what goes over the network), bytes unpacked.
 */
export const gapsKey = 'treeline.gaps';
export const gapsType = 'a(ayttt)';

/** `a(saytt)`: files worth knowing before they are fetched: path without leading slash, checksum of the object, archived and unpacked bytes. */
export const filesKey = 'treeline.files';
export const filesType = 'a(saytt)';
