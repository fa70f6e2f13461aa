// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Signature } from './schemas/update.ts';

const daySeconds = 86_400;
/** Whoever publishes signs more often than that: a key that expired since then hardly is the newest one. */
const longAgoSeconds = 3 * 365 * daySeconds;

/**
 * Whether this machine's clock is a likely cause that a signature isn't good: it was made later than now, or it expired so long after it was made that the
 * machine may live in another century. Of a key that was revoked no clock is the cause. `nowSeconds`: Unix time.
 */
export function clockDoubt(signature: Signature, nowSeconds: number): 'behind' | 'ahead' | undefined {
  const { timeSeconds } = signature;
  if (signature.valid || signature.keyRevoked || timeSeconds === undefined) return undefined;
  // GnuPG doesn't know keys that were made later than now
  if (timeSeconds > nowSeconds + daySeconds) return 'behind';
  return (signature.keyExpired || signature.signatureExpired) && nowSeconds - timeSeconds > longAgoSeconds ? 'ahead' : undefined;
}
