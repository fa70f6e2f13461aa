// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, test } from 'vitest';
import { blobRef, escapeRef, imageRef, unescapeRef } from '../../../main/engine/images/store/ref-names.ts';

test('names as ostree-ext documents and writes them', () => {
  expect(escapeRef('registry:quay.io/coreos/fedora:latest')).toBe('registry_3A_quay_2E_io/coreos/fedora_3A_latest');
  expect(escapeRef('localhost:5000/foo:latest')).toBe('localhost_3A_5000/foo_3A_latest');
  expect(escapeRef('foo/bar/baz-blah/foo')).toBe('foo/bar/baz-blah/foo');
  expect(imageRef('docker://quay.io/rhn_support/microshift-4.18-bootc:v2')).toBe(
    'ostree/container/image/docker_3A__2F__2F_quay_2E_io/rhn__support/microshift-4_2E_18-bootc_3A_v2',
  );
  expect(blobRef(`sha256:${'0a'.repeat(32)}`)).toBe(`ostree/container/blob/sha256_3A_${'0a'.repeat(32)}`);
});

test.each(['/', 'blah/', '/foo/', 'a//b', '__', '_3A_', 'oci-archive:/path/to/foo.ociarchive', 'ü€😀', 'a\nb', 'x/-/y'])(
  '%j comes back, and its name is one for a ref',
  (text) => {
    const name = escapeRef(text);
    expect(unescapeRef(name)).toBe(text);
    expect(`x/${name}`).toMatch(/^[0-9A-Za-z_-]+(?:\/[0-9A-Za-z_-]+)*$/);
  },
);

test('what is no such name isn’t taken for one', () => {
  expect(['a.b', '_zz_', '_3A', '_110000_', ''].map(unescapeRef)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  expect(() => escapeRef('')).toThrow(RangeError);
  expect(() => escapeRef('a\0b')).toThrow(RangeError);
});
