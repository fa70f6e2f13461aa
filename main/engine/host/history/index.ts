// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './boot-events.ts';
export * from './history-file.ts';
