// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { registryImageOf } from '../image-names.ts';
import { parseStrictJson } from './strict-json.ts';

/*
 * containers-policy.json(5). As containers' tools do, a key that isn't known, or that comes twice, is an error: who misspelled one may not end up with less than was meant.
 */

const named = z.string().min(1);
/** `HOST[:PORT]` or `HOST[:PORT]/NAME`. */
const prefix = named.regex(/^[\w.-]+(?::\d{1,5})?(?:\/[a-z0-9._-]+)*$/i, 'it is no HOST[:PORT][/NAME]');
const base64 = z.string().regex(/^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/, 'it isn’t base64');

const identitySchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('matchExact') }),
  z.strictObject({ type: z.literal('matchRepoDigestOrExact') }),
  z.strictObject({ type: z.literal('matchRepository') }),
  z.strictObject({
    type: z.literal('exactReference'),
    dockerReference: z.string().refine((text) => {
      const image = registryImageOf(text);
      return image?.tag !== undefined || image?.digest !== undefined;
    }, 'it is no HOST/NAME with a tag or a digest'),
  }),
  z.strictObject({
    type: z.literal('exactRepository'),
    dockerRepository: z.string().refine((text) => registryImageOf(text) !== undefined, 'it is no HOST/NAME'),
  }),
  z.strictObject({ type: z.literal('remapIdentity'), prefix, signedPrefix: prefix }),
]);
/** For which image a signature has to be. */
export type SignedIdentity = z.infer<typeof identitySchema>;
const signedIdentity = identitySchema.default({ type: 'matchRepoDigestOrExact' });

const oneOf =
  (keys: readonly string[], least: 0 | 1 = 1) =>
  (value: object): boolean => {
    const count = keys.filter((key) => Object.hasOwn(value, key)).length;
    return count === 1 || count === least;
  };

const sigstoreKeys = ['keyPath', 'keyPaths', 'keyData', 'keyDatas', 'fulcio', 'pki'] as const;
const rekorKeys = ['rekorPublicKeyPath', 'rekorPublicKeyPaths', 'rekorPublicKeyData', 'rekorPublicKeyDatas'] as const;
const gpgKeys = ['keyPath', 'keyPaths', 'keyData'] as const;

const requirementSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('insecureAcceptAnything') }),
  z.strictObject({ type: z.literal('reject') }),
  z
    .strictObject({
      type: z.literal('sigstoreSigned'),
      keyPath: named.optional(),
      keyPaths: z.array(named).min(1).optional(),
      keyData: base64.optional(),
      keyDatas: z.array(base64).min(1).optional(),
      fulcio: z
        .strictObject({ caPath: named.optional(), caData: base64.optional(), oidcIssuer: named, subjectEmail: named })
        .refine(oneOf(['caPath', 'caData']), 'one of caPath and caData is needed')
        .optional(),
      pki: z.looseObject({}).optional(),
      rekorPublicKeyPath: named.optional(),
      rekorPublicKeyPaths: z.array(named).min(1).optional(),
      rekorPublicKeyData: base64.optional(),
      rekorPublicKeyDatas: z.array(base64).min(1).optional(),
      signedIdentity,
    })
    .refine(oneOf(sigstoreKeys), `it needs one of ${sigstoreKeys.join(', ')}`)
    .refine(oneOf(rekorKeys, 0), `it has more than one of ${rekorKeys.join(', ')}`)
    .refine(
      (value) => !value.fulcio || rekorKeys.some((key) => value[key] !== undefined),
      `with fulcio it needs one of ${rekorKeys.join(', ')}`,
    ),
  z
    .strictObject({
      type: z.literal('signedBy'),
      keyType: z.enum(['GPGKeys', 'signedByGPGKeys', 'X509Certificates', 'signedByX509CAs']),
      keyPath: named.optional(),
      keyPaths: z.array(named).optional(),
      keyData: base64.optional(),
      signedIdentity,
    })
    .refine(oneOf(gpgKeys), `it needs one of ${gpgKeys.join(', ')}`),
  z.strictObject({ type: z.literal('signedBaseLayer'), baseLayerIdentity: identitySchema }),
]);
export type Requirement = z.infer<typeof requirementSchema>;

const requirements = z.array(requirementSchema).min(1, 'it needs at least one requirement');
const isPath = (scope: string): boolean => /^(?:\/[^/]+)+$/.test(scope) && !/\/\.{1,2}(?:\/|$)/.test(scope);
const scopes = z.record(z.string(), requirements);
const pathScopes = z.record(
  z.string().refine((scope) => scope === '' || isPath(scope), 'a scope is an absolute path without . and .., other than /'),
  requirements,
);
const policySchema = z.strictObject({
  default: requirements,
  transports: z
    .looseObject({
      // of others the scopes are compared as they stand
      oci: pathScopes.optional(),
      'oci-archive': pathScopes.optional(),
      dir: pathScopes.optional(),
      'docker-archive': z.record(z.literal('', 'it has no scopes but ""'), requirements).optional(),
    })
    .catchall(scopes)
    .default({}),
});
export type Policy = z.infer<typeof policySchema>;

/** Throws container.policy-invalid naming file and key. */
export function parsePolicy(text: string, file: string): Policy {
  const invalid = (detail: string, key?: string): TreelineError =>
    new TreelineError('container.policy-invalid', { file, detail, ...(key === undefined || key === '' ? {} : { key }) });
  let value: unknown;
  try {
    value = parseStrictJson(text, file);
  } catch (error) {
    const { detail = '', key } = TreelineError.report(error);
    throw invalid(detail, key);
  }
  const read = policySchema.safeParse(value);
  if (read.success) return read.data;
  const { issues } = read.error;
  // a misspelled key is why another one is missing
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  const at = z.core.toDotPath(issue?.path ?? []);
  if (issue?.code === 'unrecognized_keys') throw invalid('there is no such key', [at, ...issue.keys.slice(0, 1)].filter(Boolean).join('.'));
  throw invalid((issue?.code === 'invalid_key' ? issue.issues[0]?.message : issue?.message) ?? '', at);
}
