// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './branches.ts';
export * from './remotes.ts';
