// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './advisory.ts';
export * from './changes.ts';
export * from './commit-meta.ts';
export * from './compose.ts';
export * from './deployment.ts';
export * from './evr.ts';
export * from './history.ts';
export * from './package.ts';
export * from './progress.ts';
export * from './refspec.ts';
export * from './remote.ts';
export * from './restart.ts';
export * from './review.ts';
export * from './snapshot.ts';
export * from './update.ts';
export * from './version.ts';
export * from './time.ts';
