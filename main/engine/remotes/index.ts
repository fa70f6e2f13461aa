// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './branches.ts';
export * from './config-file.ts';
export * from './keys.ts';
export * from './name.ts';
export * from './remotes.ts';
