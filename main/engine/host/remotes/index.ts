// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './branches.ts';
export * from '../../base/trust/config-file.ts';
export * from '../../base/trust/keys.ts';
export * from './name.ts';
export * from './remotes.ts';
