// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { mediaTypes, type Descriptor, type Manifest } from '../../main/engine/images/oci.ts';
import type { RegistryImage } from '../../main/engine/images/registry-port.ts';
import type { RegistryClient } from '../../main/engine/images/registry/client.ts';
import { noPlaces, registryFailure as failure } from '../fixtures/registry-client.ts';
import { OddRegistry, sha256 } from '../fixtures/odd-registry.ts';
import { oddLayer as layer, OddScenery } from '../fixtures/odd-scene.ts';
import { makeCertificates } from '../fixtures/registry.ts';

let registry: OddRegistry;
let other: OddRegistry;
let image: RegistryImage;
let digest: string;
let manifest: Manifest;
let blob: Descriptor;
const scenery = new OddScenery((scene) => ({ registry, other, image, digest, manifest, blob } = scene));
const at = (name: string): string => scenery.at(name);
const client = (settings?: Parameters<OddScenery['client']>[0]): RegistryClient => scenery.client(settings);

const loggedIn = (): Parameters<typeof client>[0] => {
  const auth = { auth: Buffer.from('user:hunter2').toString('base64') };
  writeFileSync(at('auth.json'), JSON.stringify({ auths: { [registry.host]: auth } }));
  return { places: { ...noPlaces, authFiles: [at('auth.json')] } };
};

test('a token for each kind of access, asked for once; redirected blobs come without the login', async () => {
  other.addBlob(layer);
  other.rule = (request, response) => {
    if (!request.url?.startsWith('/token')) return false;
    response.end(JSON.stringify({ token: 'abc' }));
    return true;
  };
  registry.rule = ({ headers, url }, response) => {
    if (headers.authorization !== 'Bearer abc') {
      const challenge = `Basic realm="x", Bearer realm="http://${other.host}/token?a=b",service="a, \\"b\\"",scope="x"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
    } else if (url?.includes('/blobs/')) {
      response.writeHead(307, { location: `http://${other.host}${url}` }).end();
    } else return false;
    return true;
  };
  const one = client(loggedIn());
  await one.manifest(image);
  await one.download(image, blob, at('blob'));
  expect(other.requests.map((each) => each.authorization)).toEqual([expect.stringMatching(/^Basic /), undefined]);
  const asked = new URL(other.requests[0]!.line.slice(4), 'http://x').searchParams;
  expect(Object.fromEntries(asked)).toEqual({ a: 'b', service: 'a, "b"', scope: 'repository:os/base:pull' });
  expect(registry.requests.map((each) => each.authorization)).toEqual([undefined, 'Bearer abc', 'Bearer abc']);
});

test('an identity token is exchanged; a token server that lies or refuses is told, without the login', async () => {
  writeFileSync(at('auth.json'), JSON.stringify({ auths: { [registry.host]: { identitytoken: 'hunter2' } } }));
  const settings = { places: { ...noPlaces, authFiles: [at('auth.json')] } };
  registry.rule = ({ headers }, response) => {
    if (headers.authorization === 'Bearer xyz') return false;
    response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${other.host}/token"` }).end();
    return true;
  };
  const token = (status: number, body: string): void => {
    other.rule = (_, response) => {
      response.writeHead(status).end(body);
      return true;
    };
  };
  token(200, '{"access_token":"xyz"}');
  expect((await client(settings).manifest(image)).digest).toBe(digest);
  expect(other.requests[0]?.line).toBe('POST /token');
  for (const [status, body, code] of [
    [200, `{"token":"${'x'.repeat(2 << 20)}"}`, 'registry.garbage'],
    [200, '{"token":"a\\r\\nb: c"}', 'registry.garbage'],
    [200, 'hunter2', 'registry.garbage'],
    [401, '{"errors":[{"code":"HUNTER","message":"hunter2"}]}', 'registry.refused'],
    [500, 'hunter2', 'registry.unreachable'],
  ] as const) {
    token(status, body);
    const report = await failure(client(settings).manifest(image));
    expect(report.code).toBe(code);
    expect(JSON.stringify(report)).not.toContain('hunter2');
  }
});

test.each([
  ['file:///etc/passwd', /no address in the web/],
  ['ftp://127.0.0.1/x', /no address in the web/],
  ['http://', /no address in the web/],
  ['http://user:hunter2@127.0.0.1/', /with a login in it/],
  ['/v2/os/base/manifests/now', /in a circle/],
])('a redirect to %s isn’t followed', async (location, says) => {
  registry.rule = (_, response) => {
    response.writeHead(302, { location }).end();
    return true;
  };
  const report = await failure(client().manifest(image));
  expect(report).toMatchObject({ code: 'registry.garbage', detail: expect.stringMatching(says) as string });
  expect(JSON.stringify(report)).not.toContain('hunter2');
});

test('who pushes is sent elsewhere without the login', async () => {
  registry.rule = ({ headers, method }, response) => {
    if (headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    else if (method === 'HEAD') response.writeHead(404).end();
    else response.writeHead(202, { location: `http://${other.host}/upload?state=1` }).end();
    return true;
  };
  other.rule = (request, response) => {
    request.resume().on('end', () => response.writeHead(201).end());
    return true;
  };
  const bytes = Buffer.from('hello');
  await client(loggedIn()).putBlob(image, bytes);
  expect(other.requests).toEqual([
    { line: `PUT /upload?state=1&digest=${encodeURIComponent(sha256(bytes))}`, authorization: undefined, range: undefined },
  ]);
});

test('through a proxy, and not where no_proxy says so; one that refuses is told', async () => {
  const away = { ...image, host: 'registry.test:5000' };
  writeFileSync(at('conf'), `[[registry]]\nlocation = "registry.test:5000"\ninsecure = true\n`);
  const settings = (env: Record<string, string>): Parameters<typeof client>[0] => ({
    env,
    insecure: false,
    places: { ...noPlaces, registriesConf: [at('conf')] },
  });
  const env = { http_proxy: `http://me:hunter2@${registry.host}`, https_proxy: `http://me:hunter2@${registry.host}` };
  expect((await client(settings(env)).manifest(away)).digest).toBe(digest);
  expect(registry.requests[0]).toMatchObject({
    line: 'CONNECT registry.test:5000',
    authorization: expect.stringMatching(/^Basic /) as string,
  });
  const direct = await failure(client(settings({ ...env, no_proxy: '.test' })).manifest(away));
  expect(direct.code).toBe('registry.unreachable');
  const dead = await failure(
    client(settings({ https_proxy: 'http://me:hunter2@127.0.0.1:1', http_proxy: 'http://me:hunter2@127.0.0.1:1' })).manifest(away),
  );
  expect(dead.code).toBe('registry.unreachable');
  expect(JSON.stringify(dead)).not.toContain('hunter2');
});

test('who speaks TLS doesn’t lead to where nobody does, nor to whom nobody knows', async () => {
  const { ca, certificate, key } = makeCertificates(at('certificates'));
  const pair = { cert: readFileSync(certificate), key: readFileSync(key) };
  const [secure, unknown] = await Promise.all([new OddRegistry(pair).start(), new OddRegistry(pair).start()]);
  try {
    const directory = path.join(at('certs.d'), secure.host);
    mkdirSync(directory, { recursive: true });
    writeFileSync(path.join(directory, 'ca.crt'), readFileSync(ca));
    const auth = { auth: Buffer.from('user:hunter2').toString('base64') };
    writeFileSync(at('auth.json'), JSON.stringify({ auths: { [secure.host]: auth } }));
    const one = (): RegistryClient =>
      client({ insecure: false, places: { ...noPlaces, certDirectories: [at('certs.d')], authFiles: [at('auth.json')] } });
    const there = { ...image, host: secure.host };
    const answer = (status: number, headers: Readonly<Record<string, string>>): void => {
      secure.rule = ({ method }, response) => {
        response.writeHead(method === 'HEAD' ? 404 : status, headers).end();
        return true;
      };
    };
    secure.addManifest(manifest, mediaTypes.manifest, 'now');
    expect((await one().manifest(there)).digest).toBe(digest);
    answer(307, { location: `http://${other.host}/x` });
    const plain = { code: 'registry.garbage', detail: `it leads to ${other.host} without TLS` };
    expect(await failure(one().manifest(there))).toMatchObject(plain);
    answer(401, { 'www-authenticate': `Bearer realm="http://${other.host}/token"` });
    expect(await failure(one().manifest(there))).toMatchObject(plain);
    answer(202, { location: `http://${other.host}/upload` });
    expect(await failure(one().putBlob(there, layer))).toMatchObject(plain);
    answer(307, { location: `https://${unknown.host}/x` });
    expect(await failure(one().manifest(there))).toMatchObject({ code: 'registry.untrusted' });
    expect([...other.requests, ...unknown.requests]).toEqual([]);
    // nor is a registry without TLS asked without it
    expect(await failure(client({ insecure: false }).manifest(image))).toMatchObject({ detail: 'it doesn’t speak TLS' });
    expect(registry.requests).toEqual([]);
  } finally {
    await Promise.all([secure.stop(), unknown.stop()]);
  }
});
