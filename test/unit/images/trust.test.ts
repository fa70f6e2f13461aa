// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mediaTypes, type Descriptor, type Manifest } from '../../../main/engine/images/oci.ts';
import { trustedImage } from '../../../main/engine/images/jobs/trusted.ts';
import { parseReference } from '../../../main/engine/images/reference.ts';
import { registryScopes, scopesOf } from '../../../main/engine/images/trust/scopes.ts';
import {
  attachmentSettings,
  decideTrust,
  fetchSignatures,
  fingerprint,
  policyFor,
  publicHalf,
  readSigningKey,
  signaturesSchema,
  trustPlaces,
  type ImagePolicy,
  type Signatures,
} from '../../../main/engine/images/trust/index.ts';
import { payloadType, signatureKey } from '../../../main/engine/images/trust/payload.ts';
import { TreelineError, type ErrorReport } from '../../../shared/errors/index.ts';
import { digestOf, passphrase, payload, signed, testKey, type TestKey } from '../../fixtures/image-trust.ts';

let work: string;
let keys: readonly TestKey[];
const at = (name: string): string => path.join(work, name);
const write = (name: string, content: unknown): string => {
  writeFileSync(at(name), typeof content === 'string' ? content : JSON.stringify(content));
  return at(name);
};
const failure = (run: () => unknown): ErrorReport => {
  try {
    run();
  } catch (error) {
    return TreelineError.report(error);
  }
  throw new Error('it succeeded');
};

beforeAll(() => {
  work = mkdtempSync(path.join(tmpdir(), 'treeline-trust-unit-'));
  keys = ['a', 'b', 'c'].map((name) => testKey(work, name));
});
afterAll(() => rmSync(work, { recursive: true }));

const image = 'docker://quay.io/os/base:stable';
const manifestDigest = digestOf('a manifest');
const [accept, reject] = [{ type: 'insecureAcceptAnything' }, { type: 'reject' }];
const policyOf = (content: unknown, of = image): ImagePolicy =>
  policyFor(parseReference(of), trustPlaces({ policy: write('policy.json', content) }));
const decide = (policy: ImagePolicy, signatures?: Signatures, isSigned = false): ReturnType<typeof decideTrust> =>
  decideTrust({ image: parseReference(image), manifestDigest, policy, signed: isSigned, ...(signatures ? { signatures } : {}) });
const signature = (key: TestKey | undefined, text = payload('quay.io/os/base:stable', manifestDigest)): Signatures['found'][number] => ({
  digest: digestOf(text),
  payload: Buffer.from(text).toString('base64'),
  signature: signed(key as TestKey, text),
});
const found = (...list: Signatures['found']): Signatures => ({ attachments: 'looked-for', directory: '/d', found: list, left: [] });

test('what isn’t valid in a policy is told with file and key', () => {
  const sigstore = { type: 'sigstoreSigned', keyPath: '/k' };
  const of = (rule: unknown): unknown => ({ default: [reject], transports: { docker: { 'quay.io/x': [rule] } } });
  for (const [content, key, says] of [
    [{ default: [reject], transport: {} }, 'transport', 'there is no such key'],
    [of({ ...sigstore, keyPth: 1 }), 'transports.docker["quay.io/x"][0].keyPth', 'there is no such key'],
    [of({ type: 'sigstoreSigned' }), 'transports.docker["quay.io/x"][0]', 'it needs one of keyPath'],
    [of({ ...sigstore, keyData: 'AAAA' }), 'transports.docker["quay.io/x"][0]', 'it needs one of keyPath'],
    [
      of({ ...sigstore, rekorPublicKeyPath: '/r', rekorPublicKeyData: 'AAAA' }),
      'transports.docker["quay.io/x"][0]',
      'more than one of rekor',
    ],
    [
      of({ ...sigstore, signedIdentity: { type: 'exactReference', dockerReference: 'quay.io/x' } }),
      'transports.docker["quay.io/x"][0].signedIdentity.dockerReference',
      'a tag or a digest',
    ],
    [
      of({ ...sigstore, signedIdentity: { type: 'remapIdentity', prefix: 'a b', signedPrefix: 'x' } }),
      'transports.docker["quay.io/x"][0].signedIdentity.prefix',
      'HOST',
    ],
    [{ default: [] }, 'default', 'at least one'],
    [{ transports: {} }, 'default', 'expected array'],
    ['{"default":[{"type":"reject"}],"d\\u0065fault":[]}', 'default', 'twice'],
    [{ default: [reject], transports: { dir: { '/a/../b': [reject] } } }, 'transports.dir["/a/../b"]', 'absolute path'],
    ['no JSON', undefined, 'it isn’t JSON'],
  ] as const) {
    const report = failure(() => policyOf(content));
    expect(report).toMatchObject({
      code: 'container.policy-invalid',
      file: at('policy.json'),
      detail: expect.stringContaining(says) as string,
    });
    expect(report.key).toBe(key);
  }
});

test('a policy is a plain file of bounded size, and a user’s own is never root’s', () => {
  symlinkSync('/dev/zero', at('endless'));
  execFileSync('mkfifo', [at('pipe')]);
  for (const name of ['endless', 'pipe'])
    expect(failure(() => policyFor(parseReference(image), trustPlaces({ policy: at(name) }))).code).toBe('file.unreadable');
  expect(failure(() => policyOf(' '.repeat((1 << 20) + 1))).detail).toContain('larger');
  expect(trustPlaces({}, '/home/u', 1000).policyFiles).toEqual(['/home/u/.config/containers/policy.json', '/etc/containers/policy.json']);
  expect(trustPlaces({}, '/root', 0)).toEqual({
    policyFiles: ['/etc/containers/policy.json'],
    registriesDirectories: ['/etc/containers/registries.d'],
  });
});

test('scopes from the most specific one', () => {
  expect(registryScopes({ host: 'a.example.com:5000', name: 'x/y' })).toEqual([
    ...['a.example.com:5000/x/y:latest', 'a.example.com:5000/x/y', 'a.example.com:5000/x', 'a.example.com:5000', '*.example.com', '*.com'],
  ]);
  // a digest makes the tag idle
  expect(registryScopes({ host: 'localhost', name: 'x', tag: 't', digest: manifestDigest })).toEqual([
    `localhost/x@${manifestDigest}`,
    'localhost/x',
    'localhost',
  ]);
  expect(scopesOf(parseReference('oci:/srv/os:one'))).toEqual(['/srv/os:one', '/srv/os', '/srv']);
  expect(scopesOf(parseReference('dir:/srv/os'))).toEqual(['/srv/os', '/srv']);
  expect(policyOf({ default: [accept], transports: { oci: { '/srv': [reject] } } }, 'oci:/srv/os:one')).toMatchObject({
    scope: 'transports.oci["/srv"]',
    requirements: [reject],
  });
  expect(
    policyOf({ default: [accept], transports: { docker: { busybox: [reject], 'docker.io/library': [reject] } } }, 'docker://busybox'),
  ).toMatchObject({ scope: 'transports.docker["docker.io/library"]' });
  // names of JavaScript's own
  expect(policyOf({ default: [accept], transports: { constructor: { '': [reject] } } })).toMatchObject({ scope: 'default' });
});

test('the rule that decided is in the answer', () => {
  const file = at('policy.json');
  expect(decide(policyOf({ default: [accept] }))).toEqual({
    requirement: 'insecureAcceptAnything',
    scope: 'default',
    file,
    text: `Nothing was checked (insecureAcceptAnything, default in ${file})`,
  });
  const key = fingerprint(publicHalf((keys[0] as TestKey).privateKey));
  const policy = policyOf({
    default: [reject],
    transports: { docker: { 'quay.io/os': [{ type: 'sigstoreSigned', keyPath: at('a.pub') }] } },
  });
  expect(decide(policy, found(signature(keys[0])))).toEqual({
    ...{ requirement: 'sigstoreSigned', scope: 'transports.docker["quay.io/os"]', file, key },
    text: `Signed by sha256:${key} (sigstoreSigned, transports.docker["quay.io/os"] in ${file})`,
  });
  expect(failure(() => decide(policyOf({ default: [reject] })))).toMatchObject({
    code: 'container.untrusted',
    file,
    key: 'default',
    subject: image,
    facts: { requirement: 'reject' },
  });
});

test('without a policy an image is taken and that is told, unless it is to be signed; what takes anything by default isn’t enough then', () => {
  const missing = policyFor(parseReference(image), trustPlaces({ policy: at('nowhere.json') }));
  expect(decide(missing)).toMatchObject({ requirement: 'none', text: `Nothing was checked: there is no ${at('nowhere.json')}` });
  expect(failure(() => decide(missing, undefined, true))).toMatchObject({ code: 'container.unchecked', file: at('nowhere.json') });
  expect(failure(() => decide(policyOf({ default: [accept] }), undefined, true))).toMatchObject({
    code: 'container.unchecked',
    key: 'default',
    detail: expect.stringContaining('insecureAcceptAnything') as string,
  });
  // somebody wrote it for this transport
  expect(decide(policyOf({ default: [reject], transports: { docker: { '': [accept] } } }), undefined, true).scope).toBe(
    'transports.docker[""]',
  );
  expect(
    decide(policyOf({ default: [{ type: 'sigstoreSigned', keyPath: at('a.pub') }] }), found(signature(keys[0])), true).requirement,
  ).toBe('sigstoreSigned');
});

test('keys are rotated: any of several will do', () => {
  for (const names of [
    ['a.pub', 'b.pub'],
    ['b.pub', 'a.pub'],
  ]) {
    const policy = policyOf({ default: [{ type: 'sigstoreSigned', keyPaths: names.map(at) }] });
    expect(decide(policy, found(signature(keys[1]))).key).toBe(fingerprint(publicHalf((keys[1] as TestKey).privateKey)));
    expect(failure(() => decide(policy, found(signature(keys[2])))).detail).toBe('of 1 signature none counts: it isn’t by the rule’s key');
  }
  const keyDatas = keys.slice(0, 2).map(({ publicPem }) => Buffer.from(publicPem).toString('base64'));
  expect(decide(policyOf({ default: [{ type: 'sigstoreSigned', keyDatas }] }), found(signature(keys[1]))).requirement).toBe(
    'sigstoreSigned',
  );
});

test('what a signature lacks is told by the one that came nearest', () => {
  const policy = policyOf({ default: [{ type: 'sigstoreSigned', keyPath: at('a.pub') }] });
  const other = signature(keys[0], payload('quay.io/os/other:stable', manifestDigest));
  const replayed = signature(keys[0], payload('quay.io/os/base:stable', digestOf('another')));
  const garbage = { digest: digestOf(''), payload: '', signature: '' };
  const lies = { ...signature(keys[0]), digest: digestOf('something else') };
  const detail = (...list: Signatures['found']): string => failure(() => decide(policy, found(...list))).detail ?? '';
  expect(detail(garbage, replayed, other)).toContain(
    'of 3 signatures none counts: it is by the rule’s key, but for “quay.io/os/other:stable”, which matchRepoDigestOrExact',
  );
  expect(detail(garbage, replayed)).toContain(`for another image (${digestOf('another')})`);
  expect(detail(lies)).toContain('its payload doesn’t fit the digest');
  expect(detail(garbage)).toContain('it isn’t by the rule’s key');
  expect(detail()).toBe('it has no signature');
  // a good one beside them counts
  expect(decide(policy, found(garbage, lies, replayed, other, signature(keys[0]))).requirement).toBe('sigstoreSigned');
});

test('what isn’t checked by this version refuses by name, whatever else holds', () => {
  const sigstore = { type: 'sigstoreSigned', keyPath: at('a.pub') };
  for (const [rule, name] of [
    [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: '/k' }, 'signedBy'],
    [{ type: 'signedBaseLayer', baseLayerIdentity: { type: 'matchExact' } }, 'signedBaseLayer'],
    [{ type: 'sigstoreSigned', fulcio: { caPath: '/c', oidcIssuer: 'i', subjectEmail: 'e' }, rekorPublicKeyPath: '/r' }, 'fulcio'],
    [{ ...sigstore, rekorPublicKeyPath: '/r' }, 'rekorPublicKeyPath'],
    [{ type: 'sigstoreSigned', pki: { caRootsPath: '/c' } }, 'pki'],
  ] as const)
    expect(failure(() => decide(policyOf({ default: [sigstore, rule] }), found(signature(keys[0]))))).toMatchObject({
      code: 'container.untrusted',
      detail: expect.stringContaining(`“${name}”`) as string,
    });
});

test('keys that are none are told with the rule that names them', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  for (const [file, says] of [
    [write('weak.pub', String(publicKey.export({ type: 'spki', format: 'pem' }))), 'less than 2048 bits'],
    [write('text.pub', 'no key'), 'holds no public key in PEM'],
    [write('broken.pub', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'), 'no public key that can be read'],
    [at('a.key'), 'holds no public key in PEM'],
  ] as const)
    expect(failure(() => policyOf({ default: [{ type: 'sigstoreSigned', keyPath: file }] }))).toMatchObject({
      code: 'container.policy-invalid',
      file: at('policy.json'),
      key: 'default[0]',
      detail: expect.stringContaining(says) as string,
    });
  expect(failure(() => policyOf({ default: [{ type: 'sigstoreSigned', keyPath: at('none.pub') }] }))).toMatchObject({
    code: 'file.unreadable',
    subject: at('none.pub'),
  });
});

test('registries.d: the most specific scope that says something counts; a scope stands once', () => {
  const directory = at('registries.d');
  mkdirSync(directory);
  const settings = (): ReturnType<typeof attachmentSettings> =>
    attachmentSettings({ host: 'quay.io', name: 'os/base', tag: 'stable' }, trustPlaces({ registriesD: directory }));
  expect(settings()).toEqual({ use: false, directory });
  write('registries.d/a.yaml', 'default-docker:\n  use-sigstore-attachments: true\n  lookaside: https://x\n');
  expect(settings()).toEqual({ use: true, directory, file: path.join(directory, 'a.yaml') });
  write('registries.d/b.yaml', 'docker:\n  quay.io/os:\n    use-sigstore-attachments: false\n  quay.io/os/base: {}\n');
  write('registries.d/c.yml', 'this: [is not read');
  expect(settings()).toMatchObject({ use: false, file: path.join(directory, 'b.yaml') });
  const policy = policyOf({ default: [{ type: 'sigstoreSigned', keyPath: at('a.pub') }] });
  expect(failure(() => decide(policy, { attachments: 'off', directory, found: [], left: [] }))).toMatchObject({
    code: 'container.attachments-off',
    facts: { directory, requirement: 'sigstoreSigned' },
  });
  write('registries.d/d.yaml', 'docker: {quay.io/os: {use-sigstore-attachments: true}}\n');
  expect(failure(settings)).toMatchObject({
    code: 'file.unreadable',
    subject: path.join(directory, 'd.yaml'),
    detail: expect.stringContaining('b.yaml') as string,
  });
  write('registries.d/d.yaml', 'docker: {quay.io: {use-sigstore-attachments: maybe}}\n');
  expect(failure(settings).code).toBe('file.unreadable');
});

test('of thousands of signatures only so many are fetched, each payload once, and what is left is told', async () => {
  const text = Buffer.from('a payload');
  const layer = (more: Partial<Descriptor> = {}): Descriptor => ({
    mediaType: payloadType,
    digest: digestOf(text),
    size: text.length,
    annotations: { [signatureKey]: 'AAAA' },
    ...more,
  });
  let asked = 0;
  const fetch = async (layers: readonly Descriptor[]): Promise<Signatures> => {
    const manifest: Manifest = {
      schemaVersion: 2,
      config: { mediaType: mediaTypes.config, digest: digestOf(''), size: 0 },
      layers: [...layers],
    };
    const registry = {
      manifest: () => Promise.resolve({ digest: digestOf('m'), bytes: Buffer.from(''), manifest }),
      blob: (_: unknown, { digest }: Descriptor) => {
        asked++;
        return digest === digestOf(text)
          ? Promise.resolve(text)
          : Promise.reject(new TreelineError('registry.garbage', { detail: 'it lies' }));
      },
    };
    return signaturesSchema.parse(
      await fetchSignatures(registry, { host: 'quay.io', name: 'os/base' }, manifestDigest, { use: true, directory: '/d' }),
    );
  };
  const many = await fetch(Array.from({ length: 5000 }, () => layer()));
  expect(many.found).toHaveLength(128);
  expect(many.left).toEqual(['4872 more weren’t looked at: 128 are']);
  expect(asked).toBe(1);
  const odd = await fetch([
    layer({ size: 1 << 20 }),
    layer({ digest: digestOf('lie') }),
    layer({ annotations: {} }),
    layer({ annotations: { [signatureKey]: 'A'.repeat(20_000) } }),
    layer({ mediaType: 'application/vnd.dsse.envelope.v1+json' }),
    layer(),
  ]);
  expect(odd.found).toHaveLength(1);
  expect(odd.left.map((line) => line.replace(/sha256:\S+ /, ''))).toEqual([
    'has 1048576 bytes, more than the 65536 that are taken',
    'can’t be had: it lies',
    `has no annotation ${signatureKey}`,
    'has a signature that is too long',
  ]);
  const policy = policyOf({ default: [{ type: 'sigstoreSigned', keyPath: at('a.pub') }] });
  expect(failure(() => decide(policy, many)).detail).toMatch(
    /^of 128 signatures none counts: it isn’t by the rule’s key; not used: 4872 more/,
  );
});

test('what was judged by a signature is asked for by its digest afterwards, wherever its tag leads then', async () => {
  const manifest: Manifest = { schemaVersion: 2, config: { mediaType: mediaTypes.config, digest: digestOf(''), size: 0 }, layers: [] };
  const good = signature(keys[0]);
  const layer = { mediaType: payloadType, digest: good.digest, size: 1, annotations: { [signatureKey]: good.signature } };
  const registry = {
    manifest: ({ tag = '' }: { tag?: string }) =>
      Promise.resolve({
        digest: manifestDigest,
        bytes: Buffer.from(''),
        manifest: { ...manifest, layers: tag.endsWith('.sig') ? [layer] : [] },
      }),
    blob: () => Promise.resolve(Buffer.from(good.payload, 'base64')),
  };
  mkdirSync(at('on.d'));
  write('on.d/on.yaml', 'default-docker: {use-sigstore-attachments: true}');
  const policy = write('policy.json', { default: [{ type: 'sigstoreSigned', keyPath: at('a.pub') }] });
  const asked = { host: 'quay.io', name: 'os/base', tag: 'stable' };
  const { image: judged, trust } = await trustedImage(registry, asked, { policy, registriesD: at('on.d') });
  expect(judged).toEqual({ host: 'quay.io', name: 'os/base', digest: manifestDigest });
  expect(trust.requirement).toBe('sigstoreSigned');
  // where nothing is checked nothing is asked for
  const anything = write('policy.json', { default: [accept] });
  const deaf = { manifest: () => Promise.reject(new Error('asked')), blob: () => Promise.reject(new Error('asked')) };
  expect((await trustedImage(deaf, asked, { policy: anything })).image).toEqual(asked);
});

test('keys to sign with: cosign’s, PKCS #8, and what is told of others', () => {
  const secret = write('passphrase', `${passphrase}\r\nanother line`);
  const read = (file: string, word?: string): ReturnType<typeof readSigningKey> =>
    readSigningKey({ signBySigstorePrivateKey: file, ...(word === undefined ? {} : { signPassphraseFile: word }) });
  const [{ privateKey } = keys[1] as TestKey] = keys;
  for (const label of ['COSIGN', 'SIGSTORE']) {
    const { privateFile, privateKey: same } = testKey(work, label, 'ec', label);
    expect(read(privateFile, secret)?.equals(same)).toBe(true);
  }
  const plain = write('plain.pem', String(privateKey.export({ type: 'pkcs8', format: 'pem' })));
  expect(read(plain)?.equals(privateKey)).toBe(true);
  const locked = write('locked.pem', String(privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase })));
  expect(read(locked, secret)?.equals(privateKey)).toBe(true);
  const wrong = write('wrong', 'not it');
  for (const [file, word, says] of [
    [at('a.key'), undefined, 'no --sign-passphrase-file'],
    [at('a.key'), wrong, 'the passphrase is another one'],
    [locked, undefined, 'no --sign-passphrase-file'],
    [locked, wrong, 'the passphrase is another one'],
    [at('a.pub'), undefined, 'holds no private key in PEM'],
    [
      write(
        'huge.key',
        `-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\n${Buffer.from(JSON.stringify({ kdf: { name: 'scrypt', params: { N: 2 ** 30, r: 8, p: 1 }, salt: '' }, cipher: { name: 'nacl/secretbox', nonce: '' }, ciphertext: '' })).toString('base64')}\n-----END ENCRYPTED COSIGN PRIVATE KEY-----\n`,
      ),
      wrong,
      'isn’t encrypted as cosign does it',
    ],
  ] as const) {
    const report = failure(() => read(file, word));
    expect(report).toMatchObject({ code: 'usage.invalid', detail: expect.stringContaining(says) as string });
    expect(JSON.stringify(report)).not.toMatch(/a passphrase|not it/);
  }
  expect(failure(() => readSigningKey({ signPassphraseFile: secret })).subject).toBe('--sign-passphrase-file');
});
