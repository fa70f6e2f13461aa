// SPDX-License-Identifier: LGPL-2.1-or-later
export { catalog } from './catalog.ts';
export { resolve } from './resolver.ts';
