// SPDX-License-Identifier: LGPL-2.1-or-later
export { importLocal } from './import-local.ts';
export { makeLayer } from './layer.ts';
export * from './params.ts';
