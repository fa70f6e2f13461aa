// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './deltas.ts';
export * from './lock.ts';
export * from './mirror.ts';
export * from './promote.ts';
export * from './prune.ts';
export * from './signing.ts';
export * from './summary.ts';
export * from './verify.ts';
