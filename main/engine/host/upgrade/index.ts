// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './check.ts';
export * from './details.ts';
export { planUpdate, type PlanContext } from './plan-update.ts';
export * from './preview.ts';
export * from './progress.ts';
export * from './rpmdb-details.ts';
export * from './upgrade.ts';
