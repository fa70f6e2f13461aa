// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pushSignature, readSigningKey } from '../../main/engine/images/trust/index.ts';
import { RealRegistry } from '../fixtures/registry.ts';
import { passphrase, payload, signed, testKey, TrustScene, type TestKey } from '../fixtures/image-trust.ts';
import { TreelineError } from '../../shared/errors/index.ts';

let work: string;
let registry: RealRegistry;
let scene: TrustScene;
let [right, wrong, rsa, edwards]: TestKey[] = [];
const image = (name: string, end = ':v1'): string => `docker://${registry.host}/${name}${end}`;
const digests = new Map<string, string>();
const key = (which: TestKey | undefined): TestKey => which as TestKey;

/** An image with these signatures; the reference is `HOST/NAME:v1` unless it says otherwise. */
async function add(
  name: string,
  ...signatures: (readonly [by: TestKey, change?: (good: string, digest: string) => string])[]
): Promise<void> {
  const digest = await scene.push(name, 'v1');
  digests.set(name, digest);
  const good = payload(`${registry.host}/${name}:v1`, digest);
  const list = signatures.map(([by, change = (text) => text]) => {
    const text = change(good, digest);
    return { text, signature: signed(by, text) };
  });
  if (list.length > 0) await scene.attach(name, digest, list);
}

beforeAll(async () => {
  work = mkdtempSync(path.join(tmpdir(), 'treeline-trust-'));
  registry = await RealRegistry.start(path.join(work, 'registry'));
  scene = new TrustScene(registry.host, work);
  [right, wrong, rsa, edwards] = [
    testKey(work, 'right'),
    testKey(work, 'wrong', 'ec', 'SIGSTORE'),
    testKey(work, 'rsa', 'rsa'),
    testKey(work, 'edwards', 'ed25519'),
  ];
  writeFileSync(path.join(work, 'passphrase'), `${passphrase}\nsecond line\n`);
  const [a, b] = [key(right), key(wrong)];
  await add('os/right', [a]);
  await add('os/unsigned');
  await add('os/wrong', [b]);
  await add('os/both', [b], [a]);
  await add('os/rsa', [key(rsa)]);
  await add('os/edwards', [key(edwards)]);
  await add('os/cosign', [a, (text) => text.replace(':v1"', '"')]);
  await add('os/other-repository', [a, (text) => text.replace('os/other-repository', 'os/right')]);
  await add('os/other-tag', [a, (text) => text.replace(':v1"', ':v2"')]);
  await add('os/replayed', [a, (text, digest) => text.replace(digest, digests.get('os/right') ?? '')]);
  await add('os/extra', [a, (text) => text.replace('"type":', '"more":1,"type":')]);
  await add('os/extra-top', [a, (text) => text.replace(/^\{/, '{"more":1,')]);
  await add('os/duplicate', [a, (text, digest) => text.replace('"image":{', `"image":{"docker-manifest-digest":"${digest}",`)]);
  await add('os/other-type', [a, (text) => text.replace('cosign container image signature', 'something else')]);
  await add('os/optional', [a, (text) => text.replace('"optional":null', '"optional":{"creator":"x","more":[1]}')]);
  await add('os/no-optional', [a, (text) => text.replace(',"optional":null', '')]);
  await add('os/not-json', [a, () => 'no JSON at all']);
  await add('os/by-digest', [a]);
  await add('os/moved', [a, (text) => text.replace(registry.host, 'signed.example:5000')]);
  await add('os/tampered');
  const digest = digests.get('os/tampered') ?? '';
  const good = payload(`${registry.host}/os/tampered:v1`, digest);
  await scene.attach('os/tampered', digest, [{ text: `${good} `, signature: signed(a, good) }]);
  await add('os/garbage');
  const there = digests.get('os/garbage') ?? '';
  const text = payload(`${registry.host}/os/garbage:v1`, there);
  await scene.attach('os/garbage', there, [
    { text: 'garbage', signature: 'AAAA' },
    { text: 'of another kind', type: 'application/vnd.example' },
    { text: '{}', signature: '§$%' },
    { text, signature: signed(b, text) },
    { text, signature: signed(a, text) },
  ]);
});
afterAll(async () => {
  await scene.client.close();
  await registry.stop();
  rmSync(work, { recursive: true, force: true });
});

type Rule = Readonly<Record<string, unknown>>;
const anything: Rule = { type: 'insecureAcceptAnything' };
const reject: Rule = { type: 'reject' };
const by = (which: TestKey | undefined, more: Rule = {}): Rule => ({ type: 'sigstoreSigned', keyPath: key(which).publicFile, ...more });
const identity = (type: string, more: Rule = {}): Rule => ({ signedIdentity: { type, ...more } });
const rules = (usual: Rule, scopes: Readonly<Record<string, Rule | readonly Rule[]>> = {}): unknown => ({
  default: [usual],
  transports: { docker: Object.fromEntries(Object.entries(scopes).map(([scope, rule]) => [scope, Array.isArray(rule) ? rule : [rule]])) },
});
const asDefault = (rule: () => Rule) => () => rules(rule());
const scoped =
  (scopes: () => Readonly<Record<string, Rule | readonly Rule[]>>, usual = reject) =>
  () =>
    rules(usual, scopes());
const off = 'default-docker: {}\n';
const host = (): string => registry.host;

type Case = readonly [what: string, image: () => string, policy: () => unknown, taken: boolean, registries?: () => string];
const cases: readonly Case[] = [
  ['the right key', () => image('os/right'), asDefault(() => by(right)), true],
  ['no signature', () => image('os/unsigned'), asDefault(() => by(right)), false],
  ['another key', () => image('os/wrong'), asDefault(() => by(right)), false],
  ['two signatures, one of them by the key', () => image('os/both'), asDefault(() => by(right)), true],
  ['both keys are wanted and there', () => image('os/both'), scoped(() => ({ '': [by(right), by(wrong)] })), true],
  ['both keys are wanted, one is there', () => image('os/right'), scoped(() => ({ '': [by(right), by(wrong)] })), false],
  ['a signature is wanted, and reject', () => image('os/right'), scoped(() => ({ '': [by(right), reject] })), false],
  ['a key of RSA', () => image('os/rsa'), asDefault(() => by(rsa)), true],
  ['a key of Ed25519', () => image('os/edwards'), asDefault(() => by(edwards)), true],
  [
    'key data in the policy',
    () => image('os/right'),
    asDefault(() => ({ type: 'sigstoreSigned', keyData: Buffer.from(key(right).publicPem).toString('base64') })),
    true,
  ],
  [
    'no file of the key',
    () => image('os/right'),
    asDefault(() => ({ type: 'sigstoreSigned', keyPath: path.join(work, 'nowhere') })),
    false,
  ],
  [
    'a private key as the key',
    () => image('os/right'),
    asDefault(() => ({ type: 'sigstoreSigned', keyPath: key(right).privateFile })),
    false,
  ],
  ['cosign’s name without a tag, as it is by default', () => image('os/cosign'), asDefault(() => by(right)), false],
  ['cosign’s name without a tag, matchRepository', () => image('os/cosign'), asDefault(() => by(right, identity('matchRepository'))), true],
  ['signed for another repository', () => image('os/other-repository'), asDefault(() => by(right)), false],
  [
    'signed for another repository, matchRepository',
    () => image('os/other-repository'),
    asDefault(() => by(right, identity('matchRepository'))),
    false,
  ],
  [
    'signed for another repository, which exactRepository names',
    () => image('os/other-repository'),
    asDefault(() => by(right, identity('exactRepository', { dockerRepository: `${host()}/os/right` }))),
    true,
  ],
  [
    'exactReference',
    () => image('os/other-repository'),
    asDefault(() => by(right, identity('exactReference', { dockerReference: `${host()}/os/right:v1` }))),
    true,
  ],
  [
    'exactReference of another tag',
    () => image('os/other-repository'),
    asDefault(() => by(right, identity('exactReference', { dockerReference: `${host()}/os/right:v2` }))),
    false,
  ],
  ['signed for another tag', () => image('os/other-tag'), asDefault(() => by(right)), false],
  ['signed for another tag, matchRepository', () => image('os/other-tag'), asDefault(() => by(right, identity('matchRepository'))), true],
  [
    'signed for another tag, asked for by digest',
    () => image('os/other-tag', `@${digests.get('os/other-tag') ?? ''}`),
    asDefault(() => by(right)),
    true,
  ],
  [
    'signed by tag, asked for by digest, matchExact',
    () => image('os/by-digest', `@${digests.get('os/by-digest') ?? ''}`),
    asDefault(() => by(right, identity('matchExact'))),
    false,
  ],
  ['matchExact', () => image('os/right'), asDefault(() => by(right, identity('matchExact'))), true],
  ['cosign’s name, asked for by digest', () => image('os/cosign', `@${digests.get('os/cosign') ?? ''}`), asDefault(() => by(right)), false],
  [
    'signed under another host, remapIdentity',
    () => image('os/moved'),
    asDefault(() => by(right, identity('remapIdentity', { prefix: host(), signedPrefix: 'signed.example:5000' }))),
    true,
  ],
  [
    'remapIdentity of a host without its port',
    () => image('os/moved'),
    asDefault(() => by(right, identity('remapIdentity', { prefix: '127.0.0.1', signedPrefix: 'signed.example' }))),
    false,
  ],
  [
    'remapIdentity that isn’t about this',
    () => image('os/right'),
    asDefault(() => by(right, identity('remapIdentity', { prefix: 'other.example', signedPrefix: 'signed.example' }))),
    true,
  ],
  ['a signature of another image', () => image('os/replayed'), asDefault(() => by(right)), false],
  ['a payload that was changed', () => image('os/tampered'), asDefault(() => by(right)), false],
  ['a payload with a further field in “critical”', () => image('os/extra'), asDefault(() => by(right)), false],
  ['a payload with a further field', () => image('os/extra-top'), asDefault(() => by(right)), false],
  ['a payload with a field twice', () => image('os/duplicate'), asDefault(() => by(right)), false],
  ['a payload of another type', () => image('os/other-type'), asDefault(() => by(right)), false],
  ['a payload with “optional”', () => image('os/optional'), asDefault(() => by(right)), true],
  ['a payload without “optional”', () => image('os/no-optional'), asDefault(() => by(right)), false],
  ['a payload that isn’t JSON', () => image('os/not-json'), asDefault(() => by(right)), false],
  ['garbage beside a good one', () => image('os/garbage'), asDefault(() => by(right)), true],
  ['attachments aren’t looked for', () => image('os/right'), asDefault(() => by(right)), false, () => off],
  [
    'attachments are looked for in this repository',
    () => image('os/right'),
    asDefault(() => by(right)),
    true,
    () => `docker:\n  ${host()}/os/right: {use-sigstore-attachments: true}\n`,
  ],
  [
    'attachments: no for a namespace, yes by default',
    () => image('os/right'),
    asDefault(() => by(right)),
    false,
    () => `default-docker: {use-sigstore-attachments: true}\ndocker:\n  ${host()}/os: {use-sigstore-attachments: false}\n`,
  ],
  [
    'attachments: a namespace that says nothing leaves it to the one above',
    () => image('os/right'),
    asDefault(() => by(right)),
    true,
    () => `docker:\n  ${host()}/os: {lookaside: "file:///nonexistent"}\n  ${host()}: {use-sigstore-attachments: true}\n`,
  ],
  ['reject by default', () => image('os/right'), asDefault(() => reject), false],
  ['anything by default', () => image('os/unsigned'), asDefault(() => anything), true],
  [
    'a rule of the tag',
    () => image('os/right'),
    scoped(() => ({ [`${host()}/os/right:v1`]: anything, [`${host()}/os/right`]: reject })),
    true,
  ],
  [
    'a rule of the digest',
    () => image('os/right', `@${digests.get('os/right') ?? ''}`),
    scoped(() => ({ [`${host()}/os/right@${digests.get('os/right') ?? ''}`]: anything })),
    true,
  ],
  [
    'a rule of the tag isn’t one of the digest',
    () => image('os/right', `@${digests.get('os/right') ?? ''}`),
    scoped(() => ({ [`${host()}/os/right:v1`]: anything })),
    false,
  ],
  [
    'a rule of the repository',
    () => image('os/right'),
    scoped(() => ({ [`${host()}/os/right`]: anything, [`${host()}/os`]: reject })),
    true,
  ],
  ['a rule of a repository that only begins so', () => image('os/right'), scoped(() => ({ [`${host()}/os/rig`]: anything })), false],
  ['a rule of the namespace', () => image('os/right'), scoped(() => ({ [`${host()}/os`]: anything, [host()]: reject })), true],
  ['a rule of the host', () => image('os/right'), scoped(() => ({ [host()]: anything })), true],
  ['a rule of the host without its port', () => image('os/right'), scoped(() => ({ '127.0.0.1': anything })), false],
  ['a rule of the host’s domain', () => image('os/right'), scoped(() => ({ '*.0.0.1': anything, '': reject })), true],
  ['a nearer domain', () => image('os/right'), scoped(() => ({ '*.0.0.1': anything, '*.0.1': reject })), true],
  [
    'a rule of the host before one of its domain',
    () => image('os/right'),
    scoped(() => ({ '*.0.0.1': anything, [host()]: reject })),
    false,
  ],
  ['a rule of the transport', () => image('os/right'), scoped(() => ({ '': anything })), true],
  ['a rule of another transport', () => image('os/right'), () => ({ default: [reject], transports: { dir: { '': [anything] } } }), false],
  [
    'a transport that nobody knows',
    () => image('os/right'),
    () => ({ default: [anything], transports: { nobody: { x: [reject] } } }),
    true,
  ],
  ['an unknown key', () => image('os/right'), () => ({ default: [anything], transport: {} }), false],
  ['an unknown key in a requirement', () => image('os/right'), () => ({ default: [{ ...anything, keyPath: '/x' }] }), false],
  ['an unknown type', () => image('os/right'), () => ({ default: [{ type: 'accept' }] }), false],
  ['a key twice', () => image('os/right'), () => '{"default":[{"type":"reject"}],"default":[{"type":"insecureAcceptAnything"}]}', false],
  ['no default', () => image('os/right'), () => ({ transports: { docker: { '': [anything] } } }), false],
  ['no requirement', () => image('os/right'), () => ({ default: [] }), false],
  ['two sources of keys', () => image('os/right'), asDefault(() => by(right, { keyData: 'AAAA' })), false],
  [
    'a mistake in a rule of another image',
    () => image('os/right'),
    () => rules(anything, { 'quay.io/x': { type: 'sigstoreSigned' } }),
    false,
  ],
  [
    'a scope of dir: that is no path',
    () => image('os/right'),
    () => ({ default: [anything], transports: { dir: { 'a/b': [reject] } } }),
    false,
  ],
  [
    'signedBaseLayer',
    () => image('os/right'),
    asDefault(() => ({ type: 'signedBaseLayer', baseLayerIdentity: { type: 'matchExact' } })),
    false,
  ],
  ['it isn’t JSON', () => image('os/right'), () => 'default: reject', false],
];

for (const [what, of, policy, taken, registries] of cases)
  test(`skopeo and we agree: ${what}`, async () => {
    const places = scene.places(policy(), registries?.());
    const ours = await scene.decide(of(), places).then(
      () => undefined,
      (error: unknown) => TreelineError.report(error),
    );
    const theirs = await scene.skopeo(of(), places);
    // Debian 12's skopeo reads such rules, and then takes nothing by them
    if (taken && theirs?.includes('sigstore disabled')) return expect(ours, JSON.stringify(ours)).toBeUndefined();
    expect({ ours: ours === undefined, theirs: theirs === undefined }, `${JSON.stringify(ours)}\n${theirs ?? ''}`).toEqual({
      ours: taken,
      theirs: taken,
    });
    if (ours) expect(ours.code).toMatch(/^(container\.(untrusted|attachments-off|policy-invalid)|file\.unreadable)$/);
  });

test('what skopeo signs is trusted, and what we sign is trusted by skopeo', async (context) => {
  if (await scene.skopeo(image('os/right'), scene.places(rules(by(right)))))
    return context.skip('Debian 12 has switched sigstore off in its skopeo');
  for (const [name, which] of [
    ['both-ways/ec', right],
    ['both-ways/rsa', rsa],
    ['both-ways/edwards', edwards],
  ] as const) {
    const from = await scene.push('source', name.slice(10));
    expect(from).toMatch(/^sha256:/);
    execFileSync('skopeo', [
      ...['--insecure-policy', '--registries.d', scene.places('{}').registriesDirectories[0] ?? '', 'copy', '--quiet'],
      ...['--src-tls-verify=false', '--dest-tls-verify=false', '--sign-by-sigstore-private-key', key(which).privateFile],
      ...['--sign-passphrase-file', path.join(work, 'passphrase'), image('source', `:${name.slice(10)}`), image(name)],
    ]);
    const places = scene.places(rules(by(which)));
    expect(await scene.decide(image(name), places)).toMatchObject({
      requirement: 'sigstoreSigned',
      scope: 'default',
      key: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });

    const digest = await scene.push(`${name}-ours`, 'v1');
    const target = { host: registry.host, name: `${name}-ours`, tag: 'v1' };
    const privateKey = readSigningKey({
      signBySigstorePrivateKey: key(which).privateFile,
      signPassphraseFile: path.join(work, 'passphrase'),
    });
    if (!privateKey) throw new Error('no key');
    await pushSignature(scene.client, target, digest, privateKey);
    expect(await scene.skopeo(image(`${name}-ours`), places)).toBeUndefined();
    await scene.decide(image(`${name}-ours`), places);

    // once more: nothing new; by another key: both
    const tag = { host: registry.host, name: target.name, tag: `${digest.replace(':', '-')}.sig` };
    const before = await scene.client.manifest(tag);
    await pushSignature(scene.client, target, digest, privateKey);
    expect((await scene.client.manifest(tag)).digest).toBe(before.digest);
    await pushSignature(scene.client, target, digest, key(wrong).privateKey);
    expect((await scene.client.manifest(tag)).manifest.layers).toHaveLength(2);
    for (const each of [which, wrong]) expect(await scene.skopeo(image(target.name), scene.places(rules(by(each))))).toBeUndefined();
  }
});

test('cosign verifies what we sign, and we what cosign signs', async (context) => {
  if (spawnSync('cosign', ['version']).status !== 0) return context.skip('there is no cosign (Debian 13 has it)');
  const env = { ...process.env, COSIGN_PASSWORD: passphrase };
  const cosign = (...args: string[]): void =>
    void execFileSync('cosign', [...args, '--allow-insecure-registry', '--allow-http-registry'], { stdio: 'pipe', env });
  const name = 'by/us';
  const digest = await scene.push(name, 'v1');
  await pushSignature(scene.client, { host: registry.host, name, tag: 'v1' }, digest, key(right).privateKey);
  cosign('verify', '--key', key(right).publicFile, '--insecure-ignore-tlog', `${registry.host}/${name}:v1`);
  expect(() => cosign('verify', '--key', key(wrong).publicFile, '--insecure-ignore-tlog', `${registry.host}/${name}:v1`)).toThrow();
  const theirs = await scene.push('by/cosign', 'v1');
  cosign('sign', '--key', key(right).privateFile, '--tlog-upload=false', '--yes', `${registry.host}/by/cosign@${theirs}`);
  const places = scene.places(rules(by(right, identity('matchRepository'))));
  expect((await scene.decide(image('by/cosign'), places)).key).toBeDefined();
});
