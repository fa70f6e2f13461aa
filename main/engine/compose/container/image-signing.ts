// SPDX-License-Identifier: LGPL-2.1-or-later
import type { KeyObject } from 'node:crypto';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { parseReference } from '../../images/reference.ts';
import { readSigningKey, type SigstoreSigningParams } from '../../images/trust/index.ts';

/** The key that an image is to be signed with, before any work is done. Throws usage.invalid for a key that can't be used, and for a place that holds no signatures. */
export function signingKeyFor(params: SigstoreSigningParams, image: string): KeyObject | undefined {
  const key = readSigningKey(params);
  const { transport } = parseReference(image);
  if (key === undefined || transport === 'docker') return key;
  throw new TreelineError('usage.invalid', {
    subject: '--sign-by-sigstore-private-key',
    detail: `${transport}: holds no signatures; docker:// does. Copy the image there with skopeo copy --sign-by-sigstore-private-key`,
  });
}
