// SPDX-License-Identifier: LGPL-2.1-or-later
export type * from '../base/db/params.ts';
export type * from '../base/ports/job.ts';
export type { BroughtFile, LayerChange, LayerContent } from '../base/ports/layers.ts';
export type * from '../compose/build/params.ts';
export type * from '../compose/publish/signing.ts';
export type * from '../host/live/params.ts';
export type * from '../host/sysroot/params.ts';
export * from './catalogue.ts';
export * from './protocol.ts';
export * from './run-worker.ts';
export { loadSysroot } from './load-sysroot.ts';
