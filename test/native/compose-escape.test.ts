// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesystemPackage, programPackage, shellPackage } from '../fixtures/shell-package.ts';
import { ComposeFixture } from './compose-fixture.ts';

// what a package's script may try against the machine that composes: its sandbox ends, and compose goes on as root

let f: ComposeFixture;
/** Stands for a directory of the machine. */
let machine: string;

beforeAll(() => {
  f = new ComposeFixture();
  machine = path.join(f.directory, 'machine');
  mkdirSync(machine);
  writeFileSync(path.join(machine, 'file'), 'the machine’s', { mode: 0o600 });
  f.add(filesystemPackage, shellPackage(), { name: 'user', files: { '/usr/lib/sysusers.d/evil.conf': 'u evil 666\n' } });
});
afterAll(() => f.dispose());

function untouched(): void {
  expect(readdirSync(machine)).toEqual(['file']);
  expect(readFileSync(path.join(machine, 'file'), 'utf8')).toBe('the machine’s');
  const { uid, mode } = lstatSync(path.join(machine, 'file'));
  expect([uid, mode & 0o7777]).toEqual([0, 0o600]);
}

/** A package whose script puts a link to the machine's directory at a place. */
function linkTo(name: string, place: string, phase = 'post', files = {}): void {
  f.add({
    name,
    tags: ['Requires: testshell', 'Requires: user'],
    files: { [`/usr/share/${name}`]: 'x', ...files },
    scripts: { [phase]: `rm -rf ${place}; mkdir -p $(echo ${place} | sed "s,/[^/]*$,,"); ln -s ${machine} ${place}` },
  });
}

test.each([
  ['tmpfiles', '/usr/lib/tmpfiles.d'],
  ['rpmdb', '/usr/share/rpm'],
  ['units', '/etc/systemd/system'],
  ['macros', '/usr/lib/rpm/macros.d'],
  ['factory', '/usr/share/factory'],
  ['modules', '/usr/lib/modules'],
])('a link where compose writes (%s) is refused', async (name, place) => {
  linkTo(name, place);
  const report = await f.failure(f.treefile(`packages: [${name}]\nref: test/x86_64/${name}\n`));
  expect(report.code).toBe('package.outside-tree');
  expect(report.detail).toContain(place.replace('/etc/', '/usr/etc/'));
  untouched();
});

test('a package that brings /etc as a link', async () => {
  f.add({ name: 'etclink', files: { '/etc': { symlink: machine } } });
  const report = await f.failure(f.treefile('packages: [etclink]\nref: test/x86_64/etclink\n'));
  expect(report).toMatchObject({ code: 'package.outside-tree' });
  untouched();
});

test('owners of files aren’t set through a link that %pre put there', async () => {
  linkTo('owner', '/usr/share/taken', 'pre', { '/usr/share/taken/file': { content: 'p', mode: '0666', user: 'evil' } });
  await f.compose(f.treefile('packages: [owner]\nref: test/x86_64/owner\n'));
  untouched();
});

test('remove-files and add-files don’t go through one', async () => {
  linkTo('edits', '/usr/share/edited');
  const removes = await f.failure(f.treefile('packages: [edits]\nref: test/x86_64/edits\nremove-files: [/usr/share/edited/file]\n'));
  expect(removes).toMatchObject({ code: 'package.outside-tree' });
  writeFileSync(path.join(f.directory, 'added'), 'added');
  const adds = await f.failure(f.treefile('packages: [edits]\nref: test/x86_64/edits\nadd-files: [[added, /usr/share/edited/file]]\n'));
  expect(adds).toMatchObject({ code: 'package.outside-tree' });
  untouched();
});

test('postprocess steps see the tree only', async () => {
  await f.compose(
    f.treefile(
      `packages: [testshell]\nref: test/x86_64/step\npostprocess: ["cat ${machine}/file > /usr/share/leak || echo nothing > /usr/share/leak"]\n`,
    ),
  );
  expect(f.cat('/usr/share/leak', 'test/x86_64/step')).toBe('nothing\n');
  expect(existsSync('/usr/share/leak')).toBe(false);
  untouched();
});

/** What later scripts, and compose, would reach through a link in place of a directory that programs get mounted over. */
test.each([
  ['shell', 'post', (swap: string) => swap],
  ['lua', 'post -p <lua>', (swap: string) => `os.execute("${swap}")`],
])('a script that swaps /usr/etc for a link (%s) is named by the next one, which doesn’t run', async (name, phase, run) => {
  f.add({
    name: `swap-${name}`,
    tags: ['Requires: testshell', 'Requires: user'],
    files: { [`/usr/share/${name}`]: 'x' },
    scripts: {
      [phase]: run(`mv /usr/etc /usr/swapped; ln -s ${machine} /usr/etc`),
      posttrans: 'echo written > /etc/written; cat /etc/file > /usr/share/stolen; rm /usr/etc; mv /usr/swapped /usr/etc',
    },
  });
  const report = await f.failure(f.treefile(`packages: [swap-${name}]\nref: test/x86_64/swap\n`));
  expect(report).toMatchObject({ code: 'package.outside-tree', facts: { scriptlet: `swap-${name}-1-1.noarch %post` } });
  expect(report.detail).toBe('/usr/etc, which is a link');
  untouched();
});

test('the last script of all, too', async () => {
  f.add({
    name: 'swap-last',
    tags: ['Requires: testshell', 'Requires: user'],
    files: { '/usr/share/last': 'x' },
    scripts: { posttrans: `mv /usr/etc /usr/swapped; ln -s ${machine} /usr/etc` },
  });
  const report = await f.failure(f.treefile('packages: [swap-last]\nref: test/x86_64/swap\n'));
  expect(report).toMatchObject({ code: 'package.outside-tree', facts: { scriptlet: 'swap-last-1-1.noarch %posttrans' } });
  untouched();
});

test('nothing is made where a link leads that stands on the way to a program which is left out', async () => {
  f.add({
    name: 'leftout',
    tags: ['Requires: testshell', 'Requires: user'],
    files: { '/usr/sbin/grubby': { content: '#!/bin/sh\n', mode: '0755' } },
    // bubblewrap has the machine there while it prepares the sandbox
    scripts: {
      post: `grubby; mv /usr/sbin /usr/swapped; ln -s /oldroot${machine} /usr/sbin`,
      posttrans: 'rm /usr/sbin; mv /usr/swapped /usr/sbin',
    },
  });
  await f.compose(f.treefile('packages: [leftout]\nref: test/x86_64/leftout\n'));
  untouched();
});

test('scripts are told that they are part of an OSTree system, and of no other', async () => {
  f.add({
    name: 'knows',
    tags: ['Requires: testshell', 'Requires: user'],
    files: { '/usr/share/knows': 'x' },
    scripts: {
      post: '[ -f /run/ostree-booted ] && ls /run /tmp /var/tmp > /usr/share/shell && ls -d /usr/sbin/../../* >> /usr/share/shell; ls -ld /tmp | sed "s/ .*//" >> /usr/share/shell',
      'posttrans -p <lua>': 'local f = io.open("/usr/share/lua", "w") f:write(posix.stat("/run/ostree-booted", "type")) f:close()',
    },
  });
  await f.compose(
    f.treefile('packages: [knows]\nref: test/x86_64/knows\npostprocess: ["test -f /run/ostree-booted && touch /usr/share/step"]\n'),
  );
  const shell = f.cat('/usr/share/shell', 'test/x86_64/knows');
  expect(shell).toContain('ostree-booted');
  expect(shell).not.toContain('treeline\n');
  expect(shell).toContain('drwxrwxrwt');
  expect(f.cat('/usr/share/lua', 'test/x86_64/knows')).toBe('regular');
  expect(f.cat('/usr/share/step', 'test/x86_64/knows')).toBe('');
});

test('a script that changes its root fails with the reason', async () => {
  f.add({
    name: 'chroots',
    arch: 'x86_64',
    tags: ['Requires: testshell', 'Requires: user', 'AutoReqProv: no'],
    files: { '/usr/bin/chroot': { content: readFileSync('/usr/sbin/chroot'), mode: '0755' } },
    scripts: { post: 'chroot / true' },
  });
  const report = await f.failure(f.treefile('packages: [chroots]\nref: test/x86_64/chroots\n'));
  expect(report).toMatchObject({ code: 'compose.script-failed', subject: 'chroots-1-1.x86_64 %post' });
  expect(report.detail).toContain('scripts can’t change their root');
});

test('postprocess steps find the RPM database, and asking it leaves nothing', async () => {
  const rpm = programPackage('testrpm', ['rpm']);
  const config = Object.fromEntries(
    ['macros', 'rpmrc'].map((name) => [`/usr/lib/rpm/${name}`, { content: readFileSync(`/usr/lib/rpm/${name}`) }]),
  );
  const shell = new Set(Object.keys(shellPackage().files ?? {}));
  // libraries of both are the shell's
  const own = Object.fromEntries(Object.entries(rpm.files ?? {}).filter(([name]) => !shell.has(name)));
  f.add({ ...rpm, tags: [...(rpm.tags ?? []), 'Requires: testshell'], files: { ...own, ...config } });
  const step = '#!/bin/sh\n    rpm -q testrpm filesystem > /usr/share/answer\n    rpm -qf /usr/bin/rpm >> /usr/share/answer';
  await f.compose(f.treefile(`packages: [testrpm]\nref: test/x86_64/asks\npostprocess:\n  - |\n    ${step}\n`));
  expect(f.cat('/usr/share/answer', 'test/x86_64/asks').split('\n')).toEqual([
    'testrpm-1-1.x86_64',
    'filesystem-1-1.noarch',
    'testrpm-1-1.x86_64',
    '',
  ]);
  const database = [...f.list('test/x86_64/asks').keys()].filter((name) => name.startsWith('/usr/share/rpm/'));
  expect(database).toEqual(['/usr/share/rpm/rpmdb.sqlite']);
});
