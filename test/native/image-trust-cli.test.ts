// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { UpdateDetails } from '../../shared/domain/index.ts';
import { attachmentTag } from '../../main/engine/images/trust/signatures.ts';
import { payloadType, signatureKey } from '../../main/engine/images/trust/payload.ts';
import { passphrase, payload, signed, testKey, TrustScene, type TestKey } from '../fixtures/image-trust.ts';
import { RealRegistry } from '../fixtures/registry.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { composeOk as ok, ComposeFixture, treeline } from './compose-fixture.ts';

let f: ComposeFixture;
let registry: RealRegistry;
let scene: TrustScene;
let [key, other]: TestKey[] = [];
const at = (...parts: string[]): string => path.join(f.directory, ...parts);
const signing = (): string[] => [
  '--sign-by-sigstore-private-key',
  (key as TestKey).privateFile,
  '--sign-passphrase-file',
  at('passphrase'),
];
const image = (name: string): string => `docker://${registry.host}/os/${name}:latest`;
const ref = 'test/x86_64/base';

/** Options that name a policy of these rules. */
function policy(content: unknown, attachments = true): string[] {
  const places = scene.places(content, `default-docker: {use-sigstore-attachments: ${attachments}}\n`);
  return ['--policy', places.policyFiles[0] ?? '', '--registries.d', places.registriesDirectories[0] ?? ''];
}
const by = (which: TestKey | undefined): unknown => ({
  default: [{ type: 'reject' }],
  transports: { docker: { [registry.host]: [{ type: 'sigstoreSigned', keyPath: which?.publicFile }] } },
});

async function pull(name: string, rules: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  const { status, stdout, stderr } = await treeline('image', 'pull', name, `--repo=${at('pulled')}`, '--no-tls-verify', ...rules);
  return { code: status ?? -1, text: `${stdout}${stderr}` };
}

beforeAll(async () => {
  f = new ComposeFixture();
  registry = await RealRegistry.start(at('registry'));
  scene = new TrustScene(registry.host, f.directory);
  mkdirSync(at('keys'));
  [key, other] = [testKey(at('keys'), 'key'), testKey(at('keys'), 'other')];
  writeFileSync(at('passphrase'), `${passphrase}\n`);
  f.add(filesystemPackage, shellPackage(), { name: 'alpha', version: '1', files: { '/usr/share/alpha': 'alpha' } });
  f.treefile('packages: [alpha, testshell, filesystem]\n');
  await f.compose(at('tree.yaml'));
  execFileSync('ostree', [`--repo=${at('pulled')}`, 'init', '--mode=bare-user']);
  const said = await ok('container-encapsulate', ref, image('signed'), `--repo=${f.repo}`, '--no-tls-verify', ...signing());
  expect(said).toMatch(/^Signed by sha256:[0-9a-f]{64}$/m);
  await ok('container-encapsulate', ref, image('plain'), `--repo=${f.repo}`, '--no-tls-verify', '--max-layers=2');
});
afterAll(async () => {
  await scene.client.close();
  await registry.stop();
  f.dispose();
});

test('what container-encapsulate signs lies in cosign’s form beside the image, and openssl finds it good', async () => {
  const { digest } = await scene.client.manifest({ host: registry.host, name: 'os/signed' });
  const found = await scene.client.manifest({ host: registry.host, name: 'os/signed', tag: attachmentTag(digest) });
  const [layer, ...more] = found.manifest.layers;
  expect(more).toEqual([]);
  expect(layer?.mediaType).toBe(payloadType);
  const bytes = layer && (await scene.client.blob({ host: registry.host, name: 'os/signed' }, layer, 65_536));
  writeFileSync(at('payload'), bytes ?? '');
  writeFileSync(at('signature'), Buffer.from(layer?.annotations?.[signatureKey] ?? '', 'base64'));
  execFileSync('openssl', ['dgst', '-sha256', '-verify', (key as TestKey).publicFile, '-signature', at('signature'), at('payload')]);
  expect(JSON.parse(String(bytes))).toMatchObject({
    critical: { image: { 'docker-manifest-digest': digest }, identity: { 'docker-reference': `${registry.host}/os/signed:latest` } },
  });
});

test('a pull goes by the policy and says by which rule', async () => {
  expect(await pull(image('signed'), policy(by(other)))).toMatchObject({
    code: 1,
    text: expect.stringMatching(/isn’t trusted[^]*of 1 signature none counts[^]*policy\.json/) as string,
  });
  expect(await pull(image('plain'), policy(by(key)))).toMatchObject({
    code: 1,
    text: expect.stringContaining('it has no signature') as string,
  });
  expect(await pull(image('signed'), policy(by(key), false))).toMatchObject({
    code: 1,
    text: expect.stringContaining('use-sigstore-attachments: true') as string,
  });
  expect(await pull(image('signed'), policy({ default: [{ type: 'reject' }] }))).toMatchObject({
    code: 1,
    text: expect.stringContaining('“reject”') as string,
  });
  expect(await pull(image('signed'), policy({ defautl: [] }))).toMatchObject({
    code: 1,
    text: expect.stringContaining('policy.json:defautl') as string,
  });
  // nothing of them was taken
  expect(execFileSync('ostree', [`--repo=${at('pulled')}`, 'refs', '--list'], { encoding: 'utf8' })).toBe('');
  const taken = await pull(image('signed'), policy(by(key)));
  expect(taken.text).toMatch(
    /^Signed by sha256:[0-9a-f]{64} \(sigstoreSigned, transports\.docker\["127\.0\.0\.1:\d+"\] in .*policy\.json\)$/m,
  );
  expect(taken.code).toBe(0);
  // under its tag, though it was asked for by the digest that was judged
  expect(execFileSync('ostree', [`--repo=${at('pulled')}`, 'refs', '--list', 'ostree/container/image'], { encoding: 'utf8' })).toMatch(
    /signed_3A_latest/,
  );
  const plain = await pull(image('plain'), ['--policy', at('nowhere')]);
  expect(plain).toMatchObject({ code: 0, text: expect.stringContaining(`Nothing was checked: there is no ${at('nowhere')}`) as string });
});

test('what is to be signed needs a rule that asks for it', async () => {
  const anything = policy({ default: [{ type: 'insecureAcceptAnything' }] });
  expect(await pull(image('signed'), anything)).toMatchObject({
    code: 0,
    text: expect.stringContaining('Nothing was checked (insecureAcceptAnything, default in') as string,
  });
  const refused = await pull(`ostree-image-signed:${image('signed')}`, anything);
  expect(refused).toMatchObject({
    code: 1,
    text: expect.stringMatching(/Nothing checks this image[^]*default[^]*insecureAcceptAnything[^]*sigstoreSigned/) as string,
  });
  expect(await pull(`ostree-image-signed:${image('signed')}`, policy(by(key)))).toMatchObject({ code: 0 });
  expect(await pull(`ostree-remote-image:fedora:${image('signed')}`, anything)).toMatchObject({
    code: 1,
    text: expect.stringContaining('“fedora”') as string,
  });
});

test('a preview goes by the policy, too', async () => {
  const diff = (...more: string[]): ReturnType<typeof treeline> =>
    treeline('image', 'diff', image('signed'), `--with=${ref}`, `--repo=${f.repo}`, '--no-tls-verify', ...more);
  const told = await diff(...policy(by(key)), '--format=json');
  const details = JSON.parse(told.stdout) as UpdateDetails;
  expect(details.image?.trust).toMatchObject({ requirement: 'sigstoreSigned', key: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
  expect(details.image?.reference).toBe(image('signed'));
  expect((await diff(...policy(by(key)))).stdout).toMatch(/- Trust: Signed by sha256:/);
  expect((await diff(...policy(by(other)))).stderr).toContain('isn’t trusted');
});

test('a tag that is moved after it was judged brings nothing else', async () => {
  // what is judged is pulled by its digest: another image under the tag isn’t asked for
  const name = 'os/moving';
  const digest = await scene.push(name, 'latest');
  const text = payload(`${registry.host}/${name}:latest`, digest);
  await scene.attach(name, digest, [{ text, signature: signed(key as TestKey, text) }]);
  const places = scene.places(by(key));
  expect((await scene.decide(image('moving'), places)).key).toBeDefined();
  await scene.push(name, 'latest', 'another');
  await expect(scene.decide(image('moving'), places)).rejects.toMatchObject({
    code: 'container.untrusted',
    report: { detail: 'it has no signature' },
  });
});

test('a layout holds no signatures, and a key that can’t be used is told before the work', async () => {
  for (const [target, options, says] of [
    [`oci:${at('layout')}`, signing(), 'oci: holds no signatures'],
    [image('signed'), ['--sign-by-sigstore-private-key', (key as TestKey).privateFile], '--sign-passphrase-file'],
  ] as const) {
    const { status, stderr } = await treeline(
      'compose',
      'container-encapsulate',
      ref,
      target,
      `--repo=${f.repo}`,
      '--no-tls-verify',
      ...options,
    );
    expect(status).toBe(1);
    expect(stderr).toContain(says);
  }
});

test('compose image signs what it pushes, and an unchanged image when it wasn’t signed by this key', async () => {
  const output = `${registry.host}/os/composed:latest`;
  const compose = (...more: string[]): Promise<string> =>
    ok('image', at('tree.yaml'), output, '--format=registry', `--cachedir=${at('cache')}`, '--no-tls-verify', ...more);
  expect(await compose()).not.toContain('Signed by');
  expect(await compose()).toContain('No change');
  expect(await compose(...signing())).toContain('Signed by');
  expect(await compose(...signing())).toContain('No change');
  expect((await scene.decide(`docker://${output}`, scene.places(by(key)))).key).toBeDefined();
});
