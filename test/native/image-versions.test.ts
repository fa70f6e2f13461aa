// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mediaTypes } from '../../main/engine/images/oci.ts';
import { RegistryClient } from '../../main/engine/images/registry/client.ts';
import { publishedVersions } from '../../main/engine/images/jobs/versions.ts';
import { RealRegistry } from '../fixtures/registry.ts';
import { noPlaces } from '../fixtures/registry-client.ts';
import { treeline } from './compose-fixture.ts';

let work: string;
let registry: RealRegistry;
let client: RegistryClient;
const digests = new Map<string, string>();

async function push(tags: readonly string[], version: string, created: string | undefined, architecture = 'amd64'): Promise<void> {
  const image = { host: registry.host, name: 'os/desktop' };
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      ...(created === undefined ? {} : { created }),
      config: { Labels: { 'org.opencontainers.image.version': version, 'org.opencontainers.image.revision': 'abc' } },
      rootfs: { type: 'layers', diff_ids: [] },
    }),
  );
  const layer = { mediaType: mediaTypes.config, ...(await client.putBlob(image, config)) };
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.manifest, config: layer, layers: [] }));
  for (const tag of tags) digests.set(version, await client.putManifest({ ...image, tag }, manifest, mediaTypes.manifest));
}

beforeAll(async () => {
  work = mkdtempSync(path.join(tmpdir(), 'treeline-versions-'));
  registry = await RealRegistry.start(path.join(work, 'registry'));
  client = new RegistryClient({ places: noPlaces, env: {}, architecture: 'amd64', insecure: true });
  await push(['43.20251101', 'stable-20251101'], '43.20251101', '2025-11-01T04:00:00Z');
  await push(['43.20251201', 'stable', '43'], '43.20251201', '2025-12-01T04:00:00Z');
  await push(['42.9'], '42.9', undefined);
  // what cosign and referrers' lists are called
  await push([`sha256-${'a'.repeat(64)}.sig`, `sha256-${'b'.repeat(64)}`], 'beside', '2030-01-01T00:00:00Z');
  const image = { host: registry.host, name: 'os/desktop', tag: 'other-machine' };
  const arm = { mediaType: mediaTypes.manifest, digest: digests.get('42.9'), size: 1, platform: { os: 'linux', architecture: 'arm64' } };
  await client.putManifest(
    image,
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [arm] })),
    mediaTypes.index,
  );
});
afterAll(async () => {
  await client.close();
  await registry.stop();
  rmSync(work, { recursive: true });
});

test('the newest first, under all their names; a tag that can’t be used is told', async () => {
  const { versions, more, unreadable } = await publishedVersions(client, { host: registry.host, name: 'os/desktop' }, { limit: 30 });
  expect(versions).toEqual([
    {
      tags: ['43.20251201', 'stable', '43'],
      digest: digests.get('43.20251201'),
      version: '43.20251201',
      createdSeconds: 1764561600,
      revision: 'abc',
    },
    {
      tags: ['stable-20251101', '43.20251101'],
      digest: digests.get('43.20251101'),
      version: '43.20251101',
      createdSeconds: 1761969600,
      revision: 'abc',
    },
    { tags: ['42.9'], digest: digests.get('42.9'), version: '42.9', revision: 'abc' },
  ]);
  expect(more).toBe(0);
  expect(unreadable).toMatchObject([{ tag: 'other-machine', error: { code: 'registry.not-found' } }]);
});

test('the command tells what it didn’t look at', async () => {
  const args = ['image', 'versions', `${registry.host}/os/desktop`, '--no-tls-verify'];
  const all = await treeline(...args, '--match=43*');
  expect(all.stdout.split('\n')[0]).toMatch(/^ {3}2025-12-01T04:00.* 43\.20251201, 43 {2}sha256:[0-9a-f]{12}$/);
  const some = await treeline(...args, '--match=*2025*', '--limit=1');
  expect(some.stdout).toMatch(/43\.20251201.*\n2 further tags weren’t looked at \(--limit, --match\)\n$/s);
  const none = await treeline(...args, '--match=9*');
  expect(none.stdout).toContain('os/desktop has no tag of that kind');
});

test('a registry that is away is one error, not one for each tag', async () => {
  await expect(publishedVersions(client, { host: 'localhost:1', name: 'os/desktop' }, { limit: 5 })).rejects.toMatchObject({
    code: 'registry.unreachable',
  });
});
