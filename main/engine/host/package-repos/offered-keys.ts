// SPDX-License-Identifier: LGPL-2.1-or-later
import type { OfferedKeys } from '../../../../shared/domain/index.ts';
import { maskCredentials, messageOf, TreelineError } from '../../../../shared/errors/index.ts';
import { readPackageKeys, type KeyReading } from './imported-keys.ts';

/** Keyrings of distributions are some 10 kB; a call of the service takes no more. */
const mostBytes = 256 * 1024;
const answerWithinMs = 30_000;

/**
 * What is behind the addresses of a repository's keys: to be looked at, nothing is believed by it. Throws rpmmd.unreachable naming repository and address,
 * key.unreadable.
 */
export async function offeredKeys(id: string, addresses: readonly string[], reading: KeyReading): Promise<OfferedKeys[]> {
  return await Promise.all(
    addresses.map(async (from) => {
      const key = (await fetchKey(id, from)).toString('base64');
      return { from: maskCredentials(from), key, keys: readPackageKeys(key, reading).keys };
    }),
  );
}

async function fetchKey(id: string, address: string): Promise<Buffer> {
  const failed = (detail: string, cause?: unknown): TreelineError =>
    new TreelineError('rpmmd.unreachable', { subject: id, detail: `key ${maskCredentials(address)}: ${detail}` }, { cause });
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(answerWithinMs) });
    if (!response.ok) throw failed(`the server answered ${response.status}`);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > mostBytes) throw failed(`it has more than ${mostBytes} bytes, far more than a key`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    throw error instanceof TreelineError ? error : failed(messageOf(error), error);
  }
}
