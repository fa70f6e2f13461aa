// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RpmSource } from '../fixtures/make-rpm.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { ComposeFixture } from './compose-fixture.ts';

let f: ComposeFixture;
const ref = 'test/x86_64/users';

const withUsers = (version: string, passwd: string, group: string): RpmSource => ({
  name: 'setup',
  version,
  files: {
    '/etc/passwd': `root:x:0:0:root:/root:/bin/sh\n${passwd}`,
    '/etc/group': `root:x:0:\n${group}`,
    '/etc/shadow': { content: 'root:!*:19000:0:99999:7:::\n', mode: '0640' },
    '/etc/nsswitch.conf': 'passwd: files systemd\ngroup: files\n',
  },
});

beforeAll(async () => {
  f = new ComposeFixture();
  f.add(
    filesystemPackage,
    shellPackage(),
    withUsers('1', 'bin:x:1:1::/bin:/sbin/nologin\nold:x:40:40::/:/sbin/nologin\n', 'bin:x:1:\nold:x:40:\nwheel:x:10:\n'),
    {
      name: 'service',
      files: {
        '/usr/lib/sysusers.d/svc.conf': 'u svc - "Service"\nm svc wheel\n',
        '/usr/lib/sysusers.d/masked.conf': 'u masked -\n',
        '/etc/sysusers.d/masked.conf': { symlink: '/dev/null' },
      },
    },
    {
      name: 'adds',
      tags: ['Requires: testshell'],
      files: { '/usr/share/adds/file': { content: 'a', mode: '0640', user: 'adder', group: 'adder' } },
      scripts: { pre: 'echo "adder:x:71:71:Added:/:/sbin/nologin" >> /etc/passwd; echo "adder:x:71:" >> /etc/group' },
    },
  );
  await f.compose(treefile());
});
afterAll(() => f.dispose());

function treefile(more = '', packages = 'setup, service, adds, filesystem'): string {
  return f.treefile(`packages: [${packages}]\nref: ${ref}\netc-group-members: [wheel]\n${more}\n`, 'users.yaml');
}
const read = (file: string): string => f.cat(file, ref);

test('users from files, from %pre scripts and from sysusers.d, where nss-altfiles reads them', () => {
  expect(read('/usr/etc/passwd')).toBe('root:x:0:0:root:/root:/bin/sh\n');
  expect(read('/usr/lib/passwd')).toBe(
    'bin:x:1:1::/bin:/sbin/nologin\nold:x:40:40::/:/sbin/nologin\nadder:x:71:71:Added:/:/sbin/nologin\nsvc:x:999:999:Service:/:/usr/sbin/nologin\n',
  );
  expect(read('/usr/etc/group')).toBe('root:x:0:\nwheel:x:10:svc\n');
  expect(read('/usr/lib/group')).toContain('svc:x:999:\n');
  expect(read('/usr/etc/nsswitch.conf')).toBe('passwd: files altfiles systemd\ngroup: files altfiles\n');
  expect(f.list(ref).get('/usr/share/adds/file')).toBe('-00640 71 71 1');
  expect(f.list(ref).get('/usr/etc/shadow')).toMatch(/^-00640 0 0/);
});

test('the ids of the previous commit stay, of users whose package has gone, too', async () => {
  await f.compose(treefile('', 'setup, adds, filesystem'));
  expect(read('/usr/lib/passwd')).toContain('svc:x:999:999:');
});

test('without preserve-passwd a user that is gone is an error, unless it may be', async () => {
  const lines = 'preserve-passwd: false';
  const report = await f.failure(treefile(lines, 'setup, adds, filesystem'));
  expect(report).toMatchObject({ code: 'compose.user-conflict', subject: 'User svc', facts: { name: 'svc', check: 'previous' } });
  expect(report.detail).toContain('ignore-removed-users');
  const alone = await f.failure(treefile(`${lines}\nignore-removed-users: [svc]`, 'setup, adds, filesystem'));
  expect(alone).toMatchObject({ subject: 'Group svc' });
  await f.compose(treefile(`${lines}\nignore-removed-users: [svc]\nignore-removed-groups: ["*"]`, 'setup, adds, filesystem'));
  expect(read('/usr/lib/passwd')).not.toContain('svc');
});

test('check-passwd by data: an id that isn’t the one asked for, a user that isn’t there', async () => {
  const wrong = await f.failure(treefile('check-passwd: {type: data, entries: {bin: 1, adder: [71, 72]}}'));
  expect(wrong).toMatchObject({ code: 'compose.user-conflict', subject: 'User adder', key: 'check-passwd', line: 4 });
  expect(wrong.detail).toContain('group 72');
  expect(await f.failure(treefile('check-groups: {type: data, entries: {bin: 2}}'))).toMatchObject({
    subject: 'Group bin',
    key: 'check-groups',
  });
  expect(await f.failure(treefile('check-passwd: {type: data, entries: {nobody: 65534}}'))).toMatchObject({ subject: 'User nobody' });
  await f.compose(treefile('check-passwd: {type: data, entries: {bin: [1, 1], adder: 71}}\ncheck-groups: {type: none}'));
  expect(f.messages).toContain('new users: old, svc');
});

test('check-passwd by file: its users are taken over, and win against a package’s', async () => {
  writeFileSync(
    path.join(f.directory, 'fixed-passwd'),
    'root:x:0:0:root:/root:/bin/sh\nsvc:x:500:500:Service:/:/usr/sbin/nologin\nbin:x:1:1::/bin:/sbin/nologin\n',
  );
  writeFileSync(path.join(f.directory, 'fixed-group'), 'svc:x:500:\n');
  const lines = 'check-passwd: {type: file, filename: fixed-passwd}\ncheck-groups: {type: file, filename: fixed-group}';
  await f.compose(treefile(lines), { noParent: true });
  expect(read('/usr/lib/passwd')).toContain('svc:x:500:500:');
  writeFileSync(path.join(f.directory, 'fixed-passwd'), 'bin:x:2:1::/bin:/sbin/nologin\n');
  await f.compose(treefile(lines), { noParent: true });
  expect(read('/usr/lib/passwd')).toContain('bin:x:2:1:');
  expect(read('/usr/lib/passwd')).not.toContain('bin:x:1:');
  writeFileSync(path.join(f.directory, 'fixed-passwd'), 'svc:x:500:500:Service:/:/usr/sbin/nologin\n');
  expect(await f.failure(treefile(lines.replace('fixed-group', 'nowhere')))).toMatchObject({
    code: 'treefile.invalid-value',
    key: 'check-groups',
    line: 5,
  });
});

test('a package that now brings another id for a name is a conflict', async () => {
  f.add(withUsers('2', 'bin:x:3:1::/bin:/sbin/nologin\nold:x:40:40::/:/sbin/nologin\n', 'bin:x:1:\nold:x:40:\nwheel:x:10:\n'));
  expect(await f.failure(treefile())).toMatchObject({ code: 'compose.user-conflict', subject: 'User bin' });
});

test('in a tree without nss-altfiles all stay in /etc, where they are found; sysusers get locked passwords', async () => {
  const { '/usr/lib64/libnss_altfiles.so.2': _, ...files } = filesystemPackage.files ?? {};
  f.add({ ...filesystemPackage, name: 'plainfs', version: '2', tags: ['Conflicts: filesystem'], files });
  const commit = await f.compose(f.treefile(`packages: [setup-1, service, plainfs]\nref: test/x86_64/plain\n`, 'plain.yaml'));
  expect(f.cat('/usr/etc/passwd', commit.checksum)).toContain('svc:x:999:');
  expect(f.cat('/usr/etc/shadow', commit.checksum)).toContain('svc:!*:::::::\n');
  expect(f.cat('/usr/etc/nsswitch.conf', commit.checksum)).not.toContain('altfiles');
  expect(f.list(commit.checksum).has('/usr/lib/passwd')).toBe(false);
  expect(readFileSync(path.join(f.directory, 'plain.yaml'), 'utf8')).toContain('plainfs');
});
