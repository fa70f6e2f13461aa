// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mediaTypes, OciDirectory, type Manifest } from '../../main/engine/images/oci.ts';
import type { RegistryImage } from '../../main/engine/images/registry-port.ts';
import { RegistryClient } from '../../main/engine/images/registry/client.ts';
import { CuttingProxy, makeCertificates, RealRegistry, type Certificates } from '../fixtures/registry.ts';
import { noPlaces, registryFailure as failure } from '../fixtures/registry-client.ts';
import { sh } from './publish-fixture.ts';

let work: string;
const at = (...parts: string[]): string => path.join(work, ...parts);
const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const layer = gzipSync(randomBytes(300_000));
const empty = Buffer.from('{}');
const configText = Buffer.from(
  JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: { Labels: { version: '5.1' } },
    rootfs: { type: 'layers', diff_ids: [`sha256:${'1'.repeat(64)}`] },
  }),
);
const manifest: Manifest = {
  schemaVersion: 2,
  mediaType: mediaTypes.manifest,
  config: { mediaType: mediaTypes.config, digest: sha256(configText), size: configText.length },
  layers: [{ mediaType: mediaTypes.gzip, digest: sha256(layer), size: layer.length }],
};
const clients: RegistryClient[] = [];
const client = (...settings: ConstructorParameters<typeof RegistryClient>): RegistryClient => {
  const made = new RegistryClient({ places: noPlaces, env: {}, architecture: 'amd64', delay: () => Promise.resolve(), ...settings[0] });
  clients.push(made);
  return made;
};

async function push(to: RegistryClient, image: RegistryImage, text: Manifest = manifest): Promise<string> {
  await to.putBlob(image, configText);
  await to.putBlob(image, layer);
  return to.putManifest(image, Buffer.from(JSON.stringify(text)), mediaTypes.manifest);
}

beforeAll(() => {
  work = mkdtempSync(path.join(tmpdir(), 'treeline-registry-'));
});
afterAll(async () => {
  await Promise.all(clients.map((each) => each.close()));
  rmSync(work, { recursive: true });
});

describe('a registry that lets everybody in, without TLS', () => {
  let registry: RealRegistry;
  let image: RegistryImage;
  beforeAll(async () => {
    registry = await RealRegistry.start(at('open'));
    image = { host: registry.host, name: 'os/base', tag: 'now' };
  });
  afterAll(() => registry.stop());

  test('what is pushed skopeo sees, and it comes back', async () => {
    const one = client({ insecure: true });
    const digest = await push(one, image);
    expect(digest).toBe(sha256(Buffer.from(JSON.stringify(manifest))));
    // nothing to do twice
    expect(await push(one, image)).toBe(digest);
    const seen = JSON.parse(sh('skopeo', ['inspect', '--tls-verify=false', `docker://${registry.host}/os/base:now`])) as object;
    expect(seen).toMatchObject({ Digest: digest, Labels: { version: '5.1' }, Layers: [sha256(layer)] });
    const found = await one.manifest(image);
    expect(found).toMatchObject({ digest, manifest });
    expect((await one.config(image, found.manifest)).config?.Labels).toEqual({ version: '5.1' });
    let came = 0;
    await one.download(image, found.manifest.layers[0]!, at('layer'), { onBytes: (count) => (came += count) });
    expect(readFileSync(at('layer')).equals(layer)).toBe(true);
    expect(came).toBe(layer.length);
    expect((await one.blob(image, found.manifest.layers[0]!, layer.length)).equals(layer)).toBe(true);
    expect(await failure(one.blob(image, found.manifest.layers[0]!, layer.length - 1))).toMatchObject({ code: 'registry.garbage' });
    // by digest, whatever the tag
    expect((await one.manifest({ ...image, tag: 'gone', digest })).digest).toBe(digest);
  });

  test('a part that is there is gone on with; one that doesn’t fit is begun anew', async () => {
    const one = client({ insecure: true });
    await push(one, image);
    const blob = manifest.layers[0]!;
    for (const [had, comes] of [
      [layer.subarray(0, 1000), layer.length - 1000],
      [layer, 0],
      // from elsewhere, of this size, shorter and longer
      [Buffer.alloc(layer.length), layer.length],
      [Buffer.alloc(1000), 2 * layer.length - 1000],
      [Buffer.alloc(layer.length + 1), layer.length],
    ] as const) {
      writeFileSync(at('part'), had);
      let came = 0;
      await one.download(image, blob, at('part'), { onBytes: (count) => (came += count) });
      expect(readFileSync(at('part')).equals(layer)).toBe(true);
      expect(came).toBe(comes);
    }
  });

  test('after twenty cuts everything is there, and nothing came twice', async () => {
    await push(client({ insecure: true }), image);
    // of which some are lost while it is found out that this registry speaks no TLS
    const proxy = await new CuttingProxy(registry.host, 20, 10_000).start();
    try {
      await client({ insecure: true }).download({ ...image, host: proxy.host }, manifest.layers[0]!, at('cut'));
      expect(readFileSync(at('cut')).equals(layer)).toBe(true);
      expect(proxy.connections).toBeGreaterThanOrEqual(20);
      // heads take some hundred bytes each
      expect(proxy.bytes - layer.length).toBeLessThan(proxy.connections * 1000);
    } finally {
      await proxy.stop();
    }
  });

  test('images of skopeo, in Docker’s format too; of a list the one for this architecture', async () => {
    const one = client({ insecure: true });
    const directory = OciDirectory.create(at('oci'));
    directory.writeBlob(configText);
    directory.writeBlob(layer);
    directory.setManifest(manifest, 'x');
    const docker = { ...image, name: 'os/docker' };
    sh('skopeo', ['copy', '--dest-tls-verify=false', '--format=v2s2', `oci:${at('oci')}:x`, `docker://${registry.host}/os/docker:now`]);
    const found = await one.manifest(docker);
    expect(found.manifest.mediaType).toBe(mediaTypes.dockerManifest);
    expect((await one.config(docker, found.manifest)).config?.Labels).toEqual({ version: '5.1' });
    const entry = (architecture: string, digest: string, size: number): object => ({
      mediaType: mediaTypes.manifest,
      digest,
      size,
      platform: { os: 'linux', architecture },
    });
    const bytes = Buffer.from(JSON.stringify(manifest));
    const arm = Buffer.from(JSON.stringify({ ...manifest, annotations: { for: 'arm64' } }));
    await push(one, image);
    await one.putManifest({ host: image.host, name: image.name }, arm, mediaTypes.manifest);
    const manifests = [entry('arm64', sha256(arm), arm.length), entry('amd64', sha256(bytes), bytes.length)];
    const list = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }));
    await one.putManifest({ ...image, tag: 'list' }, list, mediaTypes.index);
    expect((await one.manifest({ ...image, tag: 'list' })).digest).toBe(sha256(bytes));
    const other = client({ insecure: true, architecture: 'arm64' });
    expect((await other.manifest({ ...image, tag: 'list' })).manifest.annotations).toEqual({ for: 'arm64' });
    const none = client({ insecure: true, architecture: 's390x' });
    expect(await failure(none.manifest({ ...image, tag: 'list' }))).toMatchObject({
      code: 'registry.not-found',
      detail: 'it has no image for linux/s390x, only for linux/arm64, linux/amd64',
    });
  });

  test('what isn’t there is said, with host and image', async () => {
    const one = client({ insecure: true });
    await push(one, image);
    expect(await failure(one.manifest({ ...image, tag: 'none' }))).toMatchObject({
      code: 'registry.not-found',
      subject: `${registry.host}/os/base:none`,
      detail: 'it answered 404 (MANIFEST_UNKNOWN)',
      facts: { host: registry.host },
    });
    expect(await failure(one.tags({ ...image, name: 'os/none' }))).toMatchObject({ code: 'registry.not-found' });
    const nothing = { ...manifest.layers[0]!, digest: `sha256:${'0'.repeat(64)}` };
    expect(await failure(one.download(image, nothing, at('none')))).toMatchObject({ code: 'registry.not-found' });
    expect(existsSync(at('none'))).toBe(false);
    // TLS is asked for unless somebody says otherwise
    expect(await failure(client().manifest(image))).toMatchObject({ code: 'registry.unreachable', facts: { host: registry.host } });
    expect(await failure(client({ insecure: true }).manifest({ ...image, host: '127.0.0.1:1' }))).toMatchObject({
      code: 'registry.unreachable',
    });
  });

  test('who refers to a manifest is entered into a tag, where the registry has no referrers; all tags come', async () => {
    const one = client({ insecure: true });
    const digest = await push(one, { ...image, name: 'os/referred' });
    const referred = { host: registry.host, name: 'os/referred' };
    expect(await one.referrers(referred, digest)).toEqual([]);
    await one.putBlob(referred, empty);
    const refer = (artifactType: string): Promise<string> =>
      one.putManifest(
        referred,
        Buffer.from(
          JSON.stringify({
            schemaVersion: 2,
            mediaType: mediaTypes.manifest,
            artifactType,
            config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: sha256(empty), size: 2 },
            layers: [{ mediaType: 'application/json', digest: sha256(empty), size: 2 }],
            subject: { mediaType: mediaTypes.manifest, digest, size: 1 },
            annotations: { of: artifactType },
          }),
        ),
        mediaTypes.manifest,
      );
    const first = await refer('application/x-one');
    const second = await refer('application/x-two');
    await refer('application/x-two');
    expect((await one.referrers(referred, digest)).map((each) => each.digest)).toEqual([first, second]);
    expect(await one.referrers(referred, digest, 'application/x-two')).toMatchObject([
      { digest: second, annotations: { of: 'application/x-two' } },
    ]);
    const tag = digest.replace(':', '-');
    const raw = sh('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${registry.host}/os/referred:${tag}`]);
    expect((JSON.parse(raw) as { manifests: object[] }).manifests).toHaveLength(2);
    await push(one, { ...image, name: 'os/referred', tag: 'z1' });
    expect([...(await one.tags(referred))].sort()).toEqual(['now', tag, 'z1'].sort());
  });

  test('registries.conf: another location, mirrors, blocks, HTTP for one registry alone', async () => {
    await push(client({ insecure: true }), image);
    const conf = at('registries.conf');
    writeFileSync(
      conf,
      `[[registry]]
prefix = "moved.test/a"
location = "${registry.host}/os"
insecure = true
[[registry]]
location = "mirrored.test"
[[registry.mirror]]
location = "127.0.0.1:1/nobody"
[[registry.mirror]]
location = "${registry.host}/os"
insecure = true
[[registry]]
location = "bad.test"
blocked = true
`,
    );
    const one = client({ places: { ...noPlaces, registriesConf: [conf] } });
    const found = await one.manifest({ host: 'moved.test', name: 'a/base', tag: 'now' });
    expect(found.digest).toBe(sha256(Buffer.from(JSON.stringify(manifest))));
    const mirrored = { host: 'mirrored.test', name: 'base', tag: 'now' };
    // skopeo understands the file in the same way
    for (const name of ['moved.test/a/base:now', 'mirrored.test/base:now'])
      expect(JSON.parse(sh('skopeo', [`--registries-conf=${conf}`, 'inspect', '--no-tags', `docker://${name}`]))).toMatchObject({
        Digest: found.digest,
      });
    expect((await one.manifest(mirrored)).digest).toBe(found.digest);
    await one.download(mirrored, manifest.layers[0]!, at('mirrored'));
    expect(await failure(one.manifest({ host: 'bad.test', name: 'x' }))).toMatchObject({
      code: 'registry.blocked',
      subject: 'bad.test/x',
      file: conf,
    });
    expect(await failure(one.putBlob({ host: 'bad.test', name: 'x' }, empty))).toMatchObject({ code: 'registry.blocked' });
    const gone = await failure(one.manifest({ host: 'mirrored.test', name: 'none', tag: 'now' }));
    expect(gone.detail).toContain(`${registry.host} (registry.not-found)`);
  });
});

describe('a registry that wants a login', () => {
  let registry: RealRegistry;
  let image: RegistryImage;
  beforeAll(async () => {
    registry = await RealRegistry.start(at('closed'), { login: true });
    image = { host: registry.host, name: 'os/base', tag: 'now' };
  });
  afterAll(() => registry.stop());

  const withAuth = (value: unknown): RegistryClient => {
    writeFileSync(at('auth.json'), JSON.stringify(value));
    return client({ insecure: true, places: { ...noPlaces, authFiles: [at('nothing.json'), at('auth.json')] } });
  };
  const auth = (login: string): { auth: string } => ({ auth: Buffer.from(login).toString('base64') });

  test('the login of skopeo is taken', async () => {
    sh('skopeo', ['login', '--tls-verify=false', '-u', 'user', '-p', 'secret', `--authfile=${at('skopeo.json')}`, registry.host]);
    const one = client({ insecure: true, places: { ...noPlaces, authFiles: [at('skopeo.json')] } });
    const digest = await push(one, image);
    expect((await one.manifest(image)).digest).toBe(digest);
    const seen = sh('skopeo', [
      'inspect',
      '--tls-verify=false',
      `--authfile=${at('skopeo.json')}`,
      `docker://${registry.host}/os/base:now`,
    ]);
    expect(JSON.parse(seen)).toMatchObject({ Digest: digest });
    // of the namespace, before that of the host
    const other = withAuth({ auths: { [registry.host]: auth('user:wrong'), [`${registry.host}/os`]: auth('user:secret') } });
    expect((await other.manifest(image)).digest).toBe(digest);
  });

  test('none, a wrong one and one that a program keeps are refused, and no word of it is in the error', async () => {
    for (const [value, says] of [
      [{}, 'it wants a login, and there is none'],
      [{ auths: { [registry.host]: auth('user:hunter2') } }, 'the login isn’t good enough'],
      [{ credHelpers: { [registry.host]: 'secretservice' } }, `the credential helper “secretservice” of ${at('auth.json')} isn’t asked`],
    ] as const) {
      const report = await failure(withAuth(value).manifest(image));
      expect(report).toMatchObject({ code: 'registry.refused', subject: `${registry.host}/os/base:now`, facts: { host: registry.host } });
      expect(report.detail).toContain(says);
      expect(JSON.stringify(report)).not.toMatch(/hunter2|aHVudGVy|dXNlcj/);
    }
  });
});

describe('a registry with TLS', () => {
  let certificates: Certificates;
  let registry: RealRegistry;
  let image: RegistryImage;
  beforeAll(async () => {
    certificates = makeCertificates(at('certificates'));
    const { certificate, key, ca } = certificates;
    registry = await RealRegistry.start(at('tls'), { tls: { certificate, key, clientCa: ca } });
    image = { host: registry.host, name: 'os/base', tag: 'now' };
  });
  afterAll(() => registry.stop());

  test('its CA and our certificate come from certs.d; without them it isn’t trusted, or refuses', async () => {
    const directory = at('certs.d', registry.host);
    mkdirSync(directory, { recursive: true });
    const one = (): RegistryClient => client({ places: { ...noPlaces, certDirectories: [at('none'), at('certs.d')] } });
    expect(await failure(one().manifest(image))).toMatchObject({ code: 'registry.untrusted', facts: { host: registry.host } });
    writeFileSync(path.join(directory, 'ca.crt'), readFileSync(certificates.ca));
    expect((await failure(one().manifest(image))).code).toMatch(/^registry\.(untrusted|unreachable)$/);
    writeFileSync(path.join(directory, 'me.cert'), readFileSync(certificates.clientCertificate));
    expect(await failure(one().manifest(image))).toMatchObject({ code: 'file.unreadable', subject: path.join(directory, 'me.key') });
    writeFileSync(path.join(directory, 'me.key'), readFileSync(certificates.clientKey));
    const digest = await push(one(), image);
    expect((await one().manifest(image)).digest).toBe(digest);
    const seen = sh('skopeo', ['inspect', `--cert-dir=${directory}`, `docker://${registry.host}/os/base:now`]);
    expect(JSON.parse(seen)).toMatchObject({ Digest: digest });
  });
});
