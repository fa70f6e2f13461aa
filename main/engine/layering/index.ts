// SPDX-License-Identifier: LGPL-2.1-or-later
export { makeLayer } from './layer.ts';
export * from './params.ts';
