// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './context.ts';
export * from './directories.ts';
export * from './fetched.ts';
export * from './last-check.ts';
export * from './look-at-image.ts';
export * from './medium.ts';
export * from './sizes.ts';
export * from './source.ts';
export * from './trusted-image.ts';
