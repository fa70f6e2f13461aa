// SPDX-License-Identifier: LGPL-2.1-or-later
import { errorLine } from '../errors/index.ts';
import type { Deployment } from './schemas/host.ts';
import type { Signature } from './schemas/update.ts';

/* Values that rpm-ostree's dictionaries of deployments have on the bus and in `status --json`. */

/** One value for each OstreeGpgSignatureAttr, in their order: its clients read them by place. Times in Unix seconds, 0 for none. */
export function signatureTuples(signatures: readonly Signature[]): (boolean | string | number)[][] {
  return signatures
    .filter((signature) => signature.type === 'gpg')
    .map((signature) => [
      signature.valid,
      signature.signatureExpired,
      signature.keyExpired,
      signature.keyRevoked,
      signature.keyMissing,
      signature.gpg?.signingFingerprint || signature.fingerprint || signature.keyId,
      signature.timeSeconds ?? 0,
      signature.gpg?.expiresSeconds ?? 0,
      signature.gpg?.keyAlgorithm ?? '',
      signature.gpg?.hashAlgorithm ?? '',
      signature.userName ?? '',
      signature.userEmail ?? '',
      signature.fingerprint,
      signature.gpg?.keyExpiresSeconds ?? 0,
      signature.gpg?.primaryKeyExpiresSeconds ?? 0,
    ]);
}

/** Text of `remote-error`: why nothing can be said of the source. */
export function remoteErrorOf({ origin, remoteProblem }: Pick<Deployment, 'origin' | 'remoteProblem'>): string | undefined {
  if (origin.problem) return `origin: ${[origin.problem, origin.problemDetail].filter(Boolean).join(': ')}`;
  return remoteProblem && errorLine(remoteProblem);
}
