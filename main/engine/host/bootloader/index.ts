// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './alongside-menu.ts';
export * from './boot-once.ts';
