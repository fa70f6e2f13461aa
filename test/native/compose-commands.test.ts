// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { composeFails as fails, ComposeFixture, composeOk as ok } from './compose-fixture.ts';

let f: ComposeFixture;
const ref = 'test/x86_64/base';
const kernel = { name: 'kernel', arch: 'x86_64', files: { '/boot/vmlinuz-6.1': 'vmlinuz', '/boot/initramfs-6.1.img': 'initramfs' } };

beforeAll(() => {
  f = new ComposeFixture();
  f.add(
    filesystemPackage,
    shellPackage(),
    kernel,
    {
      name: 'app',
      tags: ['Requires: testshell'],
      files: {
        '/etc/app.conf': 'packaged\n',
        '/usr/bin/app': { content: 'app', mode: '4755' },
        '/usr/bin/ping': { content: 'p', mode: '0755', caps: 'cap_net_raw=p' },
        '/var/lib/app': { dir: true, mode: '0750' },
      },
      scripts: { post: 'echo ran > /usr/share/app-post' },
      changelog: '* Mon Mar 02 2026 A <a@x> - 1-1\n- First',
    },
    { name: 'lib', version: '2', files: { '/usr/lib/lib.so': 'l2' } },
    { name: 'lib-devel', version: '2', tags: ['Requires: lib = 2'], files: { '/usr/include/lib.h': 'h2' } },
    { name: 'tool', tags: ['Requires: tool-data'], files: { '/usr/bin/tool': 't' } },
    { name: 'tool-data', files: { '/usr/share/tool': 'd' } },
    { name: 'other-arch', files: { '/usr/share/other': 'o' } },
  );
});
afterAll(() => f.dispose());

const at = (name: string): string => path.join(f.directory, name);

const tree = (): string =>
  f.treefile('packages: [app, kernel, filesystem]\ncontainer: false\nautomatic-version-prefix: "7"\nmutate-os-release: "1"\n', 'app.yaml');

test('install, edit, postprocess, commit give what compose tree gives, with the edit', async () => {
  const treefile = tree();
  const destdir = path.join(f.directory, 'dest');
  const rootfs = path.join(destdir, 'rootfs');
  expect(await ok('install', treefile, destdir, `--cachedir=${f.cachedir}`, `--repo=${f.repo}`)).toContain('Version: 7');
  // what rpm-ostree leaves: the root of an OSTree system, but nothing postprocessed; nothing shared with the cache
  expect(readFileSync(path.join(rootfs, 'usr/etc/app.conf'), 'utf8')).toBe('packaged\n');
  expect(existsSync(path.join(rootfs, 'etc'))).toBe(false);
  expect(['home', 'root', 'opt', 'srv', 'mnt', 'media', 'usr/local'].map((name) => readlinkSync(path.join(rootfs, name)))).toEqual([
    'var/home',
    'var/roothome',
    'var/opt',
    'var/srv',
    'var/mnt',
    'run/media',
    '../var/usrlocal',
  ]);
  const integration = path.join(rootfs, 'usr/lib/tmpfiles.d/rpm-ostree-0-integration.conf');
  expect(existsSync(integration)).toBe(false);
  expect(statSync(path.join(rootfs, 'usr/bin/app')).nlink).toBe(1);
  expect(statSync(path.join(rootfs, 'usr/bin/app')).mode & 0o7777).toBe(0o4755);
  expect(readFileSync(path.join(rootfs, 'usr/share/app-post'), 'utf8')).toBe('ran\n');
  expect(lstatSync(path.join(rootfs, 'var/lib/app')).isDirectory()).toBe(true);
  expect(await fails('install', treefile, destdir, `--cachedir=${f.cachedir}`)).toContain('something already');

  const whole = await f.compose(treefile);
  const expected = f.list();
  writeFileSync(path.join(rootfs, 'usr/etc/app.conf'), 'edited\n');
  // straight from install: commit postprocesses, as rpm-ostree does
  const direct = path.join(destdir, 'direct');
  execFileSync('cp', ['-a', rootfs, direct]);
  await ok(
    'commit',
    treefile,
    direct,
    `--repo=${f.repo}`,
    `--cachedir=${f.cachedir}`,
    '--no-parent',
    `--write-commitid-to=${at('direct')}`,
  );
  const directRows = f.list(readFileSync(at('direct'), 'utf8'));
  expect(await ok('postprocess', rootfs, treefile)).toContain('Kernel: 6.1');
  expect(existsSync(integration)).toBe(true);
  const text = await ok('commit', treefile, rootfs, `--repo=${f.repo}`, `--cachedir=${f.cachedir}`, '--add-metadata-string=who=me');
  const checksum = f.ostree('rev-parse', ref);
  expect(text).toContain(`${ref} => ${checksum}`);
  f.fsck();
  expect(f.list()).toEqual(directRows);
  expect(f.ostree('rev-parse', `${ref}^`)).toBe(whole.checksum);
  const made = f.list();
  expect([...made.keys()].sort()).toEqual([...expected.keys()].sort());
  const differing = [...made].filter(([name, row]) => expected.get(name) !== row).map(([name]) => name);
  expect(differing).toEqual(['/usr/etc/app.conf']);
  expect(f.cat('/usr/etc/app.conf')).toBe('edited\n');
  expect(f.ostree('show', '--print-metadata-key=who', ref)).toBe("'me'");
  expect(f.ostree('show', '--print-metadata-key=ostree.linux', ref)).toBe("'6.1'");
  expect(f.ostree('show', '--print-metadata-key=rpmostree.rpmdb.pkglist', ref)).toContain("'app', '0', '1', '1', 'noarch'");
  expect(f.ostree('ls', '-X', ref, '/usr/bin/ping')).toContain('security.capability');
  // the next compose of the treefile makes its own tree again
  expect(await f.compose(treefile)).toMatchObject({ changed: true });
  expect(f.cat('/usr/etc/app.conf')).toBe('packaged\n');
});

/** A root file system that no package manager of ours knows. */
function madeByOthers(root: string): void {
  for (const name of ['etc', 'usr/bin', 'usr/lib/modules/5.0', 'var/lib/rpm', 'var/lib/thing', 'home'])
    mkdirSync(path.join(root, name), { recursive: true });
  writeFileSync(path.join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(path.join(root, 'etc/group'), 'root:x:0:\n');
}

test('install --postprocess and rootfs; postprocess of a directory that others made', async () => {
  const treefile = tree();
  await ok('install', treefile, path.join(f.directory, 'dest2'), `--cachedir=${f.cachedir}`, '--postprocess');
  expect(readFileSync(path.join(f.directory, 'dest2/rootfs/usr/etc/app.conf'), 'utf8')).toBe('packaged\n');
  const dest = path.join(f.directory, 'plain');
  await ok('rootfs', treefile, dest, `--cachedir=${f.cachedir}`);
  expect(readFileSync(path.join(dest, 'etc/app.conf'), 'utf8')).toBe('packaged\n');
  expect(lstatSync(path.join(dest, 'opt')).isSymbolicLink()).toBe(true);
  expect(existsSync(path.join(dest, 'usr/lib/modules/6.1/vmlinuz'))).toBe(true);
  expect(readFileSync(path.join(dest, 'usr/lib/tmpfiles.d/rpm-ostree-autovar.conf'), 'utf8')).toContain('/var/lib/app');

  const foreign = path.join(f.directory, 'foreign');
  madeByOthers(foreign);
  writeFileSync(path.join(foreign, 'usr/lib/modules/5.0/vmlinuz'), 'k');
  writeFileSync(path.join(foreign, 'usr/lib/modules/5.0/initramfs.img'), 'i');
  writeFileSync(path.join(foreign, 'var/lib/rpm/rpmdb.sqlite'), '');
  expect(await ok('postprocess', foreign)).toContain('Kernel: 5.0');
  expect(readdirSync(foreign).sort()).toEqual(expect.arrayContaining(['boot', 'dev', 'home', 'opt', 'ostree', 'sysroot', 'usr', 'var']));
  expect(existsSync(path.join(foreign, 'usr/share/rpm/rpmdb.sqlite'))).toBe(true);
  expect(readdirSync(path.join(foreign, 'usr/etc'))).toContain('passwd');
  expect(readdirSync(f.directory).filter((name) => name.startsWith('.treeline-'))).toEqual([]);
  expect(await fails('postprocess', path.join(f.directory, 'nothing'))).toContain('no /usr');
  // what would be waited for, and what doesn't end
  execFileSync('mkfifo', [path.join(f.directory, 'pipe')]);
  for (const odd of ['pipe', '/dev/zero']) {
    const tree = path.join(f.directory, `with-${path.basename(odd)}`);
    madeByOthers(tree);
    const added = f.treefile(`packages: []\nadd-files: [[${odd}, /usr/share/odd]]\n`, 'odd.yaml');
    expect(await fails('postprocess', tree, added)).toContain('neither a file nor a directory nor a link');
  }
});

test('extensions: resolved with exactly the base, nothing that it has; development packages as they are', async () => {
  const treefile = f.treefile('packages: [app, lib, filesystem]\nref: test/x86_64/ext\n', 'ext.yaml');
  await f.compose(treefile);
  f.add(
    { name: 'lib', version: '3', files: { '/usr/lib/lib.so': 'l3' } },
    { name: 'lib-devel', version: '3', tags: ['Requires: lib = 3'], files: { '/usr/include/lib.h': 'h3' } },
  );
  const extensions = path.join(f.directory, 'extensions.yaml');
  writeFileSync(
    extensions,
    'extensions:\n  tools:\n    packages: [tool]\n  devel:\n    packages: [lib-devel]\n    match-base-evr: lib\n    kind: development\n  other:\n    packages: [other-arch]\n    architectures: [s390x]\n',
  );
  const output = path.join(f.directory, 'ext-out');
  const touched = path.join(f.directory, 'ext-touched');
  const args = [
    'extensions',
    treefile,
    extensions,
    `--repo=${f.repo}`,
    `--output-dir=${output}`,
    `--cachedir=${f.cachedir}`,
    `--touch-if-changed=${touched}`,
  ];
  expect(await ok(...args)).toContain('tool-data-1-1.noarch\n');
  expect(readdirSync(output).sort()).toEqual([
    'extensions.json',
    'lib-devel-2-1.noarch.rpm',
    'tool-1-1.noarch.rpm',
    'tool-data-1-1.noarch.rpm',
  ]);
  expect(existsSync(touched)).toBe(true);
  expect(await ok(...args)).toContain('No change');
  // the same base as a root file system: the same packages
  const rootfs = path.join(f.directory, 'ext-root');
  f.ostree('checkout', '--user-mode', 'test/x86_64/ext', rootfs);
  const fromRoot = args.map((arg) => (arg.startsWith('--repo=') ? `--rootfs=${rootfs}` : arg));
  expect(await ok(...fromRoot)).toContain('No change');
  expect(await fails(...fromRoot, `--repo=${f.repo}`)).toContain('--rootfs stands for --repo');
  expect(await fails(...fromRoot, `--rootfs=${f.directory}`)).toContain('no RPM database');
  writeFileSync(extensions, 'extensions:\n  tools:\n    packages: [tool-data]\n');
  await ok(...args);
  expect(readdirSync(output).sort()).toEqual(['extensions.json', 'tool-data-1-1.noarch.rpm']);
  // what would need another version of a base package is refused
  writeFileSync(extensions, 'extensions:\n  new:\n    packages: [lib-devel-3]\n');
  expect(await fails(...args)).toMatch(/lib/);
  writeFileSync(extensions, 'extensions:\n  new:\n    packages: []\n    kinds: x\n');
  expect(await fails(...args)).toContain('extensions.new');
});
