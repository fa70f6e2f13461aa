// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './alongside.ts';
export * from './create-disk.ts';
export type { DiskParams } from './params.ts';
