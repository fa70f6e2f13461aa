// SPDX-License-Identifier: LGPL-2.1-or-later
export { catalog } from './catalog.ts';
export { findPackages } from './find.ts';
export { refreshRepo } from './refresh-repo.ts';
export { resolve } from './resolver.ts';
