// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseManifest, type ImageConfig, type Manifest } from '../../../main/engine/images/oci.ts';
import { manifestLimitBytes } from '../../../main/engine/images/registry-port.ts';
import { imageFacts, previewImage } from '../../../main/engine/images/preview/index.ts';
import { image, makeImage, MemoryRegistry, reference, sha } from './synthetic.ts';

const fixture = (name: string): Buffer => readFileSync(path.resolve(import.meta.dirname, '../../fixtures/images', name));
const manifest = parseManifest(fixture('fcos-manifest.json'), 'fcos');
const config: ImageConfig = JSON.parse(fixture('fcos-config.json').toString('utf8'));
const digest = sha(fixture('fcos-manifest.json'));

test('a real Fedora CoreOS image names 40 of its 66 layers by NEVRA', () => {
  const facts = imageFacts({ digest, manifest }, config);
  expect(facts).toMatchObject({
    version: '43.20251024.3.0',
    title: 'Fedora CoreOS stable',
    revision: 'b931e35fa954903d18b7d41ab6ba2ed4b22cbe9d',
    sourceUrl: 'https://github.com/coreos/fedora-coreos-config',
    commit: '874d769fabfc867687ec4e87df0f591095f28f0593ec654724d67a3897ad7293',
    kernel: '6.17.1-300.fc43.x86_64',
    createdSeconds: Math.floor(Date.parse('2025-11-11T05:05:57Z') / 1000),
  });
  expect(facts.layers).toHaveLength(66);
  const named = facts.layers.filter(({ exact }) => exact.length > 0);
  expect(named).toHaveLength(40);
  expect(named.filter(({ exact }) => exact.length === 1)).toHaveLength(36);
  expect(named.flatMap(({ exact }) => exact)).toHaveLength(48);
  expect(named.every(({ complete, from }) => complete && from === 'history')).toBe(true);
  expect(facts.layers[7]?.exact).toEqual([{ name: 'podman', epoch: 5, version: '5.6.2', release: '1.fc43', arch: 'x86_64' }]);
  expect(facts.layers.flatMap(({ parts }) => parts)).toEqual(['initramfs (kernel 6.17.1-300.fc43.x86_64)', 'rpmostree-unpackaged-content']);
  // the commit's own layer, and the empty one that the build put on top
  expect([facts.layers[0], facts.layers[65]].map((layer) => [layer?.complete, layer?.names])).toEqual([
    [true, []],
    [true, []],
  ]);
  // groups of which only a number is told, and the place for packages to come
  expect(facts.layers.filter(({ complete }) => !complete)).toHaveLength(66 - 40 - 1 - 1 - 1);
  // as it is stored, its layers aren't compressed: what they take in a registry isn't known
  expect(facts.layers.some(({ sizeBytes }) => sizeBytes !== undefined)).toBe(false);
});

test('an image of ostree-ext tells sizes and no names', () => {
  const real = parseManifest(fixture('ostree-ext-manifest1.json'), 'ostree-ext');
  const own: ImageConfig = {
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: real.layers.map(({ digest: d }) => d) },
  };
  const facts = imageFacts({ digest, manifest: real }, own);
  expect(facts.layers).toHaveLength(51);
  expect(facts.layers.every(({ sizeBytes, from }) => sizeBytes !== undefined && from === 'none')).toBe(true);
});

const layerOf = (annotations?: Record<string, string>, text = 'x'): Manifest['layers'][number] => ({
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  digest: sha(text),
  size: 1_000_000,
  ...(annotations ? { annotations } : {}),
});
function factsOf(
  layers: Manifest['layers'],
  history?: ImageConfig['history'],
  labels: Record<string, string> = {},
): ReturnType<typeof imageFacts> {
  return imageFacts(
    { digest, manifest: { schemaVersion: 2, config: layerOf(), layers } },
    {
      architecture: 'a',
      os: 'linux',
      config: { Labels: labels },
      rootfs: { type: 'layers', diff_ids: layers.map((_, i) => sha(String(i))) },
      history,
    },
    'docker://x/y',
  );
}

test.each([
  ['bash-5.2-1.fc43.x86_64', ['bash'], true],
  ['initramfs (kernel 6.1-1.x86_64) and rpmostree-unpackaged-content', [], true],
  ['10 components', [], false],
  ['Reserved for new packages', [], false],
  ['bash, curl, glibc and 12 more', ['bash', 'curl', 'glibc'], false],
  ['bash, curl', ['bash', 'curl'], true],
  ['/bin/sh -c dnf install -y bash-5.2-1.fc43.x86_64', [], false],
  ['RUN rm -rf / and curl', [], false],
  ['Weekly', [], false],
  ['', [], false],
])('history “%s”', (text, names, complete) => {
  const [layer] = factsOf([layerOf()], [{ created_by: text }]).layers;
  expect([layer?.names, layer?.complete]).toEqual([names, complete]);
});

test('chunkah’s annotation names packages and the database’s own layer', () => {
  const facts = factsOf([
    layerOf({ 'org.chunkah.component': 'rpm/kernel rpm/curl' }),
    layerOf({ 'org.chunkah.component': 'bigfiles/rpmdb.sqlite' }, 'db'),
  ]);
  expect(facts.layers.map(({ names }) => names)).toEqual([['kernel', 'curl'], []]);
  expect(facts.rpmdbLayer?.descriptor.digest).toBe(sha('db'));
});

test('history is used only where as many steps aren’t empty as there are layers', () => {
  const steps = [{ created_by: 'bash-1-1.x86_64' }, { created_by: 'LABEL x', empty_layer: true }];
  expect(factsOf([layerOf()], steps).layers[0]?.names).toEqual(['bash']);
  expect(factsOf([layerOf(), layerOf()], steps).layers.map(({ names }) => names)).toEqual([[], []]);
});

test('what contradicts itself is refused, naming the image', () => {
  const found = { digest, manifest: { schemaVersion: 2 as const, config: layerOf(), layers: [layerOf()] } };
  const of = (ids: string[]): ImageConfig => ({ architecture: 'a', os: 'b', rootfs: { type: 'layers', diff_ids: ids } });
  for (const ids of [[], [sha('a'), sha('b')], ['../../etc/passwd'], ['\u001b[31m']])
    expect(() => imageFacts(found, of(ids), 'docker://x/y')).toThrow(
      expect.objectContaining({ code: 'repo.garbage', report: expect.objectContaining({ subject: 'docker://x/y' }) }),
    );
});

test('labels are one line without control characters, and only web addresses are links', () => {
  const facts = factsOf([layerOf()], undefined, {
    'org.opencontainers.image.title': `a\u001b[31m\nb\u202e${'x'.repeat(1000)}`,
    'org.opencontainers.image.source': 'javascript:alert(1)',
    'org.opencontainers.image.created': 'yesterday',
    'ostree.commit': '../x',
  });
  expect(facts.title).toMatch(/^a \[31m bx+$/);
  expect(facts.title?.length).toBeLessThanOrEqual(500);
  expect([facts.sourceUrl, facts.createdSeconds, facts.commit]).toEqual([undefined, undefined, undefined]);
});

test.each([
  ['many names each', 'a'.repeat(5000)],
  ['few names each', 'a'],
])('a manifest as large as they may be, layers with %s, words of every kind', async (_, long) => {
  const words = ['__proto__', 'constructor', '\u001b[2J', long, ' ', '-', '1 2', 'x'];
  const layer = (i: number): Manifest['layers'][number] => layerOf({ 'ostree.components': words.join(',') }, String(i));
  const count = Math.floor(manifestLimitBytes / JSON.stringify(layer(0)).length);
  const layers = Array.from({ length: count }, (_, i) => layer(i));
  const facts = factsOf(layers);
  expect(facts.layers[0]).toMatchObject({ names: expect.arrayContaining(['__proto__', 'constructor']), complete: false });
  const synthetic = makeImage('stripped', { version: '1', packages: [] });
  const found = { ...synthetic.found, manifest: { ...synthetic.found.manifest, layers } };
  const config2: ImageConfig = { ...synthetic.config, rootfs: { type: 'layers', diff_ids: layers.map((_, i) => sha(String(i))) } };
  const { details } = await previewImage(new MemoryRegistry({ ...synthetic, found, config: config2 }), image, undefined, {
    reference,
    nowSeconds: 0,
    freeBytes: 0,
  });
  expect(details.image).toMatchObject({ tier: 'none', layers: { total: count, new: count } });
});
