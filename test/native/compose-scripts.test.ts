// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RpmSource } from '../fixtures/make-rpm.ts';
import { allowInstall } from '../fixtures/rpm-install.mjs';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { ComposeFixture } from './compose-fixture.ts';

let f: ComposeFixture;
let rpms: string[];
const ref = 'test/x86_64/scripts';
const log = '/usr/share/log/lines';

/** Lua that adds a line to the log. */
const luaLog = `local function log(text) local f = io.open("${log}", "a"); f:write(text .. "\\n"); f:close() end\n`;
/** What rpm gives a lua script in `arg`, all of it. */
const luaArgs = `local words = {} for i = 1, #arg do words[i] = tostring(arg[i]) end local args = table.concat(words, " ")\n`;
const sh = (name: string): string => `echo "${name} $# $*" >> ${log}`;

const target: RpmSource = {
  name: 'target',
  version: '2.0',
  tags: ['Requires: base'],
  files: { '/usr/share/target/one': '1', '/usr/share/target/two': '2', '/usr/share/target/link': { symlink: 'one' } },
  scripts: { pre: sh('target-pre'), post: sh('target-post'), posttrans: sh('target-posttrans'), preun: 'exit 9', postun: 'exit 9' },
};
const sources: RpmSource[] = [
  { name: 'base', tags: ['Requires: testshell'], files: { '/usr/share/log': { dir: true }, [log]: { directive: '%ghost' } } },
  target,
  {
    name: 'forms',
    tags: ['Requires: base'],
    files: { '/usr/share/forms/file': 'f' },
    scripts: {
      'pre -p "/bin/sh -u"': `${sh('options')}\ncase $- in *u*) echo "options u" >> ${log};; esac`,
      'post -p /usr/sbin/ldconfig': '',
      'posttrans -e': `echo "expanded %%{_bindir}" >> ${log}`,
    },
  },
  {
    name: 'format',
    tags: ['Requires: base'],
    files: { '/usr/share/format': 'f' },
    scripts: { 'post -q': `echo "format %%{name}-%%{version}" >> ${log}` },
  },
  {
    name: 'lua',
    tags: ['Requires: base'],
    files: { '/usr/share/lua/data': 'd' },
    scripts: {
      'pretrans -p <lua>':
        'assert(not posix.stat("/usr/share/lua/data")); posix.mkdir("/usr"); posix.mkdir("/usr/share"); posix.mkdir("/usr/share/early")',
      'pre -p <lua>': `${luaLog}${luaArgs}log("lua-pre " .. #arg .. " " .. args)`,
      'post -p <lua>': `${luaLog}
        assert(posix.access("/usr/share/lua/data", "r"))
        assert(posix.mkdir("/usr/share/lua/made")); assert(posix.chmod("/usr/share/lua/made", "rwxr-x---"))
        assert(posix.symlink("data", "/usr/share/lua/link")); assert(posix.readlink("/usr/share/lua/link") == "data")
        local names = posix.dir("/usr/share/lua"); table.sort(names); log("lua-dir " .. table.concat(names, ","))
        log("lua-stat " .. posix.stat("/usr/share/lua/data", "type") .. posix.stat("/usr/share/lua/data", "size"))
        log("lua-vercmp " .. rpm.vercmp("1.0~rc1", "1.0") .. " " .. rpm.expand("%%{_bindir}"))
        local pid = posix.fork()
        if pid == 0 then posix.exec("/bin/sh", "-c", "echo lua-child >> ${log}") end
        posix.wait(pid)`,
    },
  },
  {
    name: 'triggers',
    tags: ['Requires: base'],
    files: { '/usr/share/triggers/file': 't' },
    scripts: {
      'triggerin -- target > 1': sh('newer'),
      'triggerun -- target': 'exit 8',
      'triggerpostun -- target': 'exit 8',
      'filetriggerin -p <lua> -- /usr/share/target': `${luaLog}local n = rpm.next_file() while n do log("lua-file " .. n); n = rpm.next_file() end`,
      'filetriggerin -- /usr/share/target/': sh('file-args'),
      'transfiletriggerin -- /usr/share/target': `echo "trans-args $# $*" >> ${log}; while read name; do echo "trans-file $name" >> ${log}; done`,
      'transfiletriggerin -p <lua> -- /usr/share/nobody': 'error("nothing matches")',
      'transfiletriggerun -- /usr/share/target': 'exit 8',
    },
  },
  // rpmbuild keeps one trigger of a package about another
  { name: 'older', tags: ['Requires: base'], files: { '/usr/share/older': 't' }, scripts: { 'triggerin -- target < 2': sh('older') } },
  {
    name: 'exact',
    tags: ['Requires: base'],
    files: { '/usr/share/exact': 't' },
    scripts: { 'triggerin -p <lua> -- target = 2.0': `${luaLog}${luaArgs}log("lua-trigger " .. args)` },
  },
];

beforeAll(() => {
  f = new ComposeFixture();
  const ldconfig = readFileSync('/sbin/ldconfig');
  rpms = f.add(
    filesystemPackage,
    { ...shellPackage(), name: 'testshell' },
    {
      name: 'glue',
      arch: 'x86_64',
      tags: ['Requires: filesystem'],
      files: { '/usr/sbin/ldconfig': { content: ldconfig, mode: '0755' }, '/etc/ld.so.conf': '/usr/lib/x86_64-linux-gnu\n' },
    },
    ...sources,
  );
});
afterAll(() => f.dispose());

test('every form of script does in a compose what rpm does with it', async () => {
  await f.compose(f.treefile(`packages: [glue, forms, format, lua, target, triggers, older, exact]\nref: ${ref}\n`, 'scripts.yaml'));
  const ours = f.cat(log, ref).trim().split('\n');

  const root = path.join(f.directory, 'rpm-root');
  mkdirSync(root);
  const rpm = ['--root', root, '--dbpath', '/usr/share/rpm'];
  execFileSync('rpm', [...rpm, '--initdb']);
  execFileSync('rpm', [...rpm, ...allowInstall, '-U', ...rpms], { stdio: ['ignore', 'ignore', 'pipe'] });
  const theirs = readFileSync(path.join(root, log), 'utf8').trim().split('\n');

  // rpm goes package by package, a compose phase by phase: the same lines, in another order
  expect([...ours].sort()).toEqual([...theirs].sort());
  expect(ours).toEqual(
    expect.arrayContaining(['options u', 'expanded /usr/bin', 'format format-1', 'lua-child', 'lua-file /usr/share/target/link']),
  );
  expect(ours.filter((line) => line.startsWith('newer') || line.startsWith('lua-trigger'))).toHaveLength(2);
  const at = (line: string): number => ours.findIndex((l) => l.startsWith(line));
  expect(at('target-post ')).toBeGreaterThan(at('target-pre '));
  expect(at('newer')).toBeGreaterThan(at('target-post '));
  expect(at('lua-file')).toBeGreaterThan(at('newer'));
  expect(at('target-posttrans')).toBeGreaterThan(at('lua-file'));
  expect(at('trans-file')).toBeGreaterThan(at('target-posttrans'));
});

test('ldconfig runs once for packages in a row, before the next script and at the end', async () => {
  const tags = ['Requires: counted', 'Requires: testshell'];
  const counter = '#!/bin/sh\necho "ldconfig $# $(ls /usr/lib/counted)"\n';
  f.add(
    {
      name: 'counted',
      tags: ['Requires: testshell'],
      files: { '/sbin/ldconfig': { content: counter, mode: '0755' }, '/usr/lib/counted/0': '' },
    },
    ...['a', 'b', 'd'].map((name) => ({
      name: `lib${name}`,
      tags,
      files: { [`/usr/share/lib${name}`]: '' },
      scripts: { 'post -p /sbin/ldconfig': '' },
    })),
    { name: 'libc', tags, files: { '/usr/share/libc': '' }, scripts: { post: 'echo c; touch /usr/lib/counted/c' } },
  );
  await f.compose(f.treefile('packages: [liba, libb, libc, libd]\nexclude-packages: [glue]\nref: test/x86_64/counted\n', 'counted.yaml'));
  expect(f.messages.filter((m) => m.includes('%post'))).toEqual([
    'libb%post: ldconfig 0 0',
    'libc%post: c',
    'libd%post: ldconfig 0 0',
    'libd%post: c',
  ]);
});

test('what they leave: ldconfig’s cache without its scratch, %pretrans’ directory, modes', () => {
  const list = f.list(ref);
  expect(list.get('/usr/etc/ld.so.cache')).toMatch(/^-00644 0 0 [1-9]/);
  expect(list.get('/usr/share/early')).toBe('d00755 0 0');
  expect(list.get('/usr/share/lua/made')).toBe('d00750 0 0');
  expect(list.get('/usr/share/lua/link')).toBe('l00777 0 0 -> data');
  expect([...list.keys()].filter((name) => /aux-cache|factory/.test(name))).toEqual([]);
  f.fsck();
});

test('a script in a shell before there is one is left out with a message', async () => {
  f.add({ name: 'early', tags: ['Requires: testshell'], files: { '/usr/share/e': 'e' }, scripts: { pretrans: 'exit 5' } });
  await f.compose(f.treefile('packages: [early]\nref: test/x86_64/early\n', 'early.yaml'));
  expect(f.messages).toContain('early%pretrans: not run, /bin/sh isn’t there before the packages are');
});

test('a lua script that fails, in %pretrans, too, names package and scriptlet', async () => {
  f.add({ name: 'prefails', files: { '/usr/share/p': 'p' }, scripts: { 'pretrans -p <lua>': 'error("not on this system")' } });
  const report = await f.failure(f.treefile('packages: [prefails, filesystem]\nref: test/x86_64/prefails\n', 'prefails.yaml'));
  expect(report).toMatchObject({ code: 'compose.script-failed', subject: 'prefails-1-1.noarch %pretrans' });
  expect(report.detail).toContain('not on this system');
});

/** So long that a script which isn't ended outlasts the test; nobody else's processes are taken for ours. */
const ownSeconds = 100_000 + process.pid;

const misbehaving: readonly [what: string, source: RpmSource, code: string, detail: RegExp][] = [
  ['hangs', { name: 'hangs', scripts: { post: `echo waiting; sleep ${ownSeconds}` } }, 'compose.script-timeout', /waiting/],
  ['loops', { name: 'loops', scripts: { 'post -p <lua>': 'while true do end' } }, 'compose.script-timeout', /^$/],
  ['hangs behind its children', { name: 'holds', scripts: { post: `(sleep ${ownSeconds}) & wait` } }, 'compose.script-timeout', /^$/],
  [
    'wants the network',
    { name: 'fetches', scripts: { post: 'echo "curl: (6) Could not resolve host: example.org" >&2; exit 6' } },
    'compose.script-failed',
    /scripts have no network/,
  ],
  [
    'makes a device',
    {
      name: 'makesdev',
      scripts: { 'post -p <lua>': 'assert(posix.mkfifo("/usr/share/fifo")); error("mknod /x: Operation not permitted")' },
    },
    'compose.script-failed',
    /can’t make devices/,
  ],
];

test.each(misbehaving)('a script that %s is ended and named', async (_, source, code, detail) => {
  f.add({ tags: ['Requires: testshell'], files: { [`/usr/share/${source.name}`]: 'x' }, ...source });
  const report = await f.failure(f.treefile(`packages: [${source.name}]\nref: test/x86_64/bad\n`, 'bad.yaml'), { scriptTimeoutSeconds: 2 });
  expect(report).toMatchObject({ code, subject: `${source.name}-1-1.noarch %post` });
  expect(report.detail).toMatch(detail);
  expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain(`sleep ${ownSeconds}`);
});

test('children left behind die with their script; what it writes outside of the system is left out', async () => {
  f.add({
    name: 'forks',
    tags: ['Requires: testshell'],
    files: { '/usr/share/forks': 'x' },
    scripts: {
      post: `sleep ${ownSeconds} & (sleep ${ownSeconds}.5 &) ; echo left; mkdir /stray; echo x > /stray/file; echo y > /usr/share/written`,
    },
  });
  await f.compose(f.treefile('packages: [forks]\nref: test/x86_64/forks\n', 'forks.yaml'));
  expect(f.messages).toContain('forks%post: left');
  expect(f.messages).toContain('/stray: written by a package script, but no part of an OSTree system: left out');
  expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain(`sleep ${ownSeconds}`);
  const list = f.list('test/x86_64/forks');
  expect(list.has('/stray')).toBe(false);
  expect(list.has('/usr/share/written')).toBe(true);
});

test('programs whose work is compose’s only say so', async () => {
  const note = (name: string): { content: string; mode: string } => ({
    content: `#!/bin/sh\necho ${name} really ran\nexit 1\n`,
    mode: '0755',
  });
  f.add({
    name: 'kernelish',
    tags: ['Requires: testshell'],
    files: { '/usr/bin/kernel-install': note('kernel-install'), '/usr/sbin/update-initramfs': note('update-initramfs') },
    scripts: { posttrans: 'kernel-install add 6.1 && update-initramfs -u' },
  });
  await f.compose(f.treefile('packages: [kernelish]\nref: test/x86_64/kernelish\n', 'kernelish.yaml'));
  expect(f.messages).toContain('kernelish%posttrans: kernel-install does nothing while a tree is composed');
  expect(f.messages).toContain('kernelish%posttrans: update-initramfs does nothing while a tree is composed');
  expect(f.cat('/usr/bin/kernel-install', 'test/x86_64/kernelish')).toContain('really ran');
});

test('a script that fills the disk', async () => {
  f.add({
    name: 'fills',
    tags: ['Requires: testshell'],
    files: { '/usr/share/fills': 'x' },
    scripts: { post: 'while cat /usr/bin/* >> /usr/share/big; do :; done; exit 1' },
  });
  const small = path.join(f.directory, 'small-work');
  mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', small]);
  try {
    const report = await f.failure(f.treefile('packages: [fills]\nref: test/x86_64/fills\n', 'fills.yaml'), {
      cachedir: path.join(small, 'cache'),
    });
    expect(report).toMatchObject({ code: 'disk.full', facts: { package: 'fills-1-1.noarch', scriptlet: '%post' } });
  } finally {
    execFileSync('umount', [small]);
  }
});
