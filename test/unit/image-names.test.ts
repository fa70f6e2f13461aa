// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, test } from 'vitest';
import {
  namedRegistryImage,
  originImageText,
  parseOriginImage,
  parseRegistryImage,
  registryImageText,
} from '../../main/engine/images/image-names.ts';
import { TreelineError } from '../../shared/errors/index.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return TreelineError.report(error).code;
  }
  return 'it succeeded';
};

test.each([
  ['docker://quay.io/fedora/fedora-coreos:stable', { host: 'quay.io', name: 'fedora/fedora-coreos', tag: 'stable' }],
  ['docker://localhost:5000/os', { host: 'localhost:5000', name: 'os' }],
  ['docker://localhost/os', { host: 'localhost', name: 'os' }],
  ['docker://[::1]:5000/os:1', { host: '[::1]:5000', name: 'os', tag: '1' }],
  [`docker://ghcr.io/ublue-os/bluefin:gts@${digest}`, { host: 'ghcr.io', name: 'ublue-os/bluefin', tag: 'gts', digest }],
  [`docker://ghcr.io/a/b_c/d__e-f@${digest}`, { host: 'ghcr.io', name: 'a/b_c/d__e-f', digest }],
  ['docker://docker.io/library/fedora', { host: 'docker.io', name: 'library/fedora' }],
])('%s is an image of a registry, and back', (text, image) => {
  expect(parseRegistryImage(text)).toEqual(image);
  expect(registryImageText(parseRegistryImage(text))).toBe(text);
});

test('other spellings of the same image', () => {
  expect(parseRegistryImage('registry:quay.io/a/b')).toEqual({ host: 'quay.io', name: 'a/b' });
  for (const text of [
    'docker://fedora:43',
    'docker://library/fedora:43',
    'docker://docker.io/fedora:43',
    'docker://index.docker.io/fedora:43',
  ])
    expect(parseRegistryImage(text)).toEqual({ host: 'docker.io', name: 'library/fedora', tag: '43' });
});

test.each([
  'oci:/a/b',
  'docker:quay.io/a',
  'docker://',
  'docker://quay.io/',
  'docker://quay.io/A',
  'docker://quay.io/a:',
  'docker://quay.io/a:-x',
  'docker://quay.io/../a',
  'docker://quay.io/a//b',
  'docker://quay.io/a b',
  'docker://quay.io/a\u001b',
  'docker://user@quay.io/a',
  'docker://quay.io/a?b',
  'docker://-x.io/a',
  'docker://quay.io:x/a',
  `docker://quay.io/${'a'.repeat(256)}`,
  'docker://quay.io/a@sha256:abc',
  `docker://quay.io/a@sha512:${'a'.repeat(128)}`,
])('%s is none', (text) => {
  expect(codeOf(() => parseRegistryImage(text))).toBe('usage.invalid');
});

describe('what a system follows', () => {
  const name = 'quay.io/fedora/fedora-coreos:stable';
  const image = { transport: 'docker', name: `//${name}` };
  const remote = { remote: 'fedora' };

  test.each([
    [`ostree-unverified-registry:${name}`, { verification: 'none', image }],
    [`ostree-unverified-image:docker://${name}`, { verification: 'none', image, spelling: 'docker://' }],
    [`ostree-unverified-image:registry:${name}`, { verification: 'none', image, spelling: 'registry:' }],
    ['ostree-unverified-image:oci:/a/b:now', { verification: 'none', image: { transport: 'oci', name: '/a/b', tag: 'now' } }],
    [
      'ostree-unverified-image:oci-archive:/a/b.ociarchive',
      { verification: 'none', image: { transport: 'oci-archive', name: '/a/b.ociarchive' } },
    ],
    [
      'ostree-unverified-image:containers-storage:localhost/os',
      { verification: 'none', image: { transport: 'containers-storage', name: 'localhost/os' } },
    ],
    ['ostree-unverified-image:dir:/a', { verification: 'none', image: { transport: 'dir', name: '/a' } }],
    [`ostree-image-signed:docker://${name}`, { verification: 'policy', image }],
    [`ostree-image-signed:registry:${name}`, { verification: 'policy', image, spelling: 'registry:' }],
    [`ostree-remote-registry:fedora:${name}`, { verification: remote, image }],
    [`ostree-remote-image:fedora:docker://${name}`, { verification: remote, image, spelling: 'docker://' }],
    [`ostree-remote-image:fedora:registry:${name}`, { verification: remote, image, spelling: 'registry:' }],
    ['ostree-remote-image:fedora:oci:/a', { verification: remote, image: { transport: 'oci', name: '/a' } }],
    [
      `ostree-unverified-registry:quay.io/a/b@${digest}`,
      { verification: 'none', image: { transport: 'docker', name: `//quay.io/a/b@${digest}` } },
    ],
    // as it is written, though it means docker.io/library/fedora
    ['ostree-unverified-registry:fedora:43', { verification: 'none', image: { transport: 'docker', name: '//fedora:43' } }],
  ])('%s, and back', (text, origin) => {
    expect(parseOriginImage(text)).toEqual(origin);
    expect(originImageText(parseOriginImage(text))).toBe(text);
  });

  test.each([
    '',
    name,
    `docker://${name}`,
    'ostree-unverified-registry:',
    'ostree-unverified-registry:A',
    `ostree-unverified-registry://${name}`,
    `ostree-unverified-image:${name}`,
    'ostree-unverified-image:ostree-unverified-image:oci:/a',
    `ostree-unverified-image:registry://${name}`,
    'ostree-image-signed:docker:x',
    `ostree-remote-registry:${name}`,
    `ostree-remote-registry::${name}`,
    `ostree-remote-registry:../x:${name}`,
    'ostree-remote-image:fedora:/a',
    `ostree-unverified:${name}`,
  ])('%s is nothing to follow', (text) => {
    expect(codeOf(() => parseOriginImage(text))).toMatch(/^(usage|remote)\.invalid/);
  });
});

test.each([
  ['quay.io/os/desktop', 'docker://quay.io/os/desktop'],
  ['localhost:5000/os:1', 'docker://localhost:5000/os:1'],
  ['fedora:43', 'docker://docker.io/library/fedora:43'],
  ['docker://quay.io/os', 'docker://quay.io/os'],
  ['registry:quay.io/os', 'docker://quay.io/os'],
  ['ostree-unverified-registry:quay.io/os:stable', 'docker://quay.io/os:stable'],
  ['ostree-image-signed:docker://quay.io/os', 'docker://quay.io/os'],
  ['ostree-remote-registry:fedora:quay.io/os', 'docker://quay.io/os'],
])('%s is meant as %s', (text, meant) => {
  expect(registryImageText(namedRegistryImage(text))).toBe(meant);
});

test.each(['oci:/a/b', 'ostree-unverified-image:oci:/a/b', 'ostree-nonsense:x', '', 'quay.io/OS'])(
  '“%s” is none that a registry has',
  (text) => {
    expect(() => namedRegistryImage(text)).toThrow(TreelineError);
  },
);
