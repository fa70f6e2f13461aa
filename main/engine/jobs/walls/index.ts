// SPDX-License-Identifier: LGPL-2.1-or-later
export { wallsFor, type Walls } from './walls.ts';
