// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { mediaTypes, type Descriptor, type Manifest } from '../../main/engine/images/oci.ts';
import type { RegistryImage } from '../../main/engine/images/registry-port.ts';
import type { RegistryClient } from '../../main/engine/images/registry/client.ts';
import { registryFailure as failure } from '../fixtures/registry-client.ts';
import { type OddRegistry, sha256 } from '../fixtures/odd-registry.ts';
import { oddLayer as layer, OddScenery, sceneNow as now } from '../fixtures/odd-scene.ts';

let registry: OddRegistry;
let other: OddRegistry;
let image: RegistryImage;
let digest: string;
let manifest: Manifest;
let blob: Descriptor;
const scenery = new OddScenery((scene) => ({ registry, other, image, digest, manifest, blob } = scene));
const { waits } = scenery;
const at = (name: string): string => scenery.at(name);
const client = (settings?: Parameters<OddScenery['client']>[0]): RegistryClient => scenery.client(settings);

test('a manifest takes one request, its configuration another', async () => {
  const one = client();
  const found = await one.manifest(image);
  expect(found.digest).toBe(digest);
  await one.config(image, found.manifest);
  expect(registry.requests.map((each) => each.line)).toEqual([
    'GET /v2/os/base/manifests/now',
    `GET /v2/os/base/blobs/${manifest.config.digest}`,
  ]);
});

test('after twenty cuts everything is there, and no byte came twice', async () => {
  let cuts = 0;
  registry.cut = () => (cuts++ < 20 ? 1 + ((cuts * 7919) % 50_000) : undefined);
  let came = 0;
  await client().download(image, blob, at('blob'), { onBytes: (count) => (came += count) });
  expect(readFileSync(at('blob')).equals(layer)).toBe(true);
  expect(registry.requests).toHaveLength(21);
  expect({ sent: registry.sentBytes, came }).toEqual({ sent: layer.length, came: layer.length });
  // into memory it goes the same way
  registry.forget();
  cuts = 0;
  registry.cut = () => (cuts++ < 3 ? 100_000 : undefined);
  expect((await client().blob(image, blob, layer.length)).equals(layer)).toBe(true);
  expect(registry.sentBytes).toBe(layer.length);
});

test('a server without Range gives it anew; one that never gives anything is told; what arrived stays', async () => {
  registry.rule = (request, response) => {
    delete request.headers.range;
    if (registry.requests.length > 1) return false;
    response.writeHead(200, { 'content-length': layer.length }).write(layer.subarray(0, 5000), () => response.socket?.end());
    return true;
  };
  await client().download(image, blob, at('blob'));
  expect(readFileSync(at('blob')).equals(layer)).toBe(true);
  expect(registry.requests.map((each) => each.range)).toEqual([undefined, 'bytes=5000-']);

  registry.forget();
  waits.length = 0;
  writeFileSync(at('blob'), layer.subarray(0, 300_000));
  registry.cut = () => 0;
  expect(await failure(client().download(image, blob, at('blob')))).toMatchObject({ code: 'registry.unreachable' });
  expect(registry.requests).toHaveLength(5);
  expect(waits).toEqual([500, 1000, 2000, 4000]);
  expect(statSync(at('blob')).size).toBe(300_000);
});

test('cancelled in the middle: what arrived stays', async () => {
  const cancel = new AbortController();
  registry.rule = (_, response) => {
    response.writeHead(200, { 'content-length': layer.length }).write(layer.subarray(0, 5000));
    return true;
  };
  const running = client().download(image, blob, at('blob'), { signal: cancel.signal, onBytes: () => cancel.abort() });
  expect(await failure(running)).toMatchObject({ code: 'job.cancelled' });
  expect(statSync(at('blob')).size).toBeGreaterThan(0);
});

test('416: shorter than it should be is a lie, else it begins anew', async () => {
  writeFileSync(at('blob'), layer.subarray(0, 300_000));
  registry.rule = ({ headers }, response) => {
    if (headers.range === undefined) return false;
    response.writeHead(416, { 'content-range': `bytes */${layer.length}` }).end();
    return true;
  };
  await client().download(image, blob, at('blob'));
  expect(readFileSync(at('blob')).equals(layer)).toBe(true);
  writeFileSync(at('blob'), layer.subarray(0, 300_000));
  registry.rule = (_, response) => {
    response.writeHead(416, { 'content-range': 'bytes */1000' }).end();
    return true;
  };
  expect(await failure(client().download(image, blob, at('blob')))).toMatchObject({ code: 'registry.garbage' });
  expect(existsSync(at('blob'))).toBe(false);
});

const wrong = Buffer.alloc(layer.length, 1);
const lies: Readonly<Record<string, { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer; readonly says: RegExp }>> =
  {
    'other bytes': { headers: {}, body: wrong, says: /has another digest/ },
    'more than it should be': { headers: {}, body: Buffer.concat([layer, layer]), says: /it gives more than/ },
    'another length': { headers: { 'content-length': '5' }, body: Buffer.alloc(5), says: /has 5 bytes instead of 1000000/ },
    'fewer bytes, without a length': { headers: {}, body: layer.subarray(0, 10), says: /it gives 10 of the 1000000 bytes/ },
    'packed, which wasn’t asked for': {
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync(layer),
      says: /it.?s answer is packed \(gzip\)/i,
    },
  };
test.each(Object.entries(lies))('a blob that is a lie: %s', async (_, { headers, body, says }) => {
  registry.rule = ({ headers: { range } }, response) => {
    if (range !== undefined) response.writeHead(206, { 'content-range': `bytes 10-999999/1000000` }).end();
    else response.writeHead(200, headers).end(body);
    return true;
  };
  const report = await failure(client().download(image, blob, at('blob')));
  expect(report).toMatchObject({ code: 'registry.garbage', subject: `${registry.host}/os/base:now`, facts: { host: registry.host } });
  if (!says.source.includes('gives 10')) expect(report.detail).toMatch(says.source.includes('packed') ? /is packed \(gzip\)/ : says);
});

const manifests: Readonly<Record<string, readonly [Buffer, RegExp, Readonly<Record<string, string>>?]>> = {
  'not JSON': [Buffer.from('<html>\u001b[31m'), /it isn’t JSON/],
  'an image and a list at once': [
    Buffer.from('{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}'),
    /neither a manifest nor a list/,
  ],
  'the old format': [Buffer.from('{"schemaVersion":1,"fsLayers":[]}'), /neither a manifest nor a list/],
  'a digest that leads out': [Buffer.from('{"schemaVersion":2,"layers":[{"digest":"sha256:../x"}]}'), /config|digest/],
  'another digest than it says': [Buffer.from('{}'), /has the digest/, { 'docker-content-digest': `sha256:${'0'.repeat(64)}` }],
  endless: [Buffer.alloc(5 << 20, 32), /larger than 4194304 bytes/],
};
test.each(Object.entries(manifests))('a manifest that is a lie: %s', async (_, [bytes, says, headers]) => {
  registry.rule = (__, response) => {
    response.writeHead(200, { 'content-type': mediaTypes.manifest, ...headers }).end(bytes);
    return true;
  };
  const report = await failure(client().manifest(image));
  expect(report).toMatchObject({ code: 'registry.garbage', facts: { host: registry.host } });
  expect(report.detail).toMatch(says);
  expect(JSON.stringify(report)).not.toMatch(/\\u001b|\u001b/);
  expect(await failure(client().manifest({ ...image, digest: `sha256:${'1'.repeat(64)}` }))).toMatchObject({ code: 'registry.garbage' });
});

test('endless headers, and silence in headers and bodies, end', async () => {
  registry.rule = (_, response) => {
    response.writeHead(200, Object.fromEntries(Array.from({ length: 200 }, (__, i) => [`x-${i}`, 'y'.repeat(500)]))).end('{}');
    return true;
  };
  expect(await failure(client().manifest(image))).toMatchObject({ code: 'registry.garbage' });
  registry.rule = () => true;
  const hasty = { stallMs: 150 };
  expect(await failure(client(hasty).manifest(image))).toMatchObject({ code: 'registry.unreachable', detail: 'it has fallen silent' });
  registry.rule = (_, response) => {
    response.writeHead(200, { 'content-length': layer.length });
    // a byte now and then is silence, too
    const drip = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(drip));
    return true;
  };
  expect(await failure(client({ stallMs: 1000 }).manifest(image))).toMatchObject({ code: 'registry.unreachable' });
});

test('asked to wait: a little is waited for, what is longer is told with its time', async () => {
  const answers = [
    [429, '7'],
    [503, new Date(now + 3000).toUTCString()],
  ] as const;
  registry.rule = (_, response) => {
    const answer = answers[registry.requests.length - 1];
    if (!answer) return false;
    response.writeHead(answer[0], { 'retry-after': answer[1] }).end();
    return true;
  };
  expect((await client().manifest(image)).digest).toBe(digest);
  expect(waits).toEqual([7000, 3000]);
  registry.rule = (_, response) => {
    response.writeHead(429, { 'retry-after': '3600' }).end();
    return true;
  };
  expect(await failure(client().manifest(image))).toMatchObject({
    code: 'registry.rate-limited',
    facts: { host: registry.host, until: '2030-01-01T01:00:00Z' },
  });
  registry.rule = (_, response) => {
    response.writeHead(429, { 'retry-after': '\u00a0soon' }).end();
    return true;
  };
  const report = await failure(client().manifest(image));
  expect(report).toMatchObject({ code: 'registry.rate-limited', facts: { host: registry.host } });
  expect(report.facts).not.toHaveProperty('until');
});

test('referrers by the API, in pages, of one type; tags in pages; lists that go elsewhere or never end', async () => {
  const entry = (name: string, artifactType: string): object => ({
    mediaType: mediaTypes.manifest,
    digest: sha256(Buffer.from(name)),
    size: 1,
    artifactType,
  });
  let next = '';
  const page = (...manifests: object[]): string => JSON.stringify({ schemaVersion: 2, manifests });
  registry.rule = ({ url }, response) => {
    const second = url?.includes('page=2') ?? false;
    const link = second || next === '' ? {} : { link: `<${next}>; rel="next"` };
    if (url?.includes('/referrers/'))
      response
        .writeHead(200, { 'content-type': mediaTypes.index, ...link })
        .end(second ? page(entry('b', 'x/b'), entry('c', 'x/a')) : page(entry('a', 'x/a')));
    else response.writeHead(200, link).end(JSON.stringify({ tags: second ? ['two'] : ['one'] }));
    return true;
  };
  next = `/v2/os/base/referrers/${digest}?page=2`;
  expect((await client().referrers(image, digest)).map((each) => each.artifactType)).toEqual(['x/a', 'x/b', 'x/a']);
  expect(await client().referrers(image, digest, 'x/b')).toHaveLength(1);
  next = '/v2/os/base/tags/list?page=2';
  expect(await client().tags(image)).toEqual(['one', 'two']);
  next = `http://${other.host}/v2/os/base/tags/list?page=2`;
  expect(await failure(client().tags(image))).toMatchObject({ code: 'registry.garbage' });
  next = '/v2/os/base/tags/list?last=x';
  expect(await failure(client().tags(image))).toMatchObject({ code: 'registry.garbage', detail: 'its list doesn’t end' });
  expect(other.requests).toEqual([]);
  // something that answers everything hasn’t got the API
  registry.rule = ({ url }, response) => {
    if (!url?.includes('/referrers/')) return false;
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    return true;
  };
  expect(await client().referrers(image, digest)).toEqual([]);
  registry.rule = (_, response) => {
    response.writeHead(403).end();
    return true;
  };
  expect(await failure(client().referrers(image, digest))).toMatchObject({ code: 'registry.refused' });
});

test('a registry with referrers gets no tag for them', async () => {
  registry.rule = ({ method }, response) => {
    if (method !== 'PUT') return false;
    response.writeHead(201, { 'oci-subject': digest }).end();
    return true;
  };
  const text = JSON.stringify({ ...manifest, artifactType: 'x/y', subject: { mediaType: mediaTypes.manifest, digest, size: 1 } });
  await client().putManifest({ host: image.host, name: image.name }, Buffer.from(text), mediaTypes.manifest);
  expect(registry.requests.map((each) => each.line)).toEqual([`PUT /v2/os/base/manifests/${sha256(Buffer.from(text))}`]);
});
