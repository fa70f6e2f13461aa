// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ChunkedParams } from './build-chunked.ts';
import type { EncapsulateOutcome, EncapsulateParams } from './encapsulate.ts';
import type { ImageOutcome, ImageParams } from './image.ts';
import type { UnencapsulateOutcome, UnencapsulateParams } from './unencapsulate.ts';

/** Jobs on container images; part of Jobs in jobs/catalogue.ts. */
export interface ImageJobs {
  'compose.image': { params: ImageParams; result: ImageOutcome };
  'compose.encapsulate': { params: EncapsulateParams; result: EncapsulateOutcome };
  'compose.build-chunked': { params: ChunkedParams; result: EncapsulateOutcome };
  'compose.unencapsulate': { params: UnencapsulateParams; result: UnencapsulateOutcome };
}
