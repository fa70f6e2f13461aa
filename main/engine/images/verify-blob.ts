// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { TreelineError } from '../../../shared/errors/index.ts';

/** Before anything in a layer is read: its bytes are those that its digest names. Throws repo.not-found, repo.corrupt. */
export async function verifyBlob(file: string, digest: string): Promise<void> {
  if (!existsSync(file)) throw new TreelineError('repo.not-found', { subject: digest, detail: 'the image hasn’t got this layer' });
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  if (`sha256:${hash.digest('hex')}` !== digest)
    throw new TreelineError('repo.corrupt', { subject: digest, detail: 'the layer’s content doesn’t fit its digest' });
}
