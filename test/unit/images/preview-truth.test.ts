// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { jsonSchemas } from '../../../shared/domain/schemas/index.ts';
import { parseNevra, type PackageChange, type UpdateDetails } from '../../../shared/domain/index.ts';
import { diffPackages, type DescribedPackage } from '../../../main/engine/base/diff/index.ts';
import { forms, look, makeImage, type Form } from './synthetic.ts';

/** `NEVRA` or `NEVRA<source`. */
function list(...texts: readonly string[]): DescribedPackage[] {
  return texts.map((text) => {
    const [nevra = '', source] = text.split('<');
    const p = parseNevra(nevra);
    if (!p) throw new RangeError(text);
    return { ...p, sourceRpm: `${source ?? p.name}-${p.version}-${p.release}.src.rpm` };
  });
}

const common = [
  'glibc-2.40-1.fc43.x86_64',
  'glibc-common-2.40-1.fc43.x86_64<glibc',
  'bash-5.2-1.fc43.x86_64',
  'tzdata-2025b-1.fc43.noarch',
];
const many = Array.from({ length: 60 }, (_, i) => `library-${'abcdefgh'[i % 8]}${i}-1.${i}-1.fc43.x86_64<source${i % 17}`);

/** Pairs of package lists, before and after. */
const pairs: Readonly<Record<string, readonly [DescribedPackage[], DescribedPackage[]]>> = {
  'one upgrade': [list(...common), list(...common.slice(0, 2), 'bash-5.3-1.fc43.x86_64', 'tzdata-2025b-1.fc43.noarch')],
  'nothing but metadata': [list(...common), list(...common)],
  'an addition': [list(...common), list(...common, 'curl-8.1-1.fc43.x86_64')],
  'a removal': [list(...common, 'curl-8.1-1.fc43.x86_64'), list(...common)],
  'a downgrade': [list(...common, 'curl-8.1-1.fc43.x86_64'), list(...common, 'curl-8.0-3.fc43.x86_64')],
  'an epoch alone': [list(...common, 'vim-1:9.1-1.fc43.x86_64'), list(...common, 'vim-2:9.1-1.fc43.x86_64')],
  'an upgrade within an epoch': [list(...common, 'vim-2:9.1-1.fc43.x86_64'), list(...common, 'vim-2:9.2-1.fc43.x86_64')],
  'two architectures': [
    list(...common, 'zlib-1.3-1.fc43.x86_64', 'zlib-1.3-1.fc43.i686'),
    list(...common, 'zlib-1.4-1.fc43.x86_64', 'zlib-1.4-1.fc43.i686'),
  ],
  'one architecture goes': [list(...common, 'zlib-1.3-1.fc43.x86_64', 'zlib-1.3-1.fc43.i686'), list(...common, 'zlib-1.4-1.fc43.x86_64')],
  'several kernels': [
    list(...common, 'kernel-6.1-1.fc43.x86_64', 'kernel-6.2-1.fc43.x86_64'),
    list(...common, 'kernel-6.2-1.fc43.x86_64', 'kernel-6.3-1.fc43.x86_64'),
  ],
  'to noarch': [list(...common, 'data-1-1.fc43.x86_64'), list(...common, 'data-2-1.fc43.noarch')],
  'a name like a prototype': [
    list(...common, '__proto__-1-1.fc43.x86_64'),
    list(...common, '__proto__-2-1.fc43.x86_64', 'constructor-1-1.fc43.noarch'),
  ],
  'many at once': [
    list(...common, ...many),
    list(...common, ...many.slice(5, 40).map((n) => n.replace('-1.fc43', '-2.fc43')), ...many.slice(40), 'newcomer-1-1.fc43.x86_64'),
  ],
  'the other way round': [list(...common, ...many.map((n) => n.replace('-1.fc43', '-2.fc43'))), list(...common, ...many.slice(3))],
};

const side = (p: PackageChange['from'], loose: boolean): string =>
  p ? (loose ? `${p.version}-${p.release}` : `${p.epoch}:${p.version}-${p.release}.${p.arch}`) : '';
const key = (c: PackageChange, loose: boolean): string => `${c.kind} ${c.name} ${side(c.from, loose)} ${side(c.to, loose)}`;
const keys = (changes: readonly PackageChange[], loose = false): string[] => changes.map((c) => key(c, loose)).sort();

/** Everything that is said is so; what isn't named is covered by what is said not to be known. */
function expectTruth(details: UpdateDetails, from: readonly DescribedPackage[], to: readonly DescribedPackage[]): void {
  const truth = diffPackages(from, to);
  const { image, packages } = details;
  if (!image) throw new RangeError('no image');
  const loose = image.cannotKnow.includes('epochs');
  const real = new Set(keys(truth, loose));
  for (const said of keys(packages, loose)) expect([...real]).toContain(said);
  if (image.cannotKnow.includes('packages')) return;
  const named = new Set([...packages.map((c) => c.name), ...image.touched]);
  const onlyEpoch = (c: PackageChange): boolean => side(c.from, true) === side(c.to, true);
  for (const change of truth) if (!(loose && onlyEpoch(change))) expect([...named]).toContain(change.name);
  if (image.touched.length === 0 && !loose) expect(keys(packages)).toEqual(keys(truth));
}

const exactForms: Partial<Record<Form, string>> = { own: 'changes', syft: 'sbom', spdx: 'sbom', cyclonedx: 'sbom' };

for (const form of forms) {
  test.each(Object.entries(pairs))(`${form}: %s`, async (_, [before, after]) => {
    const old = { version: '43.1', packages: before };
    const from = makeImage(form, old);
    const to = makeImage(form, { version: '43.2', packages: after }, old);
    const { details } = await look(from, to, { wanted: exactForms[form] === 'sbom' ? 'exact' : 'quick' });
    expectTruth(details, before, after);
    const isExact = exactForms[form] !== undefined;
    if (isExact) expect(keys(details.packages)).toEqual(keys(diffPackages(before, after)));
    if (isExact && details.image?.tier !== 'same') expect(details.image?.tier).toBe(exactForms[form]);
    expect(details.image?.problem).toBeUndefined();
    // what is handed on fits what the service and the window agreed on
    expect(jsonSchemas.UpdateDetails.parse(JSON.parse(JSON.stringify(details)))).toEqual(details);
    expect(details.sizes?.downloadBytes).toBe(
      to.found.manifest.layers
        .filter((_layer, i) => !from.config.rootfs.diff_ids.includes(to.config.rootfs.diff_ids[i] ?? ''))
        .reduce((sum, layer) => sum + layer.size, 0),
    );
  });
}

test('each form names its tier, and says what it can’t know', async () => {
  const tiers = new Map<Form, readonly [string | undefined, string]>();
  const [before, after] = pairs['many at once'] ?? [[], []];
  for (const form of forms) {
    const old = { version: '43.1', packages: before };
    const { details } = await look(makeImage(form, old), makeImage(form, { version: '43.2', packages: after }, old));
    tiers.set(form, [details.image?.tier, details.image?.cannotKnow.join() ?? '']);
  }
  expect(Object.fromEntries(tiers)).toEqual({
    own: ['changes', ''],
    'ostree-ext': ['layers', 'versions,added-or-removed,which-of-a-layer,changelogs,advisories'],
    fcos: ['layers', 'packages,versions,added-or-removed,changelogs,advisories'],
    rechunk: ['rechunk', 'epochs,architectures,changelogs,advisories'],
    chunkah: ['layers', 'versions,added-or-removed,which-of-a-layer,changelogs,advisories'],
    'chunkah-comments': ['layers', 'versions,added-or-removed,which-of-a-layer,changelogs,advisories'],
    stripped: ['none', 'packages,changelogs,advisories'],
    syft: ['none', 'packages,changelogs,advisories'],
    spdx: ['none', 'packages,changelogs,advisories'],
    cyclonedx: ['none', 'packages,changelogs,advisories'],
  });
});
