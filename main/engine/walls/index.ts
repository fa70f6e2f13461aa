// SPDX-License-Identifier: LGPL-2.1-or-later
export type { WalledJob } from './needs.ts';
export { wallsFor, type Walls } from './walls.ts';
