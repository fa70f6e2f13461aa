// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './commit.ts';
export * from './errors.ts';
export { remoteSection, remotesOf } from './damaged-file.ts';
export { keyFileDamage } from './keyfile.ts';
export { openForLooking } from './plain-repo.ts';
export * from './pull.ts';
export * from './repo.ts';
export * from './sign.ts';
export * from './sysroot.ts';
export * from './fetch.ts';
export { openFetched } from './fetched-view.ts';
export { parseSummary } from './fetch-summary.ts';
export * from './reachable.ts';
export * from './medium.ts';
export * from './remote-keys.ts';
