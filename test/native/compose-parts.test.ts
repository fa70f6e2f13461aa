// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { ComposeFixture } from './compose-fixture.ts';

let f: ComposeFixture;

beforeAll(() => {
  f = new ComposeFixture();
  f.add(filesystemPackage, shellPackage());
});
afterAll(() => f.dispose());

test('a missing initramfs is made by the tree’s dracut in the sandbox; boot-location new keeps copies; tmp-is-dir', async () => {
  f.add(
    { name: 'barekernel', arch: 'x86_64', files: { '/usr/lib/modules/6.2/vmlinuz': 'kernel 6.2' } },
    {
      name: 'dracut',
      tags: ['Requires: testshell'],
      files: { '/usr/bin/dracut': { content: '#!/bin/sh\nfor last; do :; done\necho "$@" > "$last"\necho dracut ran\n', mode: '0755' } },
    },
  );
  const treefile = f.treefile(
    'packages: [barekernel, dracut]\nref: test/x86_64/dracut\ncontainer: false\nboot-location: new\ninitramfs-args: [--omit, plymouth]\ntmp-is-dir: true\n',
    'dracut.yaml',
  );
  const { checksum } = await f.compose(treefile);
  expect(f.messages).toContain('dracut: dracut ran');
  const initramfs = '/usr/lib/modules/6.2/initramfs.img';
  expect(f.cat(initramfs, checksum)).toBe(`--no-hostonly --reproducible --kver 6.2 --add ostree --force --omit plymouth ${initramfs}\n`);
  expect(
    [...f.list(checksum).keys()]
      .filter((name) => name.startsWith('/usr/lib/ostree-boot/'))
      .map((name) => name.replace(/[0-9a-f]{64}$/, 'SUM')),
  ).toEqual(['/usr/lib/ostree-boot/initramfs-6.2.img-SUM', '/usr/lib/ostree-boot/vmlinuz-6.2-SUM']);
  expect(f.list(checksum).get('/tmp')).toBe('d01777 0 0');
  expect(f.ostree('show', '--print-metadata-key=rpmostree.initramfs-args', checksum)).toBe("['--omit', 'plymouth']");
});

test('SELinux labels come from the policy in the tree, for files in hard links, too', async () => {
  const contexts = [
    '/.*\tsystem_u:object_r:default_t:s0',
    '/usr/bin(/.*)?\tsystem_u:object_r:bin_t:s0',
    '/etc(/.*)?\tsystem_u:object_r:etc_t:s0',
    '',
  ].join('\n');
  f.add(
    {
      name: 'policy',
      files: {
        '/etc/selinux/config': 'SELINUX=enforcing\nSELINUXTYPE=targeted\n',
        '/etc/selinux/targeted/contexts/files/file_contexts': contexts,
        '/etc/selinux/targeted/policy/policy.31': 'policy',
      },
    },
    { name: 'labelled', files: { '/usr/bin/labelled': { content: 'l', mode: '0755', caps: 'cap_net_raw=p' }, '/etc/labelled.conf': 'c' } },
  );
  await f.compose(f.treefile('packages: [policy, labelled, filesystem]\nref: test/x86_64/selinux\nselinux: true\n', 'selinux.yaml'));
  const label = (name: string): string | undefined => /object_r:(\w+)/.exec(f.ostree('ls', '-d', '-X', 'test/x86_64/selinux', name))?.[1];
  expect(['/', '/usr/bin', '/usr/bin/labelled', '/usr/etc/labelled.conf', '/usr/lib/os-release'].map(label)).toEqual([
    'default_t',
    'bin_t',
    'bin_t',
    'etc_t',
    'default_t',
  ]);
  expect(f.ostree('ls', '-X', 'test/x86_64/selinux', '/usr/bin/labelled')).toContain('security.capability');
  f.fsck();
});

test('large packages are imported by several processes, with the same result', async () => {
  const big = (name: string): { name: string; files: Record<string, { content: Buffer }>; defines: Record<string, string> } => ({
    name,
    files: { [`/usr/share/${name}`]: { content: randomBytes(15 << 20) } },
    defines: { _binary_payload: 'w0.gzdio' },
  });
  f.add(big('big1'), big('big2'), { name: 'small', files: { '/usr/share/small': 's' } });
  const treefile = f.treefile('packages: [big1, big2, small, filesystem]\nref: test/x86_64/big\n', 'big.yaml');
  expect(await f.compose(treefile)).toMatchObject({ changed: true, imported: 3, cached: 1 });
  const one = f
    .ostree('show', 'test/x86_64/big')
    .split('\n')
    .find((l) => l.startsWith('ContentChecksum'));
  f.fsck(path.join(f.cachedir, 'pkgcache-repo'));
  expect(f.list('test/x86_64/big').get('/usr/share/big2')).toBe(`-00644 0 0 ${15 << 20}`);
  expect(f.fractions).toEqual([...f.fractions].sort((a, b) => a - b));
  // everything is in the cache now: one process, the same tree
  expect(await f.compose(treefile, { forceNocache: true })).toMatchObject({ imported: 4 });
  expect(
    f
      .ostree('show', 'test/x86_64/big')
      .split('\n')
      .find((l) => l.startsWith('ContentChecksum')),
  ).toBe(one);
  // a damaged package found by such a process is named like any other
  const file = path.join(f.packages, 'big2-1-1.noarch.rpm');
  const bytes = readFileSync(file);
  bytes.writeUInt8(bytes.readUInt8(9000) ^ 1, 9000);
  writeFileSync(file, bytes);
  expect(await f.failure(treefile, { forceNocache: true })).toMatchObject({ code: 'package.corrupt', subject: 'big2-1-1.noarch' });
});
