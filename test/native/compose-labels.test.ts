// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRepo, type RpmSource } from '../fixtures/make-rpm.ts';
import { filesystemPackage } from '../fixtures/shell-package.ts';
import { bundles, ComposeFixture } from './compose-fixture.ts';

let f: ComposeFixture;
const ref = 'test/x86_64/labels';

beforeAll(() => {
  f = new ComposeFixture();
  f.add(filesystemPackage);
});
afterAll(() => f.dispose());

const cache = fileURLToPath(new URL('../../.cache/test/selinux', import.meta.url));

/** Directory with the content of Debian's policy package and the program that takes its modules apart, fetched once. */
function debianPolicy(): string {
  const done = path.join(cache, 'done');
  if (existsSync(done)) return cache;
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const fetch = (): void =>
    void execFileSync('apt-get', ['download', '-q', 'selinux-policy-default', 'semodule-utils', 'selinux-utils'], {
      cwd: cache,
      stdio: 'pipe',
    });
  try {
    fetch();
  } catch {
    execFileSync('apt-get', ['update', '-q'], { stdio: 'pipe' });
    fetch();
  }
  for (const name of readdirSync(cache).filter((n) => n.endsWith('.deb'))) execFileSync('dpkg-deb', ['-x', name, '.'], { cwd: cache });
  writeFileSync(done, '');
  return cache;
}

/** A file context's regular expression up to the first special character: the longer, the more it says. */
const stem = (line: string): number => /^[^.^$?*+|[({\\]*/.exec(line)?.[0].length ?? 0;
const isPlain = (line: string): boolean => stem(line) === (line.split(/\s/)[0] ?? '').length;

/** file_contexts of the policy's modules, in the order in which libsemanage writes them: what says more comes later and wins. */
function fileContexts(policy: string): string {
  const built = path.join(policy, 'file_contexts');
  if (!existsSync(built)) writeFileSync(built, buildFileContexts(policy));
  return readFileSync(built, 'utf8');
}

function buildFileContexts(policy: string): string {
  const modules = path.join(policy, 'usr/share/selinux/default');
  const lines = readdirSync(modules)
    .filter((name) => name.endsWith('.pp.bz2'))
    .sort()
    .flatMap((name) => {
      const packed = path.join(policy, 'module.pp');
      writeFileSync(packed, execFileSync('bzip2', ['-dc', path.join(modules, name)], { maxBuffer: 64 << 20 }));
      const contexts = path.join(policy, 'module.fc');
      rmSync(contexts, { force: true });
      execFileSync(path.join(policy, 'usr/bin/semodule_unpackage'), [packed, path.join(policy, 'module.mod'), contexts]);
      return existsSync(contexts) ? readFileSync(contexts, 'utf8').split('\n') : [];
    })
    .filter((line) => line.startsWith('/') && !/HOME_DIR|HOME_ROOT|%\{|USER/.test(line));
  return [...new Set(lines)]
    .sort((a, b) => Number(isPlain(a)) - Number(isPlain(b)) || stem(a) - stem(b) || a.length - b.length || (a < b ? -1 : 1))
    .map((line) => `${line}\n`)
    .join('');
}

function policyPackage(): RpmSource {
  const policy = debianPolicy();
  const directory = path.join(policy, 'etc/selinux/default');
  const files = Object.fromEntries(
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => execFileSync('stat', ['-c', '%F', path.join(directory, name)], { encoding: 'utf8' }).startsWith('regular'))
      .map((name) => [`/etc/selinux/default/${name}`, readFileSync(path.join(directory, name), 'utf8')]),
  );
  return {
    name: 'selinux-policy-default',
    files: {
      ...files,
      '/etc/selinux/config': 'SELINUX=permissive\nSELINUXTYPE=default\n',
      '/etc/selinux/default/contexts/files/file_contexts': fileContexts(policy),
      // what loads it is a kernel; labels need the file contexts alone
      '/etc/selinux/default/policy/policy.33': 'binary policy',
    },
  };
}

test('labels of Debian’s own policy, with files in hard links, capabilities, links and /usr/etc', async () => {
  f.add(policyPackage(), {
    name: 'labelled',
    files: {
      '/usr/bin/ping': { content: 'ping', mode: '0755', caps: 'cap_net_raw=ep' },
      '/usr/bin/sh': { symlink: 'ping' },
      '/usr/sbin/sshd': { content: 'sshd', mode: '0755' },
      '/usr/lib/systemd/systemd': { content: 'systemd', mode: '0755' },
      '/usr/lib/libone.so.1': { content: 'library', mode: '0755' },
      '/usr/lib/libtwo.so.1': { hardlinkTo: '/usr/lib/libone.so.1', mode: '0755' },
      '/usr/lib/modules/6.1/vmlinuz': 'vmlinuz',
      '/etc/shadow': { content: 'root:!:::::::\n', mode: '0640' },
      '/etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
      '/etc/ssh/sshd_config': 'Port 22\n',
      '/usr/share/doc/readme': 'read',
      '/var/lib/thing': { dir: true },
    },
  });
  await f.compose(
    f.treefile(
      `packages: [selinux-policy-default, labelled, filesystem]\nref: ${ref}\nselinux: true\nselinux-label-version: 1\n`,
      'labels.yaml',
    ),
  );
  const label = (name: string): string | undefined =>
    /'(\w+:\w+:\w+:s0)|"(\w+:\w+:\w+:s0)|(\w+:object_r:\w+:s0)/.exec(f.ostree('ls', '-d', '-X', ref, name))?.[0].replace(/['"]/, '');
  // libselinux's own answer, for the path on the running system
  const root = path.join(f.directory, 'labels-root');
  f.ostree('checkout', ref, root);
  const contexts = path.join(root, 'usr/etc/selinux/default/contexts/files/file_contexts');
  const says = (name: string): string =>
    execFileSync(path.join(cache, 'usr/sbin/matchpathcon'), ['-N', '-n', '-f', contexts, name], { encoding: 'utf8' }).trim();
  const names = {
    '/usr/bin/ping': '/usr/bin/ping',
    '/usr/bin/sh': '/usr/bin/sh',
    '/usr/sbin/sshd': '/usr/sbin/sshd',
    '/usr/lib/systemd/systemd': '/usr/lib/systemd/systemd',
    '/usr/lib/libone.so.1': '/usr/lib/libone.so.1',
    '/usr/lib/libtwo.so.1': '/usr/lib/libtwo.so.1',
    '/usr/etc/shadow': '/etc/shadow',
    '/usr/etc/passwd': '/etc/passwd',
    '/usr/etc/ssh/sshd_config': '/etc/ssh/sshd_config',
    '/usr/share/doc/readme': '/usr/share/doc/readme',
    '/usr/share/rpm/rpmdb.sqlite': '/usr/share/rpm/rpmdb.sqlite',
  };
  expect(Object.fromEntries(Object.keys(names).map((name) => [name, label(name)]))).toEqual(
    Object.fromEntries(Object.entries(names).map(([name, running]) => [name, says(running)])),
  );
  expect(label('/usr/etc/shadow')).toContain('shadow_t');
  expect(label('/usr/sbin/sshd')).toContain('sshd_exec_t');
  expect(f.ostree('ls', '-X', ref, '/usr/bin/ping')).toMatch(/security\.capability.*security\.selinux/s);
  // nothing without a label
  expect(
    f
      .ostree('ls', '-R', '-X', ref)
      .split('\n')
      .filter((line) => !line.includes('security.selinux')),
  ).toEqual([]);
  f.fsck();
});

/** Put IMA signatures into a package's signature header, as `rpmsign --signfiles` does (tags 274 and 275), which not every rpmsign can. */
function signFiles(file: string, signatures: readonly string[]): void {
  const bytes = readFileSync(file);
  const at = 96;
  const [count, size] = [bytes.readUInt32BE(at + 8), bytes.readUInt32BE(at + 12)];
  const dataStart = at + 16 + count * 16;
  const index = bytes.subarray(at + 16, dataStart);
  const data = bytes.subarray(dataStart, dataStart + size);
  const rest = bytes.subarray(Math.ceil((dataStart + size) / 8) * 8);
  const text = Buffer.from(signatures.map((s) => `${s}\0`).join(''));
  const padding = Buffer.alloc((4 - ((size + text.length) % 4)) % 4);
  const length = Buffer.alloc(4);
  length.writeUInt32BE((signatures[0]?.length ?? 0) / 2);
  const entry = (tag: number, type: number, offset: number, n: number): Buffer => {
    const out = Buffer.alloc(16);
    [tag, type, offset, n].forEach((value, i) => out.writeUInt32BE(value, i * 4));
    return out;
  };
  const added = Buffer.concat([entry(274, 8, size, signatures.length), entry(275, 4, size + text.length + padding.length, 1)]);
  const all = Buffer.concat([data, text, padding, length]);
  const head = Buffer.from(bytes.subarray(0, at + 16));
  head.writeUInt32BE(count + 2, at + 8);
  head.writeUInt32BE(all.length, at + 12);
  const header = Buffer.concat([head, index, added, all]);
  const fill = Buffer.alloc((8 - (header.length % 8)) % 8);
  writeFileSync(`${file}.new`, Buffer.concat([header, fill, rest]));
  renameSync(`${file}.new`, file);
}

test('ima: signatures of files become security.ima, and only when they are asked for', async () => {
  const [file = ''] = f.add({
    name: 'signedfiles',
    files: { '/usr/bin/signed': { content: 's', mode: '0755', caps: 'cap_net_raw=p' }, '/usr/share/unsigned': 'u' },
  });
  const signature = '030204aabbccdd0080112233';
  signFiles(file, [signature, '']);
  createRepo(f.packages);
  expect(execFileSync('rpm', ['-qp', '--qf', '[%{FILENAMES}=%{FILESIGNATURES}\n]', file], { encoding: 'utf8' })).toContain(
    `/usr/bin/signed=${signature}\n`,
  );
  const treefile = (more: string): string => f.treefile(`packages: [signedfiles, filesystem]\nref: test/x86_64/ima\n${more}`, 'ima.yaml');
  await f.compose(treefile('ima: true'));
  const shown = f.ostree('ls', '-X', 'test/x86_64/ima', '/usr/bin/signed');
  expect(shown).toContain('security.ima');
  expect(shown.replace(/0x|, |\[byte /g, '')).toContain(signature);
  expect(shown).toContain('security.capability');
  expect(f.ostree('ls', '-X', 'test/x86_64/ima', '/usr/share/unsigned')).not.toContain('security.ima');
  await f.compose(treefile('ima: false'));
  expect(f.ostree('ls', '-X', 'test/x86_64/ima', '/usr/bin/signed')).not.toContain('security.ima');
  f.fsck(path.join(f.cachedir, 'pkgcache-repo'));
});

test('ima where security attributes can’t be set, in a user namespace, is refused clearly', async () => {
  const { cli } = await bundles();
  const treefile = f.treefile('packages: [signedfiles, filesystem]\nref: test/x86_64/ima-user\nima: true\n', 'ima-user.yaml');
  const compose = ['compose', 'tree', `--repo=${f.repo}`, `--cachedir=${path.join(f.directory, 'user-cache')}`, treefile];
  const result = spawnSync('unshare', ['--user', '--map-root-user', process.execPath, cli, ...compose], { encoding: 'utf8' });
  expect(result.status).toBe(1);
  expect(result.stderr).toMatch(/file signatures or capabilities.*not (permitted|supported)/is);
});

test('ima without anything signed is an error at its line', async () => {
  const report = await f.failure(f.treefile('packages: [filesystem]\nima: true\n'));
  expect(report).toMatchObject({ code: 'compose.no-file-signatures', line: 2 });
});
