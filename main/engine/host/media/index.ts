// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './commits.ts';
export * from './create.ts';
export * from './scan.ts';
