// SPDX-License-Identifier: LGPL-2.1-or-later
export { applyLive, type ApplyContext, type OpenLive } from './apply.ts';
export { planLive } from './plan.ts';
