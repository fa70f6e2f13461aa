// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ErrorReport } from '../../shared/errors/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import type { RpmSource, RpmSourceFile } from '../fixtures/make-rpm.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { ComposeFixture } from './compose-fixture.ts';
import { secret, snapshot, write } from './hostile-tree.ts';

// Whole composes of packages that try to read and write the machine's files while compose works outside of the sandbox.

let f: ComposeFixture;
/** Stands for directories of the machine. */
let machine: string;
let before: string;

beforeAll(() => {
  f = new ComposeFixture();
  machine = path.join(f.directory, 'machine');
  write(machine, {
    'crond/existing': secret,
    'etc/passwd': `root:x:0:0::/root:/bin/sh\nadmin:x:1000:1000:${secret}:/home/admin:/bin/sh\n`,
    'etc/shadow': `root:${secret}:1:::::\n`,
    'etc/nsswitch.conf': `passwd: files ${secret}\n`,
    'selinux/file_contexts.subs_dist': `${secret}\n`,
    'wants/x': secret,
    'var/lib/x': secret,
    vmlinuz: secret,
  });
  f.add(filesystemPackage, shellPackage(), { name: 'user', files: { '/usr/lib/sysusers.d/evil.conf': 'u evil 666\n' } });
});
afterAll(() => f.dispose());
beforeEach(() => void (before = snapshot(machine)));

interface Hostile {
  readonly name: string;
  readonly files?: NonNullable<RpmSource['files']>;
  readonly scripts?: Readonly<Record<string, string>>;
}

/** Compose packages; the error's report, or undefined. Nothing of the machine was read or changed, whatever came of it. */
async function compose(packages: readonly Hostile[], treefile = ''): Promise<ErrorReport | undefined> {
  const name = packages.map((each) => each.name).join('-');
  f.add(
    ...packages.map(({ files = {}, scripts, ...rest }) => ({
      ...rest,
      tags: ['Requires: testshell', 'Requires: user', 'AutoReqProv: no'],
      files: { [`/usr/share/doc/${rest.name}`]: 'x', ...files },
      ...(scripts ? { scripts } : {}),
    })),
  );
  const ref = `test/${name}`;
  let report: ErrorReport | undefined;
  try {
    await f.compose(f.treefile(`packages: [${packages.map((each) => each.name).join(', ')}]\nref: ${ref}\n${treefile}`));
    const out = path.join(f.directory, `out-${name}`);
    execFileSync('ostree', [`--repo=${f.repo}`, 'checkout', '-U', ref, out]);
    // grep doesn't follow links below its argument
    expect(execFileSync('sh', ['-c', `grep -rl ${secret} ${out} || true`], { encoding: 'utf8' })).toBe('');
  } catch (error) {
    if (!(error instanceof TreelineError)) throw error;
    report = error.report;
  }
  expect(snapshot(machine)).toBe(before);
  expect(JSON.stringify(report ?? {}) + f.messages.join('\n')).not.toContain(secret);
  return report;
}

const link = (to: string): RpmSourceFile => ({ symlink: path.join(machine, to) });

test('one package’s link on the way to another’s file is a conflict named by both', async () => {
  const report = await compose([
    { name: 'one', files: { '/usr/share/d': link('crond') } },
    { name: 'two', files: { '/usr/share/d/new': { content: 'PWNED', mode: '4755' }, '/usr/share/d/existing': 'PWNED' } },
  ]);
  expect(report).toMatchObject({ code: 'package.file-conflict', subject: '/usr/share/d/existing', facts: { path: '/usr/share/d' } });
  expect(report?.detail).toMatch(/^one-1-1\.noarch brings \/usr\/share\/d as a link to .*\/crond, and two-1-1\.noarch a file below it$/);
});

test('… in /etc, whichever comes first, by `..` and through a second link', async () => {
  const up = '../'.repeat(12);
  const etc = await compose([
    { name: 'b-link', files: { '/etc/cron.d': { symlink: `${up}${machine}/crond` } } },
    { name: 'a-file', files: { '/etc/cron.d/x': 'PWNED' } },
  ]);
  expect(etc).toMatchObject({ code: 'package.file-conflict', facts: { first: 'b-link-1-1.noarch', second: 'a-file-1-1.noarch' } });
  const chain = await compose([
    { name: 'chain', files: { '/usr/share/c': { symlink: 'c2' }, '/usr/share/c2': link('crond') } },
    { name: 'below', files: { '/usr/share/c/x': 'PWNED' } },
  ]);
  expect(chain).toMatchObject({ code: 'package.file-conflict', facts: { first: 'chain-1-1.noarch', second: 'below-1-1.noarch' } });
});

test('links to directories of the tree are followed as rpm does, absolute ones in the tree, in any order', async () => {
  const report = await compose([
    { name: 'a-tools', files: { '/usr/lib/tools/deep/x': 'x', '/usr/lib/abs/y': 'y', '/var/run/z/': { dir: true } } },
    {
      name: 'z-links',
      files: {
        '/usr/lib/tools': { symlink: '../libexec/tools' },
        '/usr/libexec/tools': { dir: true },
        '/usr/lib/abs': { symlink: '/usr/libexec/tools' },
        '/var/run': { symlink: '/run' },
      },
    },
  ] as Hostile[]);
  expect(report).toBeUndefined();
  const list = f.list('test/a-tools-z-links');
  expect(list.get('/usr/libexec/tools/deep/x')).toMatch(/^-/);
  expect(list.get('/usr/libexec/tools/y')).toMatch(/^-/);
  expect(list.get('/usr/lib/tools')).toMatch(/-> \.\.\/libexec\/tools$/);
});

test('two packages that bring different files at one place, one of them through a link', async () => {
  const report = await compose([
    {
      name: 'real',
      files: { '/usr/libexec/real': { dir: true }, '/usr/libexec/real/x': 'one', '/usr/lib/way': { symlink: '../libexec/real' } },
    },
    { name: 'other', files: { '/usr/lib/way/x': 'two' } },
  ]);
  expect(report).toMatchObject({
    code: 'package.file-conflict',
    subject: expect.stringMatching(/\/x$/),
    facts: { first: expect.stringMatching(/real|other/) },
  });
});

test('/var, usr/etc or the modules’ directory as links out', async () => {
  expect(await compose([{ name: 'varlink', files: { '/var/lib': link('var') } }])).toMatchObject({ code: 'package.file-conflict' });
  expect(await compose([{ name: 'etclink', files: { '/usr/etc': link('etc') } }])).toMatchObject({
    code: expect.stringMatching(/^package\./),
  });
  const modules = await compose(
    [{ name: 'modlink', files: { '/usr/lib/modules/6.1': link('crond'), '/boot/vmlinuz-6.1': 'PWNED', '/boot/initramfs-6.1.img': 'i' } }],
    'container: false\n',
  );
  expect(modules).toMatchObject({ code: 'package.outside-tree', subject: 'modlink-1-1.noarch', facts: { package: 'modlink-1-1.noarch' } });
});

test('configuration and users as links out: nothing of the machine’s is read', async () => {
  await compose([{ name: 'nss', files: { '/etc/nsswitch.conf': link('etc/nsswitch.conf'), '/etc/shadow': link('etc/shadow') } }]);
  await compose([{ name: 'pass', files: { '/etc/passwd': link('etc/passwd') } }]);
  await compose([
    { name: 'sel', files: { '/etc/selinux/targeted/contexts/files/file_contexts.subs_dist': link('selinux/file_contexts.subs_dist') } },
  ]);
  const kernel = await compose(
    [{ name: 'kern', files: { '/usr/lib/modules/6.1/vmlinuz': link('vmlinuz'), '/usr/lib/modules/6.1/initramfs.img': 'i' } }],
    'container: false\n',
  );
  expect(kernel).toMatchObject({ code: 'compose.no-kernel' });
});

test('a directory where compose reads a file is refused by path and package', async () => {
  expect(await compose([{ name: 'dir', files: { '/etc/passwd/inside': 'x' } }])).toMatchObject({
    code: 'package.unusable-file',
    subject: 'dir-1-1.noarch',
    detail: '/usr/etc/passwd is a directory, and has to be a file',
    facts: { path: '/usr/etc/passwd', package: 'dir-1-1.noarch' },
  });
});

test('units: names of [Install] hold no path, and links on the way lead nowhere', async () => {
  const up = `${'../'.repeat(12)}${machine.slice(1)}`;
  const unit = `[Service]\nExecStart=/bin/true\n[Install]\nAlias=${up}/etc/passwd two.service\nWantedBy=${up}/new multi-user.target\nAlso=../x.service\n`;
  expect(
    await compose([{ name: 'alias', files: { '/usr/lib/systemd/system/evil.service': unit } }], 'units: [evil.service]\n'),
  ).toBeUndefined();
  expect(f.messages.filter((text) => text.includes('is no name of a unit'))).toHaveLength(3);
  const list = f.list('test/alias');
  expect(list.get('/usr/etc/systemd/system/two.service')).toMatch(/-> \/usr\/lib\/systemd\/system\/evil\.service$/);
  expect(list.get('/usr/etc/systemd/system/multi-user.target.wants/evil.service')).toMatch(/->/);
  const wants = await compose(
    [
      {
        name: 'wants',
        files: {
          '/etc/systemd/system/multi-user.target.wants': link('wants'),
          '/usr/lib/systemd/system/w.service': '[Install]\nWantedBy=multi-user.target\n',
        },
      },
    ],
    'units: [w.service]\n',
  );
  expect(wants).toMatchObject({
    code: 'package.outside-tree',
    subject: 'wants-1-1.noarch',
    detail: expect.stringContaining('multi-user.target.wants'),
  });
});

test('what a script swaps for a link while it runs', async () => {
  const swap = (place: string, to: string): string => `rm -rf ${place}; ln -s ${machine}/${to} ${place}`;
  const owned = {
    '/usr/share/own': { content: 'x', mode: '0644', user: 'evil' },
    '/usr/share/owned': { dir: true, user: 'evil' },
  } as const;
  expect(
    await compose([
      { name: 'own', files: owned, scripts: { pre: `${swap('/usr/share/own', 'vmlinuz')}; ${swap('/usr/share/owned', 'crond')}` } },
    ]),
  ).toBeUndefined();
  expect(await compose([{ name: 'swap', scripts: { post: swap('/usr/lib/tmpfiles.d', 'crond') } }])).toMatchObject({
    code: 'package.outside-tree',
  });
});

test('a layer’s directory where a package has a link out', async () => {
  const directory = path.join(f.directory, 'layer');
  mkdirSync(path.join(directory, 'usr/share/way'), { recursive: true });
  writeFileSync(path.join(directory, 'usr/share/way/x'), 'PWNED');
  execFileSync('ostree', [`--repo=${f.repo}`, 'commit', '--branch=layers/way', `--tree=dir=${directory}`]);
  const report = await compose([{ name: 'way', files: { '/usr/share/way': link('crond') } }], 'ostree-layers: [layers/way]\n');
  expect(report).toMatchObject({
    code: 'compose.layer-conflict',
    subject: 'layers/way',
    facts: { package: 'way-1-1.noarch', path: '/usr/share/way' },
  });
});
