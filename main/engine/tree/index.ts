// SPDX-License-Identifier: LGPL-2.1-or-later
export { Tree, type Ownership, type TreeOptions } from './tree.ts';
export type { Stats } from 'node:fs';
export { confined } from './directories.ts';
export type { OwnerOf } from './errors.ts';
export { ownersOf } from './owners.ts';
export { observePlaces, treePlaces, type Operation, type PlaceName, type TreePlace } from './places.ts';
