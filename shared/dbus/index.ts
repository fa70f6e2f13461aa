// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './actions.ts';
export * from './errors.ts';
export * from './freedesktop.ts';
export * from './introspect.ts';
export * from './wire/limits.ts';
export * from './names.ts';
export * from './options.ts';
export * from './rpmostree1.ts';
export * from './say.ts';
export * from './served.ts';
export * from './table.ts';
export * from './treeline1.ts';
export type * from './value-types.ts';
export * from './validate.ts';
export * from './validate-review.ts';
export * from './wire/index.ts';
