// SPDX-License-Identifier: LGPL-2.1-or-later
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OciDirectory } from '../../main/engine/images/oci.ts';
import {
  importImage,
  missingLayers,
  storedImageCommit,
  type ImportedImage,
  type WantedImage,
} from '../../main/engine/images/store/import-image.ts';
import { blobRef, imageRef } from '../../main/engine/images/store/ref-names.ts';
import { openImageSink } from '../../main/native/ostree/image-objects.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { composeOk as ok, ComposeFixture } from './compose-fixture.ts';
import { silent } from '../fixtures/job-context.ts';
import { sh } from './publish-fixture.ts';

let f: ComposeFixture;
const ref = 'test/x86_64/base';
const name = 'docker://localhost:5000/os/base_one:latest';
const at = (...parts: string[]): string => path.join(f.directory, ...parts);
const commits: string[] = [];
const images = ['first', 'second'];

const pkg = (called: string, version: string): Parameters<ComposeFixture['add']>[0] => ({
  name: called,
  version,
  files: {
    [`/usr/bin/${called}`]: { content: `${called} ${version}\n`.repeat(400), mode: '0755' },
    [`/usr/share/${called}/link`]: { symlink: `../../bin/${called}` },
    ...(called === 'alpha' ? { '/usr/bin/ping': { content: 'p', mode: '4755', caps: 'cap_net_raw=p' } } : {}),
  },
});

beforeAll(async () => {
  f = new ComposeFixture();
  f.add(filesystemPackage, shellPackage(), ...['alpha', 'beta', 'gamma', 'delta'].map((each) => pkg(each, '1')));
  const treefile = f.treefile('packages: [alpha, beta, gamma, delta, testshell, filesystem]\nautomatic-version-prefix: "5"\n');
  for (const [i, image] of images.entries()) {
    if (i > 0) f.add(pkg('gamma', '2'));
    commits.push((await f.compose(treefile)).checksum);
    const previous = i > 0 ? [`--previous-build-manifest=${at('manifest.json')}`] : [];
    await ok('container-encapsulate', ref, `oci:${at(image)}:now`, `--repo=${f.repo}`, ...previous);
    writeFileSync(at('manifest.json'), sh('skopeo', ['inspect', '--raw', `oci:${at(image)}:now`]));
  }
});
afterAll(() => f.dispose());

function wanted(directory: string): { image: WantedImage; fileOf: (digest: string) => string } {
  const oci = new OciDirectory(directory);
  const { digest, manifest } = oci.manifest('now')!;
  const found = { digest, bytes: oci.readBlob(digest), manifest };
  const configText = oci.readBlob(manifest.config.digest).toString('utf8');
  return { image: { name, found, config: oci.config(manifest), configText }, fileOf: (each) => oci.blobPath(each) };
}

async function take(repo: string, directory: string): Promise<ImportedImage> {
  const { image, fileOf } = wanted(directory);
  using sink = openImageSink(repo);
  return await importImage(image, sink, fileOf, silent);
}

function newRepo(called: string, mode: string): string {
  const repo = at(called);
  sh('ostree', [`--repo=${repo}`, 'init', `--mode=${mode}`]);
  return repo;
}

const list = (repo: string, commit: string): string => sh('ostree', [`--repo=${repo}`, 'ls', '-R', '-X', '-C', commit]);
const refsOf = (repo: string): string[] =>
  sh('ostree', [`--repo=${repo}`, 'refs'])
    .split('\n')
    .sort();

test.each(['bare-user', 'archive'])('in a repository (%s), an image lies as ostree-ext keeps it', async (mode) => {
  const repo = newRepo(`store-${mode}`, mode);
  const { image } = wanted(at('first'));
  const taken = await take(repo, at('first'));
  expect(taken).toMatchObject({ baseCommit: commits[0], newLayers: image.found.manifest.layers.length, removedLayers: 0 });
  const key = (called: string): string => sh('ostree', [`--repo=${repo}`, 'show', `--print-metadata-key=${called}`, taken.commit]);
  expect(key('ostree.manifest-digest')).toBe(`'${image.found.digest}'`);
  // GVariant's text form escapes what JSON has escaped
  expect(key('ostree.manifest')).toContain(image.found.manifest.layers[0]!.digest);
  expect(key('ostree.container.image-config')).toContain('diff_ids');
  expect(refsOf(repo)).toEqual(
    [
      'ostree/container/image/docker_3A__2F__2F_localhost_3A_5000/os/base__one_3A_latest',
      ...image.found.manifest.layers.map(({ digest }) => `ostree/container/blob/sha256_3A_${digest.slice(7)}`),
    ].sort(),
  );
  // the same tree, and the image's own commit with it
  expect(list(repo, taken.commit)).toBe(list(f.repo, commits[0]!));
  expect(sh('ostree', [`--repo=${repo}`, 'rev-parse', blobRef(image.found.manifest.layers[0]!.digest)])).toBe(commits[0]);
  // a layer is its files by checksum
  const [, second] = image.found.manifest.layers;
  const rows = sh('ostree', [`--repo=${repo}`, 'ls', '-C', blobRef(second!.digest), '/'])
    .split('\n')
    .slice(1);
  expect(rows.length).toBeGreaterThan(0);
  for (const row of rows) expect(row).toMatch(/ ([0-9a-f]{64}) +\/\1(?: ->|$)/);
  f.fsck(repo);
  // nothing of it goes when what no ref reaches is removed
  sh('ostree', [`--repo=${repo}`, 'prune', '--refs-only']);
  f.fsck(repo);
  {
    using sink = openImageSink(repo);
    expect(storedImageCommit(sink.repo, image)).toBe(taken.commit);
    expect(sink.repo.loadCommit(taken.commit).version).toBe('5');
    expect(missingLayers(sink.repo, image)).toEqual([]);
  }
  // once more: the same commit
  expect(await take(repo, at('first'))).toMatchObject({ commit: taken.commit, newLayers: 0 });
});

test('of the next image only new layers are read; what no image and no deployment names any more is let go', async () => {
  const repo = newRepo('next', 'bare-user');
  const before = wanted(at('first')).image;
  const after = wanted(at('second')).image;
  const had = new Set(before.found.manifest.layers.map(({ digest }) => digest));
  const fresh = after.found.manifest.layers.filter(({ digest }) => !had.has(digest)).map(({ digest }) => digest);
  expect(fresh.length).toBeGreaterThan(0);
  expect(fresh.length).toBeLessThan(after.found.manifest.layers.length);

  const old = await take(repo, at('first'));
  const second = await take(repo, at('second'));
  expect(second).toMatchObject({ baseCommit: commits[1], newLayers: fresh.length });
  expect(list(repo, second.commit)).toBe(list(f.repo, commits[1]!));
  expect(sh('ostree', [`--repo=${repo}`, 'rev-parse', imageRef(name)])).toBe(second.commit);
  const gone = before.found.manifest.layers.filter(({ digest }) => !after.found.manifest.layers.some((l) => l.digest === digest));
  expect(second.removedLayers).toBe(gone.length);
  for (const { digest } of gone) expect(refsOf(repo)).not.toContain(blobRef(digest));
  f.fsck(repo);

  // one that a deployment stands on keeps its layers
  sh('ostree', [`--repo=${repo}`, 'refs', '--create=ostree/0/1/0', old.commit]);
  await take(repo, at('first'));
  const third = await take(repo, at('second'));
  expect(third.removedLayers).toBe(0);
  for (const { digest } of before.found.manifest.layers) expect(refsOf(repo)).toContain(blobRef(digest));
});

test('a layer whose bytes were changed isn’t looked into; nothing is there of it', async () => {
  const damaged = at('damaged');
  cpSync(at('first'), damaged, { recursive: true });
  const { image, fileOf } = wanted(damaged);
  const file = fileOf(image.found.manifest.layers[1]!.digest);
  const bytes = readFileSync(file);
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const repo = newRepo('untouched', 'bare-user');
  await expect(take(repo, damaged)).rejects.toMatchObject({
    code: 'repo.corrupt',
    report: { subject: image.found.manifest.layers[1]!.digest },
  });
  expect(refsOf(repo)).toEqual(['']);
  expect(sh('find', [path.join(repo, 'objects'), '-type', 'f'])).toBe('');
});

test('a configuration that doesn’t fit the manifest is refused; so is an image of files that can’t start', async () => {
  const { image, fileOf } = wanted(at('first'));
  const repo = newRepo('refusing', 'bare-user');
  using sink = openImageSink(repo);
  const { rootfs } = image.config;
  const torn = { ...image, config: { ...image.config, rootfs: { ...rootfs, diff_ids: rootfs.diff_ids.slice(1) } } };
  await expect(importImage(torn, sink, fileOf, silent)).rejects.toMatchObject({ code: 'repo.garbage', report: { subject: name } });
  // without its labels, it is an image of files
  const stripped = { ...image, config: { ...image.config, config: {} } };
  await expect(importImage(stripped, sink, fileOf, silent)).rejects.toMatchObject({
    code: 'container.not-bootable',
    report: { subject: name },
  });
});
