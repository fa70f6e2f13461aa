// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { parseNevra, type UpdateDetails } from '../../../shared/domain/index.ts';
import { reviewMarkdown } from '../../../shared/domain/review-report.ts';
import { buildReleaseChanges, type DescribedPackage, type EarlierRelease } from '../../../main/engine/base/diff/index.ts';
import { changesType } from '../../../main/engine/images/changes-artifact.ts';
import { asBooted, commitOf, look, makeImage, sha, type Release, type Synthetic } from './synthetic.ts';

const list = (...texts: readonly string[]): DescribedPackage[] =>
  texts.map((text) => {
    const p = parseNevra(text);
    if (!p) throw new RangeError(text);
    return {
      ...p,
      sourceRpm: `${p.name}-1-1.src.rpm`,
      installedSizeBytes: 10,
      changelog: [{ timeSeconds: Number(p.version), author: 'A', text: `- ${text}` }],
    };
  });
const at = (n: number): DescribedPackage[] => list(`bash-${n}-1.x86_64`, 'glibc-2-1.x86_64', 'kernel-6-1.x86_64');
const old: Release = { version: '43.1', packages: at(1) };
const middle: Release = { version: '43.2', packages: at(2) };
const fresh: Release = { version: '43.3', packages: at(3) };
const changesOf = (from: Release, to: Release): EarlierRelease => ({
  checksum: commitOf(to.version),
  changes: buildReleaseChanges({
    parent: commitOf(from.version),
    version: to.version,
    timeSeconds: 1,
    from: from.packages,
    to: to.packages,
  }),
});
const imageOf = (details: UpdateDetails): NonNullable<UpdateDetails['image']> => {
  if (!details.image) throw new RangeError('no image');
  return details.image;
};
const withReferrers = (made: Synthetic, ...referrers: Synthetic['referrers']): Synthetic => ({ ...made, referrers });
const text = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

test('an own image tells all releases in between with their changelogs, in five requests', async () => {
  const to = makeImage('own', { ...fresh, history: [changesOf(old, middle)] }, middle);
  const { details, registry } = await look(makeImage('own', old), to);
  expect(details).toMatchObject({
    source: 'treeline.changes',
    fromVersion: '43.1',
    toVersion: '43.3',
    toChecksum: to.found.digest.replace('sha256:', ''),
    notTold: ['signatures'],
    packages: [
      {
        name: 'bash',
        kind: 'upgraded',
        from: { version: '1' },
        to: { version: '3' },
        changelog: [{ text: '- bash-3-1.x86_64' }, { text: '- bash-2-1.x86_64' }],
      },
    ],
    releases: [
      { version: '43.3', packageCount: 1 },
      { version: '43.2', packageCount: 1 },
    ],
    image: { tier: 'changes', cannotKnow: [], touched: [], kernel: '6-1.x86_64' },
  });
  expect(registry.asked).toEqual(['manifest', 'config', 'referrers', 'artifact', 'blob']);
  expect(registry.bytes).toBeLessThan(64_000);
});

test('where its releases don’t lead to the booted commit, changes are exact, and changelogs not told', async () => {
  const { details } = await look(makeImage('own', old), makeImage('own', fresh, middle));
  expect(details).toMatchObject({ source: 'pkglist', packages: [{ name: 'bash' }], notTold: ['advisories', 'changelogs', 'signatures'] });
  expect(details.packages[0]?.changelog).toBeUndefined();
});

test('a booted image that was made of a told one is compared by its packages', async () => {
  const booted = makeImage('own', { ...middle, packages: [...at(2), ...list('htop-3-1.x86_64')] });
  const { details } = await look(booted, makeImage('own', fresh, middle));
  expect(details.packages.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['upgraded bash', 'removed htop']);
  expect(details.source).toBe('pkglist');
});

test('a history that leads in a circle ends', async () => {
  const circle: EarlierRelease = { checksum: commitOf('43.2'), changes: { ...changesOf(old, middle).changes, parent: commitOf('43.3') } };
  const { details } = await look(makeImage('own', old), makeImage('own', { ...fresh, history: [circle] }, middle));
  expect(details.source).toBe('pkglist');
});

test.each([
  ['rechunk', ['manifest', 'config']],
  ['chunkah', ['manifest', 'config']],
  ['stripped', ['manifest', 'config']],
  ['ostree-ext', ['manifest', 'config', 'referrers']],
  ['fcos', ['manifest', 'config', 'referrers']],
] as const)('%s: no request more than needed, and at most 40 kB', async (form, asked) => {
  const many = (n: number): DescribedPackage[] => list(...Array.from({ length: 400 }, (_, i) => `package-${i}-${i < 9 ? n : 1}-1.x86_64`));
  const { details, registry } = await look(
    makeImage(form, { ...old, packages: many(1) }),
    makeImage(form, { ...fresh, packages: many(2) }),
  );
  expect(registry.asked).toEqual(asked);
  expect(registry.bytes).toBeLessThan(40_000);
  expect(details.sizes?.downloadExact).toBe(true);
});

test('the booted image itself costs one request', async () => {
  const same = makeImage('own', old);
  const { details, registry } = await look(same, same);
  expect(registry.asked).toEqual(['manifest']);
  expect(details).toMatchObject({ packages: [], sizes: { downloadBytes: 0 }, image: { tier: 'same', warnings: [{ kind: 'unchanged' }] } });
});

test('what isn’t a referrer of ours is said, and the next source taken', async () => {
  const made = makeImage('ostree-ext', fresh);
  const packages = { format: 1, commit: commitOf('43.3'), version: '1', timeSeconds: 1, history: [], packages: [['a', 1, 'b', 'c', 'd']] };
  for (const bytes of [
    Buffer.from('no gzip'),
    gzipSync('[1'),
    gzipSync(text({ format: 1 })),
    gzipSync(text({ ...packages, packages: {} })),
    gzipSync(text(packages)),
    gzipSync(text({ ...packages, packages: [], commit: commitOf('other') })),
    gzipSync(Buffer.alloc(40 << 20)),
  ]) {
    const { details } = await look(makeImage('ostree-ext', old), withReferrers(made, { type: changesType, bytes }));
    expect(imageOf(details)).toMatchObject({
      tier: 'layers',
      problem: { code: 'repo.garbage', subject: 'docker://registry.test/os:stable' },
    });
  }
  const later = await look(makeImage('ostree-ext', old), withReferrers(made, { type: changesType, bytes: gzipSync(text({ format: 2 })) }));
  expect(imageOf(later.details)).toMatchObject({ tier: 'layers' });
});

const syft = (artifacts: unknown): Buffer => text({ artifacts, descriptor: { name: 'syft' } });
test.each([
  ['of files', text({ bomFormat: 'CycloneDX', components: [{ type: 'file', name: '/etc/passwd' }] }), 'no RPM packages'],
  ['of Python', syft([{ type: 'python', name: 'six', version: '1' }]), 'no RPM packages'],
  ['of nothing known', text({ hello: [] }), 'neither'],
  ['an attestation', text({ payloadType: 'x', payload: 'e30=' }), 'neither'],
  ['no JSON', Buffer.from('<xml/>'), 'isn’t JSON'],
  ['with numbers for texts', syft([{ type: 'rpm', name: 5, version: 1 }]), 'no name or version'],
  ['without an architecture', syft([{ type: 'rpm', name: 'bash', version: '1-1' }]), 'makes no sense'],
  [
    'with a negative epoch',
    syft([{ type: 'rpm', name: 'bash', version: '1-1', metadata: { arch: 'x86_64', epoch: -1 } }]),
    'makes no sense',
  ],
  ['with control characters', syft([{ type: 'rpm', name: 'ba\u001bsh', version: '1-1', metadata: { arch: 'x86_64' } }]), 'makes no sense'],
  ['without a version', text({ bomFormat: 'CycloneDX', components: [{ purl: 'pkg:rpm/fedora/bash' }] }), 'no version'],
  ['a bomb', gzipSync(Buffer.alloc(300 << 20)), 'larger'],
  ['damaged zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]), 'zstd'],
])('an SBOM %s is no empty difference', async (_, bytes, words) => {
  const to = withReferrers(makeImage('stripped', fresh), { type: 'application/vnd.spdx+json', bytes });
  const { details } = await look(makeImage('stripped', old), to, { wanted: 'exact' });
  expect(details).toMatchObject({ source: 'none', image: { tier: 'none', problem: { code: 'repo.garbage' } } });
  expect(imageOf(details).problem?.detail).toContain(words);
});

test('SBOMs are asked for only on request, may be zstd, and a second one is taken where the first is of another kind', async () => {
  const [sbom] = makeImage('syft', fresh).referrers;
  const packed = spawnSync('zstd', ['-c'], { input: sbom?.bytes ?? '' }).stdout;
  const wrong = { type: 'application/vnd.cyclonedx+json', bytes: text({ hello: 1 }) };
  const to = withReferrers(makeImage('chunkah', fresh), wrong, { type: 'application/vnd.spdx+json', bytes: packed });
  const quick = await look(makeImage('chunkah', old), to);
  expect(quick.registry.asked).toEqual(['manifest', 'config']);
  expect(imageOf(quick.details).tier).toBe('layers');
  const exact = await look(makeImage('chunkah', old), to, { wanted: 'exact' });
  expect(exact.details).toMatchObject({ source: 'sbom', packages: [{ name: 'bash', to: { version: '3', arch: 'x86_64' } }] });
  const none = await look(makeImage('stripped', old), makeImage('stripped', fresh), { wanted: 'exact' });
  expect(imageOf(none.details).problem).toMatchObject({ code: 'repo.not-found' });
});

test.each([
  '',
  '{',
  '[]',
  '{"version":3}',
  '{"version":"2","packages":{}}',
  '{"version":2,"packages":{}}',
  '{"version":2,"packages":{"a":1}}',
  '{"version":2,"packages":{"a\\u001b":"1-1"}}',
  '{"version":2,"packages":{"a":"1"}}',
])('rechunk’s label “%s” is said to be none', async (label) => {
  const to = makeImage('rechunk', { ...fresh, labels: { 'dev.hhd.rechunk.info': label } });
  const { details } = await look(makeImage('rechunk', old), to);
  expect(imageOf(details)).toMatchObject({ tier: 'none', problem: { code: 'repo.garbage', subject: 'docker://registry.test/os:stable' } });
});

test('a label that an image made of a rechunked one kept isn’t believed where it’s wrong', async () => {
  const on = (made: Synthetic, extra: readonly DescribedPackage[]): Synthetic => ({
    ...made,
    packages: [...made.packages.filter(({ name }) => !extra.some((p) => p.name === name)), ...extra],
  });
  const booted = on(makeImage('rechunk', old), list('kernel-7-1.x86_64', 'htop-3-1.x86_64'));
  const { details } = await look(
    booted,
    makeImage('rechunk', { ...fresh, packages: [...at(3).slice(0, 2), ...list('kernel-8-1.x86_64')] }),
  );
  expect(details.packages.map(({ name }) => name)).toEqual(['bash']);
  expect(imageOf(details)).toMatchObject({ touched: ['htop', 'kernel'] });
  expect(imageOf(details).cannotKnow).toContain('packages');
});

test('versions of layers below one that nobody names aren’t believed', async () => {
  const top = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: sha('top'), size: 5_000_000 };
  const made = makeImage('fcos', fresh);
  const to: Synthetic = {
    ...made,
    found: { ...made.found, manifest: { ...made.found.manifest, layers: [...made.found.manifest.layers, top] } },
    config: {
      ...made.config,
      rootfs: { type: 'layers', diff_ids: [...made.config.rootfs.diff_ids, sha('top')] },
      history: [...(made.config.history ?? []), { created_by: 'RUN dnf -y upgrade bash' }],
    },
  };
  const plain = await look(makeImage('fcos', old), made);
  expect(plain.details.packages).toMatchObject([{ name: 'bash', to: { version: '3' } }]);
  const covered = await look(makeImage('fcos', old), to);
  expect(covered.details.packages).toEqual([]);
  expect(imageOf(covered.details)).toMatchObject({ touched: ['bash'], layers: { untold: 1 } });
});

test('warnings: another image, version, time, major version, expiry', async () => {
  const kinds = async (from: Partial<Release>, to: Partial<Release>): Promise<string[]> => {
    const { details } = await look(makeImage('chunkah', { ...old, ...from }), makeImage('chunkah', { ...fresh, ...to }), {
      nowSeconds: 1e10,
    });
    return imageOf(details).warnings.map(({ kind }) => kind);
  };
  expect(await kinds({}, {})).toEqual([]);
  expect(await kinds({}, { labels: { 'org.opencontainers.image.title': 'Other OS' } })).toEqual(['other-image']);
  expect(await kinds({}, { version: '43.1' })).toEqual(['same-version']);
  expect(await kinds({ version: '43.20' }, { version: '43.3' })).toEqual(['went-back']);
  expect(await kinds({}, { labels: { 'org.opencontainers.image.created': '2001-01-01T00:00:00Z' } })).toEqual(['went-back']);
  expect(await kinds({}, { version: '44.1' })).toEqual(['major-crossed']);
  expect(await kinds({ version: '43.9' }, { version: '42.1' })).toEqual(['major-crossed', 'went-back']);
  expect(await kinds({}, { labels: { 'quay.expires-after': '2w' } })).toEqual(['expired']);
  expect(await kinds({}, { labels: { 'quay.expires-after': '999999w' } })).toEqual([]);
});

test('the report says where the packages are known from, in sentences, and lets nothing become markup', async () => {
  const title = '<b>Evil</b> *OS*\u001b';
  const to = makeImage('fcos', {
    version: '44.1',
    packages: [...at(3), ...list('library-a1-1-1.x86_64', 'library-b1-1-1.x86_64')],
    labels: { 'org.opencontainers.image.title': title },
  });
  const { details } = await look(makeImage('fcos', old), to);
  const none = { id: '', version: '' };
  const report = reviewMarkdown({
    at: 1,
    details,
    summary: {
      fromId: 'a',
      fromVersion: '43.1',
      toChecksum: details.toChecksum,
      toVersion: '44.1',
      staged: false,
      kernel: { from: '6', to: '6' },
      initramfs: { changed: false, fromBytes: 0, toBytes: 0 },
      kernelArgs: { current: [], next: [], added: [], removed: [] },
      boot: { needBytes: 0, freeBytes: 0 },
      backTo: none,
    },
  });
  expect(report).toContain('From what the image’s layers are named after.');
  expect(report).toContain('Not all changelogs are told.');
  expect(report).toContain('**This is another major version: 43.1 → 44.1.**');
  expect(report).toMatch(/- Layers: \d of \d are new/);
  expect(report).toContain('\\<b\\>Evil\\</b\\> \\*OS\\*');
  expect(report).not.toContain('\u001b');
  const rechunk = await look(makeImage('rechunk', old), makeImage('rechunk', fresh));
  expect(rechunk.details.packages).toMatchObject([{ name: 'bash', arch: '', to: { arch: '' } }]);
  expect(asBooted(to).digest).toBe(to.found.digest);
});
