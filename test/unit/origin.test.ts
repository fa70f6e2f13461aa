// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, test } from 'vitest';
import { lossesOf } from '../../shared/domain/index.ts';
import { readOrigin } from '../../main/engine/host/sysroot/index.ts';
import { KeyFile } from '../../main/files/index.ts';
import type { SysrootPort } from '../../main/engine/base/ports/sysroot.ts';
import { parseRevision, updateSource } from '../../main/engine/host/source/source.ts';
import { originFor } from '../../main/engine/host/upgrade/upgrade.ts';
import { parseOriginImage } from '../../main/engine/images/image-names.ts';

const text = '# by hand\n[origin]\nrefspec = origin:a/b\n\n[packages]\nrequested=vim;htop;\n\n[libostree-transient]\npinned=true\n';

describe('an origin file', () => {
  test('is read as GKeyFile reads it: blanks around =, escapes, the last of equal keys', () => {
    const file = new KeyFile('[origin]\nrefspec = one\nrefspec=two\nunconfigured-state=first\\nsecond\\sline\n[other]\nrefspec=no\n');
    expect(file.get('origin', 'refspec')).toBe('two');
    expect(file.get('origin', 'unconfigured-state')).toBe('first\nsecond line');
    expect(file.get('origin', 'missing')).toBeUndefined();
  });

  test('keeps everything else when a key is set, added or removed', () => {
    const file = new KeyFile(text);
    file.set('origin', 'refspec', 'origin:c/d');
    file.set('origin', 'override-commit', 'abc');
    file.set('new', 'key', 'value');
    file.removeGroup('libostree-transient');
    expect(file.text).toBe(
      '# by hand\n[origin]\noverride-commit=abc\nrefspec=origin:c/d\n\n[packages]\nrequested=vim;htop;\n\n[new]\nkey=value\n',
    );
    file.set('origin', 'override-commit', undefined);
    file.set('origin', 'override-commit', undefined);
    expect(file.text).not.toContain('override-commit');
  });
});

test('of keys and groups that come twice nothing is left behind', () => {
  const twice = new KeyFile(
    '[origin]\nrefspec=a:b\noverride-commit=111\n[libostree-transient]\npinned=true\n[origin]\noverride-commit=222\n[libostree-transient]\nz=1\n[packages]\nrequested=a\\;b; c ;\n',
  );
  expect(twice.get('origin', 'override-commit')).toBe('222');
  expect(twice.list('packages', 'requested')).toEqual(['a;b', ' c ']);
  twice.set('origin', 'override-commit', '333');
  twice.removeGroup('libostree-transient');
  expect(twice.text).toBe('[origin]\nrefspec=a:b\noverride-commit=333\n[origin]\n[packages]\nrequested=a\\;b; c ;\n');
  twice.set('origin', 'override-commit', undefined);
  expect(twice.get('origin', 'override-commit')).toBeUndefined();
});

test.each([
  ['[packages]\nrequested=vim;', []],
  ['[packages]\nrequested=\n[packages]\nrequested=vim\n[modules]\nenable=x:1;', ['[modules]']],
  [`[packages]\nrequested-local=${'a'.repeat(64)}:foo-1-1.noarch;`, []],
  [`[packages]\nrequested-local-fileoverride=${'a'.repeat(64)}:foo-1-1.noarch;`, []],
  ['[modules]\nenable=x:1;\ninstall=y:2;', ['[modules]']],
  ['[overrides]\nremove=a;', []],
  ['[overrides]\nreplace=repo=updates,a;', []],
  ['[overrides]\nreplace=a;repo=updates;', ['[overrides] replace']],
  ['[overrides]\nreplace-local=a;', []],
  ['[rpmostree]\nregenerate-initramfs=true', []],
  ['[rpmostree]\ninitramfs-args=-I;/etc/x;\ninitramfs-etc=/etc/y;', []],
  ['[rpmostree]\nex-cliwrap=true', ['[rpmostree] ex-cliwrap']],
  ['[overrides]\nof-tomorrow=x', ['[overrides] of-tomorrow']],
  ['[rpmostree]\nregenerate-initramfs=false\nex-cliwrap=false\n[packages]\nrequested=;\n[something]\nelse=1', []],
])('what a new tree would lose: %j', (more, keys) => {
  const origin = readOrigin(`[origin]\nbaserefspec=origin:x\n${more}\n`, () => true);
  expect(lossesOf(origin).map(({ key }) => key)).toEqual(keys);
});

describe('what an origin says, with what is wrong about it', () => {
  const known = (name: string): boolean => name === 'origin';

  test.each<[string | undefined, object]>([
    [text, { refspec: 'origin:a/b', remote: 'origin', ref: 'a/b', layering: { packages: ['vim', 'htop'] } }],
    ['[origin]\nbaserefspec=origin:x\n', { refspec: 'origin:x', ref: 'x' }],
    ['[origin]\nrefspec=local/branch\n', { remote: '', ref: 'local/branch' }],
    [undefined, { problem: 'missing' }],
    ['', { problem: 'no-ref' }],
    ['no key file at all', { problem: 'unreadable' }],
    ['[origin]\nrefspec=gone:a\n', { problem: 'remote-missing', remote: 'gone', ref: 'a' }],
    ['[origin]\nrefspec=origin:a\ncontainer-image-reference=x\n', { problem: 'ambiguous', containerImageReference: 'x' }],
    ['[origin]\ncontainer-image-reference=x\n', { refspec: '', containerImageReference: 'x' }],
    [
      '[origin]\nrefspec=ostree-unverified-registry:quay.io/a/b\n',
      { refspec: '', remote: '', ref: '', containerImageReference: 'ostree-unverified-registry:quay.io/a/b' },
    ],
  ])('%j', (content, expected) => {
    const origin = readOrigin(content, known);
    expect(origin).toMatchObject(expected);
    if (!('problem' in expected)) expect(origin.problem).toBeUndefined();
  });
});

test.each([
  ['', { kind: 'newest' }],
  [':', { kind: 'newest' }],
  ['43.1', { kind: 'version', value: '43.1' }],
  ['version=a=b', { kind: 'version', value: 'a=b' }],
  ['f'.repeat(64), { kind: 'checksum', value: 'f'.repeat(64) }],
  [`revision=${'f'.repeat(64)}`, { kind: 'checksum', value: 'f'.repeat(64) }],
])('revision %j', (given, expected) => {
  expect(parseRevision(given)).toEqual(expected);
});

test('a revision that can’t be one is refused', () => {
  expect(() => parseRevision('revision=abc')).toThrow(expect.objectContaining({ code: 'repo.revision-not-found' }));
});

describe('a container image is no branch of a remote', () => {
  const system = (originText: string): SysrootPort => {
    const deployment = { id: 'os-a.0', osname: 'os', checksum: 'a', booted: true, originText };
    return {
      mergeDeployment: () => deployment,
      deployments: () => [deployment],
      repo: { hasRemote: () => true, tryLoadCommit: () => undefined },
    } as unknown as SysrootPort;
  };

  test.each([
    'ostree-unverified-registry:quay.io/fedora/fedora-silverblue:43',
    'ostree-unverified-image:docker://quay.io/x/y',
    'ostree-image-signed:docker://quay.io/x/y',
    'ostree-remote-registry:fedora:quay.io/x/y',
    'ostree-remote-image:fedora:docker://quay.io/x/y',
  ])('%s: a source as target and as origin, in the older form too', (image) => {
    const source = { remote: '', ref: '', refspec: image, image: parseOriginImage(image) };
    expect(updateSource(system('[origin]\nrefspec=a:b\n'), 'os', image)).toMatchObject(source);
    expect(updateSource(system(`[origin]\ncontainer-image-reference=${image}\n`), 'os')).toMatchObject(source);
    expect(updateSource(system(`[origin]\nrefspec=${image}\n`), 'os')).toMatchObject(source);
  });

  test.each([
    ['refspec=a:b', 'container-image-reference=ostree-image-signed:docker://x/y:1'],
    ['baserefspec=a:b\noverride-commit=c\ncustom-url=u', 'container-image-reference=ostree-unverified-registry:x.y/z:1'],
  ])('from %s to an image and back: each key is the only one', (branch, image) => {
    const there = updateSource(system(`[origin]\n${branch}\n`), 'os', image.replace('container-image-reference=', ''));
    expect(originFor(there, { kind: 'newest' }, 'c')).toBe(`[origin]\n${image}\n`);
    const back = updateSource(system(`[origin]\n${image}\n`), 'os', 'a:b');
    expect(originFor(back, { kind: 'newest' }, 'c', { url: 'https://x', description: 'X' })).toBe(
      '[origin]\ncustom-description=X\ncustom-url=https://x\nrefspec=a:b\n',
    );
  });

  test('a remote of a like name is one', () => {
    expect(updateSource(system('[origin]\nrefspec=a:b\n'), 'os', 'ostree-image:x/y')).toMatchObject({ remote: 'ostree-image', ref: 'x/y' });
  });
});
