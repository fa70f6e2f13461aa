// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './binding.ts';
export * from './demands.ts';
export * from './direction.ts';
export * from './proof.ts';
export * from './summary.ts';
