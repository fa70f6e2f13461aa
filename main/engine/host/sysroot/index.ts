// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './actions.ts';
export * from './deploy.ts';
export * from './deployments.ts';
export { sysrootFromFiles } from './from-files.ts';
export * from './finalize-failure.ts';
export * from './initramfs-etc.ts';
export * from './kargs.ts';
export * from './live-state.ts';
export * from './load.ts';
export * from './origin.ts';
export * from './repair.ts';
export * from './repair-origin.ts';
export * from './rolled-back.ts';
export * from './shadow-modes.ts';
export * from './state-dir.ts';
export * from './disk-use.ts';
