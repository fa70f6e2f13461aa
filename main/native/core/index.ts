// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './bind.ts';
export * from './gerror.ts';
export * from './glib.ts';
export * from './gvariant.ts';
export { Variant, type VariantValue } from './gvariant-format.ts';
export * from './handle.ts';
export * from './libraries.ts';
