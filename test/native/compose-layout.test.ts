// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowInstall } from '../fixtures/rpm-install.mjs';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { ComposeFixture } from './compose-fixture.ts';

let f: ComposeFixture;
const script = (text: string): { content: string; mode: string } => ({ content: `#!/bin/sh\n${text}\n`, mode: '0755' });

beforeAll(() => {
  f = new ComposeFixture();
  f.add(
    filesystemPackage,
    shellPackage(),
    {
      name: 'local',
      files: {
        '/opt/vendor/bin/tool': script('echo vendor'),
        '/usr/local/bin/mine': script('echo mine'),
        '/run/local': { dir: true, mode: '0750' },
        '/boot/efi/EFI/BOOT/BOOTX64.EFI': 'loader',
        '/export': { dir: true },
      },
    },
    {
      name: 'words',
      files: {
        '/usr/share/locale/de/words.mo': { content: 'de', directive: '%lang(de)' },
        '/usr/share/locale/pt_BR/words.mo': { content: 'pt', directive: '%lang(pt_BR)' },
        '/usr/share/locale/fr/words.mo': { content: 'fr', directive: '%lang(fr)' },
        '/usr/share/words/README': { content: 'read', directive: '%doc' },
        '/usr/share/words/data': 'data',
      },
    },
    {
      name: 'programs',
      files: {
        '/usr/bin/plain': { ...script('true'), mode: '0755' },
        '/usr/bin/special': { content: 'suid', mode: '4775', caps: 'cap_net_raw=ep' },
        '/usr/share/programs/data': { content: 'data', mode: '0664' },
      },
      rawFiles: ['%dev(c,1,3) %attr(0666,root,root) /usr/share/null'],
    },
    {
      name: 'tools',
      tags: ['Requires: testshell'],
      files: {
        '/usr/bin/rpm': script('echo "real rpm: $*"'),
        '/usr/bin/dnf-3': script('echo "real dnf: $*"'),
        '/usr/bin/dnf': { symlink: 'dnf-3' },
        '/usr/bin/yum': { symlink: 'dnf-3' },
        '/usr/bin/kernel-install': script('echo real kernel-install'),
      },
    },
    {
      name: 'overlays',
      files: {
        '/usr/lib/systemd/system/ostree-state-overlay@.service': '[Unit]\nDescription=%I\n[Service]\nExecStart=/bin/true\n',
        '/usr/lib/systemd/system/local-fs.target': '[Unit]\n',
      },
    },
    { name: 'ndb-rpm', files: { '/usr/lib/rpm/macros': '%_db_backend\t\tndb\n' } },
    { name: 'outside', files: { '/data/file': 'x' } },
    { name: 'atboot', files: { '/run/pid': 'x' } },
  );
});
afterAll(() => f.dispose());

let count = 0;
/** Compose packages with more lines of treefile; returns the commit. */
async function compose(packages: string, more = ''): Promise<string> {
  const name = `layout${count++}`;
  const { checksum } = await f.compose(f.treefile(`packages: [${packages}]\nref: test/x86_64/${name}\n${more}\n`, `${name}.yaml`));
  return checksum;
}

function checkout(revision: string): string {
  const target = path.join(f.directory, `checkout-${revision.slice(0, 12)}`);
  f.ostree('checkout', revision, target);
  return target;
}

describe('opt-usrlocal', () => {
  test('var: both are the machine’s, with what packages brought linked or copied at boot', async () => {
    const commit = await compose('local, filesystem');
    const list = f.list(commit);
    expect(list.get('/opt')).toBe('l00777 0 0 -> var/opt');
    expect(list.get('/usr/local')).toBe('l00777 0 0 -> ../var/usrlocal');
    expect(list.has('/usr/lib/opt/vendor/bin/tool')).toBe(true);
    const lines = f.cat('/usr/lib/tmpfiles.d/rpm-ostree-autovar.conf', commit);
    expect(lines).toContain('L /var/opt/vendor - - - - ../../usr/lib/opt/vendor\n');
    expect(lines).toContain('C /var/usrlocal/bin/mine 0755 root root - /usr/share/factory/var/usrlocal/bin/mine\n');
    expect(lines).toContain('d /run/local 0750 root root -\n');
    expect(list.get('/usr/lib/ostree-boot')).toBeUndefined();
    expect(list.get('/export')).toBe('d00755 0 0');
  });

  test('root: plain directories of the tree', async () => {
    const commit = await compose('local, filesystem', 'opt-usrlocal: root');
    const list = f.list(commit);
    expect(list.get('/opt/vendor/bin/tool')).toMatch(/^-00755 0 0/);
    expect(list.get('/usr/local/bin/mine')).toMatch(/^-00755 0 0/);
    expect(f.cat('/usr/lib/tmpfiles.d/rpm-ostree-0-integration.conf', commit)).not.toMatch(/usrlocal|\/var\/opt/);
    const empty = f.list(await compose('filesystem', 'opt-usrlocal: root'));
    expect([empty.get('/opt'), empty.get('/usr/local')]).toEqual(['d00755 0 0', 'd00755 0 0']);
  });

  test('state-overlay: with libostree’s units, or refused', async () => {
    const commit = await compose('local, overlays, filesystem', 'opt-usrlocal: state-overlay');
    const list = f.list(commit);
    expect(list.get('/opt')).toBe('l00777 0 0 -> usr/lib/opt');
    expect(list.has('/usr/lib/opt/vendor/bin/tool')).toBe(true);
    expect(list.has('/usr/local/bin/mine')).toBe(true);
    for (const name of ['usr-lib-opt', 'usr-local'])
      expect(list.get(`/usr/lib/systemd/system/local-fs.target.requires/ostree-state-overlay@${name}.service`)).toBe(
        'l00777 0 0 -> ../ostree-state-overlay@.service',
      );
    const report = await f.failure(f.treefile('packages: [local, filesystem]\nopt-usrlocal: state-overlay\n'));
    expect(report).toMatchObject({ code: 'treefile.invalid-value', key: 'opt-usrlocal', line: 2 });
  });
});

test('the rest of /boot is kept where bootupd looks, in a tree that boots', async () => {
  f.add({
    name: 'kernel',
    arch: 'x86_64',
    files: { '/boot/vmlinuz-6.3': 'vmlinuz', '/boot/config-6.3': 'CONFIG_X=y', '/boot/initramfs-6.3.img': 'i' },
  });
  const list = f.list(
    await compose('local, kernel, filesystem', 'container: false\nboot-location: kernel-install\nmachineid-compat: false'),
  );
  expect(list.has('/usr/lib/ostree-boot/efi/EFI/BOOT/BOOTX64.EFI')).toBe(true);
  expect([...list.keys()].filter((name) => name.startsWith('/boot/') || name.startsWith('/usr/lib/ostree-boot/vml'))).toEqual([]);
  for (const name of ['vmlinuz', 'config', 'initramfs.img']) expect(list.has(`/usr/lib/modules/6.3/${name}`), name).toBe(true);
  expect(list.has('/usr/etc/machine-id')).toBe(false);
});

test('install-langs and documentation leave files out as rpm does, and rpm -V knows', async () => {
  const commit = await compose('words, filesystem', 'install-langs: [de_DE, pt_BR]\ndocumentation: false');
  const words = [...f.list(commit).keys()].filter((name) => /words\/|words\.mo/.test(name));
  const root = path.join(f.directory, 'langs-root');
  const rpm = ['--root', root, '--dbpath', '/usr/share/rpm'];
  execFileSync('rpm', [...rpm, '--initdb']);
  const packages = path.join(f.packages, 'words-1-1.noarch.rpm');
  execFileSync('rpm', [...rpm, ...allowInstall, '--nodeps', '--excludedocs', '--define', '_install_langs de_DE:pt_BR', '-U', packages]);
  const theirs = execFileSync('find', ['usr/share', '-path', '*words*', '-type', 'f'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
  expect(words.sort()).toEqual(theirs.map((name) => `/${name}`).sort());
  const verify = ['--root', checkout(commit), '--dbpath', '/usr/share/rpm', '-V', '--nomtime', 'words'];
  expect(spawnSync('rpm', verify, { encoding: 'utf8' })).toMatchObject({ stdout: '', status: 0 });
  expect(f.cat('/usr/lib/rpm/macros.d/macros.rpm-ostree', commit)).toContain('%_install_langs de_DE:pt_BR\n');
});

test('readonly-executables: no program can be written, whoever owns it; capabilities and setuid stay', async () => {
  const commit = await compose('programs, filesystem', 'readonly-executables: true');
  const list = f.list(commit);
  expect(list.get('/usr/bin/plain')).toMatch(/^-00555 0 0/);
  expect(list.get('/usr/bin/special')).toMatch(/^-04555 0 0/);
  expect(list.get('/usr/share/programs/data')).toMatch(/^-00664 0 0/);
  expect(f.ostree('ls', '-X', commit, '/usr/bin/special')).toContain('security.capability');
  f.fsck(path.join(f.cachedir, 'pkgcache-repo'));
});

test('ignore-devices: left out, or refused by name', async () => {
  expect(f.list(await compose('programs, filesystem')).has('/usr/share/null')).toBe(false);
  const report = await f.failure(f.treefile('packages: [programs, filesystem]\nignore-devices: false\n'));
  expect(report).toMatchObject({ code: 'package.unsupported', subject: 'programs-1-1.noarch' });
  expect(report.detail).toContain('/usr/share/null');
});

test('cliwrap: what looks goes on, what changes is refused with what to use instead', async () => {
  const root = checkout(await compose('tools', 'cliwrap: true'));
  const run = (...command: string[]): { status: number | null; text: string } => {
    const result = spawnSync(
      'bwrap',
      ['--bind', root, '/', '--proc', '/proc', '--dev', '/dev', '--clearenv', '--setenv', 'PATH', '/usr/bin', ...command],
      {
        encoding: 'utf8',
      },
    );
    return { status: result.status, text: `${result.stdout}${result.stderr}`.trim() };
  };
  expect(run('rpm', '-qa')).toEqual({ status: 0, text: 'real rpm: -qa' });
  expect(run('rpm', '--root', '/x', '-V', 'pkg')).toEqual({ status: 0, text: 'real rpm: --root /x -V pkg' });
  expect(run('rpm', '-Uvh', 'x.rpm')).toMatchObject({ status: 1, text: expect.stringContaining('treeline install') as string });
  expect(run('rpm', '--rebuilddb')).toMatchObject({ status: 1 });
  expect(run('dnf', '--refresh', 'repoquery', 'bash')).toEqual({ status: 0, text: 'real dnf: --refresh repoquery bash' });
  expect(run('dnf', '-y', 'install', 'bash')).toMatchObject({ status: 1, text: expect.stringContaining('treeline install') as string });
  expect(run('yum', 'history', 'undo', '1')).toMatchObject({ status: 1 });
  expect(run('yum', 'list')).toEqual({ status: 0, text: 'real dnf: list' });
  expect(run('kernel-install', 'add')).toEqual({ status: 0, text: '' });
  expect(readFileSync(path.join(root, 'usr/libexec/rpm-ostree/wrapped/rpm'), 'utf8')).toContain('real rpm');
});

test('cliwrap-binaries: only these; what the tree lacks is an error at its line', async () => {
  const list = f.list(await compose('tools', 'cliwrap-binaries: [kernel-install]'));
  expect(list.has('/usr/libexec/rpm-ostree/wrapped/kernel-install')).toBe(true);
  expect(list.has('/usr/libexec/rpm-ostree/wrapped/rpm')).toBe(false);
  const report = await f.failure(f.treefile('packages: [tools]\ncliwrap-binaries:\n  - kernel-install\n  - dracut\n'));
  expect(report).toMatchObject({ code: 'treefile.invalid-value', key: 'cliwrap-binaries', line: 4 });
});

/** Whether this machine's librpm was built with the ndb format. */
function hasNdb(): boolean {
  const directory = path.join(f.directory, 'ndb-trial');
  execFileSync('rpm', ['--root', directory, '--dbpath', '/db', '--define', '_db_backend ndb', '--initdb'], { stdio: 'ignore' });
  return existsSync(path.join(directory, 'db/Packages.db'));
}

test.each([
  ['target, of a tree whose rpm prefers ndb', 'ndb-rpm, filesystem', '', 'ndb'],
  ['sqlite', 'ndb-rpm, filesystem', 'rpmdb: sqlite', 'sqlite'],
  ['host', 'ndb-rpm, filesystem', 'rpmdb: host', 'sqlite'],
  ['ndb', 'words, filesystem', 'rpmdb: ndb', 'ndb'],
])('rpmdb: %s', async (_, packages, more, wanted) => {
  const backend = hasNdb() ? wanted : 'sqlite';
  if (more === 'rpmdb: ndb' && backend !== wanted) {
    const report = await f.failure(f.treefile(`packages: [${packages}]\n${more}\n`));
    return expect(report).toMatchObject({ code: 'not-supported', key: 'rpmdb', line: 2, detail: 'this system’s librpm can’t write one' });
  }
  const commit = await compose(packages, more);
  expect([...f.list(commit).keys()].filter((name) => /^\/usr\/share\/rpm\/(rpmdb|Packages)/.test(name))).toEqual([
    `/usr/share/rpm/${backend === 'ndb' ? 'Packages.db' : 'rpmdb.sqlite'}`,
  ]);
  const rpm = ['--root', checkout(commit), '--dbpath', '/usr/share/rpm', '--define', `_db_backend ${backend}`];
  expect(
    execFileSync('rpm', [...rpm, '-qa'], { encoding: 'utf8' })
      .trim()
      .split('\n'),
  ).toHaveLength(2);
});

test.each([
  ['outside', '/data/file'],
  ['atboot', '/run/pid'],
])('a file outside of the allowed places: %s', async (name, file) => {
  const report = await f.failure(f.treefile(`packages: [${name}, filesystem]\nref: test/x86_64/outside\n`));
  expect(report).toMatchObject({ code: 'package.outside-tree', subject: `${name}-1-1.noarch`, detail: file });
});
