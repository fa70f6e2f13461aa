// SPDX-License-Identifier: LGPL-2.1-or-later
export { asksForSignatures, decideTrust, type TrustDecision, type TrustQuestion } from './decide.ts';
export { keyFilesFor, policyFor, trustPlaces, type ImagePolicy, type TrustOptions, type TrustPlaces } from './policy.ts';
export { attachmentSettings, type AttachmentSettings } from './registries-d.ts';
export { fetchSignatures, signaturesSchema, type Signatures } from './signatures.ts';
export { pushSignature } from './sign.ts';
export { publicHalf, readSigningKey, type SigstoreSigningParams } from './signing-key.ts';
export { fingerprint } from './verify.ts';
