// SPDX-License-Identifier: LGPL-2.1-or-later
export { checkTreefile } from '../treefile/check.ts';
export { composeTree, type ComposePorts } from './compose.ts';
export { foreignFiles } from '../treefile/foreign-files.ts';
export { importAll, type ImportBatch, type Importer } from './import-packages.ts';
export { jsonSchemas } from './json-schemas.ts';
export { listTreefileKeys } from '../treefile/key-list.ts';
export { planCompose, type PlanPorts } from './plan.ts';
export { describeRelease, listReleases } from './releases.ts';
export { listPackages } from './package-list.ts';
export { composeCommit } from './commit-rootfs.ts';
export { composeExtensions } from './extensions.ts';
export { composeInstall, composePostprocess, composeRootfs } from './install.ts';
