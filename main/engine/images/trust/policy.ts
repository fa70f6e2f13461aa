// SPDX-License-Identifier: LGPL-2.1-or-later
import { createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { readRegularFile } from '../../../files/index.ts';
import type { ImageReference } from '../reference.ts';
import { parsePolicy, type Policy, type Requirement, type SignedIdentity } from './policy-file.ts';
import { scopesOf } from './scopes.ts';

/** Where it is said who is trusted. */
export interface TrustPlaces {
  /** containers-policy.json(5): the first one that is there. */
  readonly policyFiles: readonly string[];
  /** containers-registries.d(5): the first one that is there. */
  readonly registriesDirectories: readonly string[];
}

/** Other places than the usual ones. */
export interface TrustOptions {
  /** containers-policy.json(5). */
  readonly policy?: string;
  /** A directory: containers-registries.d(5). */
  readonly registriesD?: string;
}

/** Those of this machine; of a user's own files only where that user isn't root. */
export function trustPlaces(
  { policy, registriesD }: TrustOptions = {},
  home: string = homedir(),
  uid: number = process.getuid?.() ?? 0,
): TrustPlaces {
  const all = (name: string): string[] =>
    [...(uid === 0 ? [] : [path.join(home, '.config/containers')]), '/etc/containers'].map((at) => path.join(at, name));
  return {
    policyFiles: policy === undefined ? all('policy.json') : [policy],
    registriesDirectories: registriesD === undefined ? all('registries.d') : [registriesD],
  };
}

/** A requirement with what it takes to judge by it: plain data. */
export type ReadRequirement =
  | { readonly type: 'insecureAcceptAnything' | 'reject' }
  /** `keys`: SPKI in PEM. */
  | { readonly type: 'sigstoreSigned'; readonly keys: readonly string[]; readonly identity: SignedIdentity }
  /** `what` of it isn't checked by this version: nothing fulfils it. */
  | { readonly type: 'signedBy' | 'signedBaseLayer' | 'sigstoreSigned'; readonly what: string };

/** What a policy says about one image: plain data. */
export interface ImagePolicy {
  readonly file: string;
  /** Where it says so, as a path in that file: `default`, `transports.docker["quay.io/x"]`; undefined without that file. */
  readonly scope: string | undefined;
  /** All of them have to be fulfilled. */
  readonly requirements: readonly ReadRequirement[];
}

/** The rule about an image; '' in `transports` is the transport's default. */
function ruleOf(policy: Policy, reference: ImageReference): { readonly scope: string; readonly requirements: readonly Requirement[] } {
  const { transport } = reference;
  const table = Object.entries(policy.transports).find(([name]) => name === transport)?.[1] ?? {};
  const rules = new Map(Object.entries(table));
  for (const name of [...scopesOf(reference), '']) {
    const requirements = rules.get(name);
    if (requirements) return { scope: `transports.${transport}["${name}"]`, requirements };
  }
  return { scope: 'default', requirements: policy.default };
}

const policyFile = ({ policyFiles }: TrustPlaces): string => policyFiles.find((file) => existsSync(file)) ?? policyFiles.at(-1) ?? '';

function readRule(reference: ImageReference, file: string): ReturnType<typeof ruleOf> | undefined {
  if (!existsSync(file)) return undefined;
  return ruleOf(parsePolicy(readRegularFile(file, { limitBytes: 1 << 20 }).toString(), file), reference);
}

/** Files with keys that the rule about an image names; none where it can't be read. */
export function keyFilesFor(reference: ImageReference, places: TrustPlaces): readonly string[] {
  try {
    const rule = readRule(reference, policyFile(places));
    return (rule?.requirements ?? []).flatMap((each) =>
      each.type === 'sigstoreSigned' ? [...(each.keyPaths ?? []), ...(each.keyPath ? [each.keyPath] : [])] : [],
    );
  } catch {
    // whoever goes by it says so
    return [];
  }
}

/** Read what this machine's policy says about an image. Throws container.policy-invalid naming file and key, file.unreadable naming a key's file. */
export function policyFor(reference: ImageReference, places: TrustPlaces = trustPlaces()): ImagePolicy {
  const file = policyFile(places);
  const rule = readRule(reference, file);
  if (!rule) return { file, scope: undefined, requirements: [] };
  const { scope, requirements } = rule;
  return { file, scope, requirements: requirements.map((each, i) => withKeys(each, file, `${scope}[${i}]`)) };
}

function withKeys(requirement: Requirement, file: string, at: string): ReadRequirement {
  switch (requirement.type) {
    case 'insecureAcceptAnything':
    case 'reject':
      return { type: requirement.type };
    case 'signedBy':
    case 'signedBaseLayer':
      return { type: requirement.type, what: requirement.type };
    case 'sigstoreSigned': {
      const { fulcio, pki, keyPath, keyPaths, keyData, keyDatas, signedIdentity, ...rest } = requirement;
      const rekor = Object.keys(rest).find((name) => name.startsWith('rekor'));
      const what = fulcio ? 'fulcio' : pki ? 'pki' : rekor;
      if (what !== undefined) return { type: 'sigstoreSigned', what };
      const files = [...(keyPaths ?? []), ...(keyPath === undefined ? [] : [keyPath])];
      const inside = [...(keyDatas ?? []), ...(keyData === undefined ? [] : [keyData])];
      const keys = [
        ...files.map((name) => publicKey(readRegularFile(name, { limitBytes: 1 << 20 }), name, file, at)),
        ...inside.map((text) => publicKey(Buffer.from(text, 'base64'), keyDatas ? 'keyDatas' : 'keyData', file, at)),
      ];
      return { type: 'sigstoreSigned', keys, identity: signedIdentity };
    }
  }
}

/** The first key of a PEM text, which may be followed by others, as containers' tools read it. A private key isn't taken for its public half. */
function publicKey(bytes: Buffer, name: string, file: string, key: string): string {
  const invalid = (detail: string): TreelineError =>
    new TreelineError('container.policy-invalid', { file, key, detail: `${name} ${detail}` });
  const pem = /-----BEGIN ((?:RSA )?PUBLIC KEY)-----[^-]*-----END \1-----/.exec(bytes.toString())?.[0];
  if (pem === undefined) throw invalid('holds no public key in PEM');
  let read: KeyObject;
  try {
    read = createPublicKey(pem);
  } catch (error) {
    throw new TreelineError(
      'container.policy-invalid',
      { file, key, detail: `${name} holds no public key that can be read` },
      { cause: error },
    );
  }
  requireKind(read, invalid);
  return String(read.export({ type: 'spki', format: 'pem' }));
}

/** Kinds that cosign knows. RSA below 2048 bits can be broken. */
export function requireKind(key: KeyObject, invalid: (detail: string) => TreelineError): void {
  const { asymmetricKeyType: kind = '', asymmetricKeyDetails: details } = key;
  if (!['ec', 'rsa', 'ed25519'].includes(kind)) throw invalid(`holds a key of the kind ${kind}; ECDSA, RSA and Ed25519 are known`);
  if (kind === 'rsa' && (details?.modulusLength ?? 0) < 2048) throw invalid('holds an RSA key of less than 2048 bits');
}
