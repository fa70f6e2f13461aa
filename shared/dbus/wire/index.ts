// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './address.ts';
export * from './bus.ts';
export * from './connection.ts';
export * from './format-error.ts';
export * from './message.ts';
export * from './reader.ts';
export * from './signature.ts';
export * from './typed-body.ts';
export * from './variant.ts';
