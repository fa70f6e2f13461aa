// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './catalogue.ts';
export * from './compose-catalogue.ts';
export * from './protocol.ts';
export * from './run-worker.ts';
export { loadSysroot } from './load-sysroot.ts';
