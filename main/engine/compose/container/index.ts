// SPDX-License-Identifier: LGPL-2.1-or-later
export { buildChunked, type ChunkedParams } from './build-chunked.ts';
export { encapsulate, type EncapsulateOutcome, type EncapsulateParams } from './encapsulate.ts';
export { composeImage, type ImageOutcome, type ImageParams } from './image.ts';
export { unencapsulate, type UnencapsulateOutcome, type UnencapsulateParams } from './unencapsulate.ts';
