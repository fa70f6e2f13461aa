// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { RegistryAnswer, RegistryCall } from '../../../main/engine/images/registry/calls.ts';
import { CheckedRegistry } from '../../../main/engine/images/registry/checked-registry.ts';
import { sha } from './synthetic.ts';

const image = { host: 'registry.test', name: 'os', tag: 'stable' };
const bytesOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const config = bytesOf({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } });
const descriptor = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha(config), size: config.length };
const manifest = bytesOf({ schemaVersion: 2, config: descriptor, layers: [] });
const other = bytesOf({ schemaVersion: 2, config: descriptor, layers: [], annotations: { a: 'b' } });
const index = bytesOf({ schemaVersion: 2, manifests: [{ mediaType: 'm', digest: sha(manifest), size: manifest.length }] });
const base64 = (bytes: Buffer): string => bytes.toString('base64');

/** Asks one that answers all the same. */
const asked = (answer: RegistryAnswer): CheckedRegistry => new CheckedRegistry(() => Promise.resolve(answer));
const refused = (running: Promise<unknown>): Promise<unknown> =>
  running.then(
    () => 'believed',
    (error: unknown) => TreelineError.report(error).code,
  );

test('a manifest is the one that its digest names, and the one that was asked for by digest', async () => {
  const whole = { digest: sha(manifest), bytes: base64(manifest) };
  expect((await asked(whole).manifest(image)).digest).toBe(sha(manifest));
  const byDigest = { ...image, digest: sha(manifest) };
  expect((await asked(whole).manifest(byDigest)).manifest.layers).toEqual([]);
  // named by a list that leads to it
  const byList = { ...image, digest: sha(index) };
  expect((await asked({ ...whole, index: base64(index) }).manifest(byList)).digest).toBe(sha(manifest));
  const lies: readonly (readonly [RegistryAnswer, { readonly digest?: string }])[] = [
    [{}, {}],
    [{ digest: sha(manifest) }, {}],
    [{ digest: sha(other), bytes: base64(manifest) }, {}],
    [{ digest: sha(other), bytes: base64(other) }, byDigest],
    [whole, byList],
    [{ ...whole, index: base64(manifest) }, byList],
    [{ digest: sha(other), bytes: base64(other), index: base64(index) }, byList],
    [{ digest: sha(manifest), bytes: base64(Buffer.alloc(5 << 20)) }, {}],
  ];
  for (const [answer, wanted] of lies) expect(await refused(asked(answer).manifest({ ...image, ...wanted }))).not.toBe('believed');
});

test('a document is what its digest names, no more than was asked for, and asked for once', async () => {
  const calls: RegistryCall[] = [];
  const registry = new CheckedRegistry((call) => {
    calls.push(call);
    return Promise.resolve({ bytes: base64(config) });
  });
  expect((await registry.config(image, { schemaVersion: 2, config: descriptor, layers: [] })).os).toBe('linux');
  expect(await registry.blob(image, descriptor, 1000)).toEqual(config);
  expect(calls).toHaveLength(1);
  for (const answer of [{}, { bytes: base64(other) }])
    expect(await refused(asked(answer).blob(image, descriptor, 1000))).toBe('internal.protocol');
  expect(await refused(asked({ bytes: base64(config) }).blob(image, descriptor, 10))).toBe('internal.protocol');
  expect(await refused(asked({}).referrers(image, descriptor.digest))).toBe('internal.protocol');
});
