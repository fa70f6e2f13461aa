// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv, type AnySchemaObject } from 'ajv';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { layerName } from '../../../main/engine/compose/container/layer-names.ts';
import { sbomOf } from '../../../main/engine/compose/container/sbom.ts';
import { updateSize } from '../../../main/engine/compose/container/update-size.ts';
import { pushArtifact, writeArtifact, type Artifact } from '../../../main/engine/images/artifact.ts';
import { mediaTypes, OciDirectory, parseManifest, type Manifest } from '../../../main/engine/images/oci.ts';

let directory: string;
beforeEach(() => (directory = mkdtempSync(path.join(tmpdir(), 'treeline-oci-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const artifact: Artifact = {
  artifactType: 'application/vnd.example.v1',
  mediaType: 'application/vnd.example.v1+text',
  bytes: Buffer.from('told'),
  annotations: { 'org.opencontainers.image.version': '1' },
};

interface Index {
  readonly manifests: readonly { readonly digest: string; readonly artifactType?: string; readonly annotations?: Record<string, string> }[];
}
const indexOf = (oci: OciDirectory): Index => JSON.parse(readFileSync(path.join(oci.path, 'index.json'), 'utf8')) as Index;

function image(oci: OciDirectory, content: string): Manifest {
  const config = oci.writeBlob(
    Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } })),
  );
  const layer = oci.writeBlob(Buffer.from(content));
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, ...config },
    layers: [{ mediaType: mediaTypes.tar, ...layer }],
  };
}
const subjectOf = (oci: OciDirectory, manifest: Manifest) => ({
  mediaType: mediaTypes.manifest,
  ...oci.writeBlob(Buffer.from(JSON.stringify(manifest))),
});
function put(oci: OciDirectory, content: string, tag?: string, text = `about ${content}`): string {
  const manifest = image(oci, content);
  return oci.setManifest(manifest, tag, [writeArtifact(oci, { ...artifact, bytes: Buffer.from(text) }, subjectOf(oci, manifest))]);
}

test('what refers to an image lies beside it as long as the image does', () => {
  const oci = OciDirectory.create(directory);
  const one = put(oci, 'one', 'a');
  const two = put(oci, 'two', 'b');
  expect(indexOf(oci).manifests.map((m) => m.artifactType)).toEqual([undefined, undefined, artifact.artifactType, artifact.artifactType]);
  expect(oci.manifest('a')?.digest).toBe(one);
  expect(oci.manifest()).toBeUndefined();
  const [found, ...more] = oci.referrers(one);
  expect(more).toEqual([]);
  expect(found?.manifest.subject?.digest).toBe(one);
  expect(found?.manifest.config.mediaType).toBe('application/vnd.oci.empty.v1+json');
  expect(oci.readBlob(found!.manifest.layers[0]!.digest).toString()).toBe('about one');
  // the same image again says the same once
  put(oci, 'two', 'b');
  expect(oci.referrers(two)).toHaveLength(1);
  // another image of this tag takes the old one's with it
  const three = put(oci, 'three', 'a');
  expect(oci.referrers(one)).toEqual([]);
  expect(existsSync(oci.blobPath(found!.manifest.layers[0]!.digest))).toBe(false);
  expect(oci.referrers(two)).toHaveLength(1);
  // an image with two tags keeps it when one of them goes on
  oci.setManifest(image(oci, 'three'), 'c');
  put(oci, 'four', 'a');
  expect(oci.referrers(three)).toHaveLength(1);
  expect(indexOf(oci).manifests).toHaveLength(6);
});

test('an image without a tag stays the only entry, and still leads to what refers to it', () => {
  const oci = OciDirectory.create(directory);
  const one = put(oci, 'one');
  expect(indexOf(oci).manifests).toHaveLength(1);
  expect(oci.manifest()?.digest).toBe(one);
  expect(oci.referrers(one)).toHaveLength(1);
  expect(readdirSync(oci.blobs)).toHaveLength(6);
  // removed by a tool that doesn't know them
  const named = oci.referrers(one)[0]!.digest;
  rmSync(oci.blobPath(named));
  expect(oci.referrers(one)).toEqual([]);
  oci.setManifest(image(oci, 'other'), 'tagged');
  expect(existsSync(oci.blobPath(one))).toBe(true);
  const manifest = image(oci, 'two');
  oci.setManifest(manifest, undefined, [], true);
  expect(readdirSync(oci.blobs)).toHaveLength(3);
  // names of nothing in an annotation don't lead out
  writeFileSync(
    path.join(directory, 'index.json'),
    JSON.stringify({
      ...indexOf(oci),
      manifests: indexOf(oci).manifests.map((m) => ({ ...m, annotations: { 'org.treeline.referrers': '../../x sha256:1' } })),
    }),
  );
  expect(oci.referrers(oci.manifest()!.digest)).toEqual([]);
  put(oci, 'one', 'a');
  expect(oci.manifest()).toBeUndefined();
  put(oci, 'three');
  expect(oci.manifest()?.manifest.layers).toHaveLength(1);
});

test('to a registry: blobs first, then the manifest by its digest, which refers to the image', async () => {
  const oci = OciDirectory.create(directory);
  const blobs = new Map<string, Buffer>();
  const manifests: { bytes: Buffer; tag: string | undefined }[] = [];
  const subject = subjectOf(oci, image(oci, 'x'));
  const digest = await pushArtifact(
    {
      putBlob: (_, bytes) => {
        blobs.set(digestOf(bytes), bytes);
        return Promise.resolve({ digest: digestOf(bytes), size: bytes.length });
      },
      putManifest: (to, bytes, mediaType) => {
        expect(mediaType).toBe(mediaTypes.manifest);
        const { config, layers } = parseManifest(bytes, 'it');
        for (const d of [config, ...layers]) expect(blobs.has(d.digest)).toBe(true);
        manifests.push({ bytes, tag: to.tag });
        return Promise.resolve(digestOf(bytes));
      },
    },
    { host: 'h', name: 'os', tag: 'latest' },
    artifact,
    subject,
  );
  expect(manifests.map((m) => m.tag)).toEqual([undefined]);
  expect(digest).toBe(digestOf(manifests[0]!.bytes));
  // the same as in a layout
  expect(writeArtifact(oci, artifact, subject).digest).toBe(digest);
  expect(parseManifest(manifests[0]!.bytes, 'it')).toMatchObject({
    artifactType: artifact.artifactType,
    subject,
    annotations: artifact.annotations,
  });
});

const pkg = (name: string, version = '1', epoch = 0) => ({ name, epoch, version, release: '1.fc43', arch: 'x86_64' });

test('names of layers are short, and exact where they can be', () => {
  const packages = new Map([
    ['bash', [pkg('bash', '5.2', 1)]],
    ['glibc', ['glibc', 'glibc-common', 'glibc-minimal-langpack', 'glibc-gconv-extra'].map((name) => pkg(name))],
  ]);
  expect(layerName(['bash'], packages)).toBe('bash-1:5.2-1.fc43.x86_64');
  expect(layerName(['glibc'], packages)).toBe('glibc-1-1.fc43.x86_64, glibc-common-1-1.fc43.x86_64 and 2 more');
  expect(layerName(['initramfs'], packages)).toBe('initramfs');
  expect(layerName(['bash', 'glibc'], packages)).toBe('bash, glibc');
  const many = Array.from({ length: 500 }, (_, i) => `component-${i}`);
  expect(layerName(many, packages)).toMatch(/^component-0, component-1, .* and \d+ more$/);
  expect(layerName(many, packages).length).toBeLessThanOrEqual(100);
  expect(layerName(['x'.repeat(5000)], packages).length).toBe(200);
  expect(layerName(['x'.repeat(5000), 'y'], packages).length).toBeLessThanOrEqual(200);
});

test('an update’s size is that of the new layers, and the payload the share of what changed; unknown stays unknown', () => {
  const layer = (digest: string, size: number) => ({ mediaType: mediaTypes.gzip, digest, size });
  const of = (...layers: ReturnType<typeof layer>[]): Manifest => ({ schemaVersion: 2, config: layer('c', 1), layers });
  const component = (name: string, sizeBytes: number) => ({ name, sizeBytes, changesPerYear: 0, objects: [] });
  const contents = [
    { sizeBytes: 1000, components: [component('a', 300), component('b', 100)] },
    { sizeBytes: 500, components: [component('c', 50)] },
    { sizeBytes: 10, components: [component('empty', 0)] },
  ];
  const [before, now] = [of(layer('1', 5), layer('2', 900), layer('3', 500)), of(layer('4', 6), layer('5', 1000), layer('3', 500))];
  expect(updateSize(now, before, contents, new Set(['b', 'empty']))).toEqual({ layers: 2, bytes: 1006, payloadBytes: 250 });
  expect(updateSize(now, before, contents, new Set())).toEqual({ layers: 2, bytes: 1006, payloadBytes: 0 });
  expect(updateSize(now, before, contents, undefined)).toEqual({ layers: 2, bytes: 1006 });
});

const input = {
  name: 'os',
  version: '43.1',
  commit: 'a'.repeat(64),
  created: '2025-01-01T00:00:00Z',
  packages: [
    { ...pkg('bash', '5.2'), license: 'GPL-3.0-or-later', sourceRpm: 'bash-5.2-1.fc43.src.rpm' },
    { ...pkg('libstdc++', '1~rc^2', 2), license: 'GPLv3+ and LGPLv2+ with exceptions' },
    pkg('unknown'),
  ],
};

test('CycloneDX: by its schema, packages by their URLs, the same each time', () => {
  const schema = (name: string): AnySchemaObject =>
    JSON.parse(
      readFileSync(
        new URL(`../../../node_modules/@cyclonedx/cyclonedx-library/res/schema/${name}.SNAPSHOT.schema.json`, import.meta.url),
        'utf8',
      ),
    ) as AnySchemaObject;
  const ajv = new Ajv({ strict: false, logger: false, validateFormats: false });
  for (const name of ['jsf-0.82', 'spdx', 'cryptography-defs'])
    ajv.addSchema({ ...schema(name), $id: `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json` });
  const validate = ajv.compile(schema('bom-1.6'));
  const bytes = sbomOf('cyclonedx', input);
  const bom: unknown = JSON.parse(bytes.toString());
  void validate(bom);
  expect(validate.errors).toBeNull();
  void validate({ ...(bom as object), components: [{}] });
  expect(validate.errors).not.toBeNull();
  expect(sbomOf('cyclonedx', input).equals(bytes)).toBe(true);
  expect(bom).toMatchObject({
    metadata: { component: { name: 'os', version: '43.1' }, timestamp: input.created },
    components: [
      { purl: 'pkg:rpm/bash@5.2-1.fc43?arch=x86_64', licenses: [{ license: { name: 'GPL-3.0-or-later' } }] },
      { purl: 'pkg:rpm/libstdc%2B%2B@1~rc%5E2-1.fc43?arch=x86_64&epoch=2', version: '2:1~rc^2-1.fc43' },
      { name: 'unknown' },
    ],
  });
  expect(bytes.toString()).toContain('bash-5.2-1.fc43.src.rpm');
});

test('SPDX: each id is there once, what is referred to exists, declared licences are kept as text', () => {
  const bytes = sbomOf('spdx', input);
  const bom = JSON.parse(bytes.toString()) as {
    spdxVersion: string;
    packages: { SPDXID: string; licenseDeclared: string; externalRefs?: { referenceLocator: string }[] }[];
    hasExtractedLicensingInfos: { licenseId: string; extractedText: string }[];
    relationships: { spdxElementId: string; relatedSpdxElement: string }[];
  };
  expect(bom.spdxVersion).toBe('SPDX-2.3');
  const ids = ['SPDXRef-DOCUMENT', ...bom.packages.map((p) => p.SPDXID)];
  expect(new Set(ids).size).toBe(5);
  expect(ids.every((id) => /^SPDXRef-[A-Za-z0-9.-]+$/.test(id))).toBe(true);
  for (const r of bom.relationships) expect(ids).toEqual(expect.arrayContaining([r.spdxElementId, r.relatedSpdxElement]));
  const texts = new Map(bom.hasExtractedLicensingInfos.map((l) => [l.licenseId, l.extractedText]));
  expect(bom.packages.map((p) => texts.get(p.licenseDeclared) ?? p.licenseDeclared)).toEqual([
    'NOASSERTION',
    'GPL-3.0-or-later',
    'GPLv3+ and LGPLv2+ with exceptions',
    'NOASSERTION',
  ]);
  expect(bom.packages[2]?.externalRefs?.[0]?.referenceLocator).toContain('epoch=2');
  expect(sbomOf('spdx', input).equals(bytes)).toBe(true);
});
