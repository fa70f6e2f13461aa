// SPDX-License-Identifier: LGPL-2.1-or-later
export { Tree } from './tree.ts';
export type { TreeOptions } from './reader.ts';
export type { Ownership } from './writer.ts';
export type { Stats } from 'node:fs';
export { confined } from './directories.ts';
export type { OwnerOf } from './errors.ts';
export { ownersOf } from './owners.ts';
export { observePlaces, treePlaces, type Operation, type PlaceName, type TreePlace } from './places.ts';
