// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { machineArch } from '../../main/engine/base/names/machine-arch.ts';
import { Repo } from '../../main/native/ostree/index.ts';
import { ComposeFixture, treeline } from './compose-fixture.ts';
import { treePackages } from './compose-packages.ts';

let f: ComposeFixture;
const ref = 'test/x86_64/base';

beforeAll(() => {
  f = new ComposeFixture();
  f.add(...treePackages);
});
afterAll(() => f.dispose());

test('a tree with a kernel: layout, database, metadata, signatures of nothing half-done', async () => {
  const treefile = f.treefile(
    'packages: [service, kernel, filesystem]\ncontainer: false\nautomatic-version-prefix: "43"\nadd-commit-metadata: {channel: stable, number: 7}\nunits: [svc.service, tmpl@one.service]\ndefault-target: multi-user.target\nmutate-os-release: "1"\nremove-files: [/usr/share/removed/by-treefile]\nremove-from-packages:\n  - [service, /usr/share/removed/by-pat.*]\ndocumentation: false\netc-group-members: [wheel]\n',
  );
  const outcome = await f.compose(treefile, { generateSizes: true });
  expect(outcome).toMatchObject({ changed: true, version: '43', ref, packageCount: 3, imported: 3, cached: 0 });
  f.fsck();
  const list = f.list();
  expect(list.get('/usr/lib/modules/6.1/vmlinuz')).toBe('-00644 0 0 7');
  expect(list.get('/usr/lib/modules/6.1/initramfs.img')).toBe('-00644 0 0 9');
  expect(list.has('/boot/vmlinuz-6.1')).toBe(false);
  expect(list.get('/usr/etc/svc.conf')).toBe('-00644 0 0 4');
  expect(list.has('/etc')).toBe(false);
  expect(list.get('/ostree')).toBe('l00777 0 0 -> sysroot/ostree');
  expect(list.get('/tmp')).toBe('l00777 0 0 -> sysroot/tmp');
  expect(list.get('/usr/lib/sysimage/rpm')).toBe('l00777 0 0 -> ../../share/rpm');
  expect(list.get('/usr/etc/systemd/system/multi-user.target.wants/svc.service')).toBe('l00777 0 0 -> /usr/lib/systemd/system/svc.service');
  expect(list.get('/usr/etc/systemd/system/alias.service')).toBe('l00777 0 0 -> /usr/lib/systemd/system/svc.service');
  expect(list.get('/usr/etc/systemd/system/basic.target.requires/tmpl@one.service')).toBe(
    'l00777 0 0 -> /usr/lib/systemd/system/tmpl@.service',
  );
  expect(list.get('/usr/lib/systemd/system/default.target')).toBe('l00777 0 0 -> /usr/lib/systemd/system/multi-user.target');
  expect(list.has('/usr/etc/systemd/system/default.target')).toBe(false);
  expect(list.get('/usr/lib/sysimage/rpm-ostree-base-db/rpmdb.sqlite')).toBe(list.get('/usr/share/rpm/rpmdb.sqlite'));
  expect(f.cat('/usr/lib/tmpfiles.d/rpm-ostree-autovar.conf')).toContain('L /var/lib/alternatives - - - - ../../usr/lib/alternatives');
  expect(JSON.parse(f.cat('/usr/share/rpm-ostree/treefile.json'))).toMatchObject({ basearch: machineArch });
  expect([...list.keys()].filter((name) => name.startsWith('/usr/share/removed/') || name.includes('README'))).toEqual([]);
  expect(list.get('/usr/bin/svc')).toBe('-04755 999 0 3');
  expect([...list.keys()].filter((name) => /^\/var\/./.test(name))).toEqual([]);
  expect(f.cat('/usr/lib/os-release')).toContain('PRETTY_NAME="Test 43"\nOSTREE_VERSION=\'43\'\n');
  expect(f.cat('/usr/lib/passwd')).toBe('svc:x:999:999:Service:/var/lib/svc:/usr/sbin/nologin\n');
  const tmpfiles = f.cat('/usr/lib/tmpfiles.d/rpm-ostree-autovar.conf');
  expect(tmpfiles).toContain('L "/var/opt/Some VPN" - - - - ../../usr/lib/opt/Some VPN\n');
  expect(tmpfiles).toContain('d /var/lib/svc 0750 svc svc -\n');
  expect(tmpfiles).toContain('C "/var/lib/svc/state file" 0600 root root - /usr/share/factory/var/lib/svc/state file\n');
  expect(tmpfiles).toContain('L /var/lib/svc/link - - - - ../elsewhere\n');
  // one bar that never goes back
  expect(f.fractions).toEqual([...f.fractions].sort((a, b) => a - b));
});

test('other tools read it: ostree show, rpm -qa --root, ostree’s sizes', () => {
  const show = (key: string): string => f.ostree('show', `--print-metadata-key=${key}`, ref);
  expect(show('version')).toBe("'43'");
  expect(show('ostree.bootable')).toBe('true');
  expect(show('ostree.linux')).toBe("'6.1'");
  expect(show('channel')).toBe("'stable'");
  // it takes numbers for ones in network order, as they are in all of OSTree
  expect(show('number')).toBe('int64 7');
  expect(show('rpmostree.rpmdb.pkglist')).toBe(
    "[('filesystem', '0', '1', '1', 'noarch'), ('kernel', '0', '1', '1', 'x86_64'), ('service', '0', '1', '1', 'noarch')]",
  );
  // when the repository's metadata were made: createrepo_c's own words
  const revision = Number(/<revision>(\d+)</.exec(readFileSync(path.join(f.packages, 'repodata/repomd.xml'), 'utf8'))?.[1]);
  expect(show('rpmostree.rpmmd-repos')).toBe(`[{'id': <'test'>, 'timestamp': <uint64 ${revision}>}]`);
  expect(show('rpmostree.inputhash')).toMatch(/^'[0-9a-f]{64}'$/);
  expect(f.ostree('summary', '-v')).toContain(ref);
  const out = path.join(f.directory, 'checkout');
  f.ostree('checkout', '-U', ref, out);
  const names = execFileSync('rpm', ['-qa', '--root', out, '--dbpath', '/usr/share/rpm'], { encoding: 'utf8' }).trim().split('\n').sort();
  expect(names).toEqual(['filesystem-1-1.noarch', 'kernel-1-1.x86_64', 'service-1-1.noarch']);
  rmSync(out, { recursive: true });
});

interface Size {
  readonly stored: number;
  readonly unpacked: number;
}

/** `ostree.sizes` of a commit, by object: checksum, two varints, type. */
function sizesOf(revision: string): Map<string, Size> {
  using repo = Repo.open(f.repo);
  const rows = repo.loadCommit(repo.resolveRev(revision)).value('ostree.sizes', 'aay') as Buffer[];
  return new Map(
    rows.map((row) => {
      let at = 32;
      const varint = (): number => {
        let value = 0;
        for (let shift = 1; ; shift *= 128) {
          const byte = row[at++] ?? 0;
          value += (byte & 127) * shift;
          if (byte < 128) return value;
        }
      };
      const stored = varint();
      const unpacked = varint();
      return [`${row.toString('hex', 0, 32)}.${row[at]}`, { stored, unpacked }];
    }),
  );
}

test('ostree.sizes: the objects and unpacked sizes that libostree writes for the same content, and what is really stored', () => {
  const out = path.join(f.directory, 'sizes');
  f.ostree('checkout', ref, out);
  f.ostree('commit', '-b', 'sizes', `--tree=dir=${out}`, '--generate-sizes');
  const own = sizesOf(ref);
  const theirs = sizesOf('sizes');
  const unpacked = (sizes: Map<string, Size>): Map<string, number> => new Map([...sizes].map(([key, s]) => [key, s.unpacked]));
  expect(own.size).toBeGreaterThan(40);
  expect(unpacked(own)).toEqual(unpacked(theirs));
  for (const [key, { stored }] of own) {
    const [checksum = '', type] = key.split('.');
    const suffix = { 1: 'filez', 2: 'dirtree', 3: 'dirmeta' }[type ?? ''] ?? '';
    expect(statSync(path.join(f.repo, 'objects', checksum.slice(0, 2), `${checksum.slice(2)}.${suffix}`)).size).toBe(stored);
  }
  f.ostree('refs', '--delete', 'sizes');
  rmSync(out, { recursive: true });
});

test('the same input makes no commit, by result and by exit code', async () => {
  const treefile = path.join(f.directory, 'tree.yaml');
  const before = f.refs();
  expect(await f.compose(treefile)).toMatchObject({ changed: false, version: '43', imported: 0 });
  const args = ['compose', 'tree', `--repo=${f.repo}`, `--cachedir=${f.cachedir}`, treefile];
  expect((await treeline(...args)).status).toBe(0);
  const again = await treeline(...args, '--unchanged-exit-77');
  expect(again.status).toBe(77);
  expect(again.stdout).toContain('No change');
  expect(f.refs()).toBe(before);
});

test('the same input gives the same commit from an empty cache, but for the parent', async () => {
  const treefile = path.join(f.directory, 'tree.yaml');
  const content = (repo: string): string =>
    execFileSync('ostree', [`--repo=${repo}`, 'show', ref], { encoding: 'utf8' })
      .split('\n')
      .find((l) => l.startsWith('ContentChecksum')) ?? '';
  const other = path.join(f.directory, 'other-repo');
  execFileSync('ostree', [`--repo=${other}`, 'init', '--mode=archive']);
  await f.compose(treefile, { repo: other, cachedir: path.join(f.directory, 'other-cache') });
  expect(content(other)).toBe(content(f.repo));
  expect(content(other)).not.toBe('');
});

test('scripts in the order rpm runs them, in shell and lua, never through a hard link into the cache', async () => {
  const treefile = f.treefile('packages: [scripted, luascript, plain, service]\nref: test/x86_64/scripts\n', 'scripts.yaml');
  await f.compose(treefile);
  const at = (text: string): number => f.messages.findIndex((m) => m.includes(text));
  expect(f.messages).toContain('scripted%post: post 1 0');
  expect(f.messages.find((m) => m.includes('-rw-r-----'))).toMatch(/ 77 77 /);
  expect(f.messages).toContain('luascript%post: lua ran');
  expect(f.messages).toContain('scripted%triggerin: triggerin 1 1');
  // rpm tells it the number of its package's instances since 4.20 (https://github.com/rpm-software-management/rpm/pull/2883), and 0 before
  const told = / 4\.1\d\./.test(execFileSync('rpm', ['--version'], { encoding: 'utf8' })) ? 'filetrigger 0' : 'filetrigger 1';
  expect(at(told)).toBeGreaterThan(at('post 1 0'));
  expect(at('scripted%posttrans: posttrans')).toBeGreaterThan(at(told));
  expect(at('trigger /usr/share/scripted/data')).toBeGreaterThan(at('%posttrans'));
  expect(f.messages.some((m) => m.includes('trigger /usr/share/plain'))).toBe(false);
  const scripts = 'test/x86_64/scripts';
  expect(f.cat('/usr/share/scripted/data', scripts)).toBe('packaged\nappended\n');
  expect(f.cat('/usr/share/scripted/new/file', scripts)).toBe('n\n');
  expect(f.cat('/usr/share/lua/made', scripts)).toBe('count 1');
  const list = f.list(scripts);
  expect(list.has('/usr/share/scripted/doomed')).toBe(false);
  expect(list.get('/usr/share/lua/link')).toBe('l00777 0 0 -> made');
  expect(list.get('/usr/share/owned')).toBe('-00640 77 77 1');
  expect([...list.keys()].filter((name) => name.includes('scratch'))).toEqual([]);
  expect(f.ostree('ls', '-R', '-X', scripts)).not.toContain('overlay');
  // the packaged file in the cache is as it was
  f.fsck(path.join(f.cachedir, 'pkgcache-repo'));
  const cached = execFileSync(
    'ostree',
    [`--repo=${f.cachedir}/pkgcache-repo`, 'cat', 'rpmostree/pkg/scripted/1-1.noarch', '/usr/share/scripted/data'],
    { encoding: 'utf8' },
  );
  expect(cached).toBe('packaged\n');
});

test('postprocess scripts, added files; ids of the previous commit are kept', async () => {
  writeFileSync(path.join(f.directory, 'added.conf'), 'added');
  writeFileSync(path.join(f.directory, 'post.sh'), '#!/bin/sh -e\necho from-file > /usr/share/from-file\necho etc >> /etc/svc.conf\n', {
    mode: 0o755,
  });
  const treefile = f.treefile(
    'packages: [service, testshell]\nref: test/x86_64/post\npostprocess:\n  - |\n    #!/bin/sh\n    echo inline; cat /etc/added.conf\n    echo 1 > /usr/share/inline\npostprocess-script: post.sh\nadd-files:\n  - [added.conf, /etc/added.conf]\n',
    'post.yaml',
  );
  await f.compose(treefile);
  const post = 'test/x86_64/post';
  expect(f.messages).toContain('postprocess[0]: inline');
  expect(f.cat('/usr/share/from-file', post)).toBe('from-file\n');
  expect(f.cat('/usr/etc/svc.conf', post)).toBe('a=1\netc\n');
  expect(f.cat('/usr/lib/passwd', post)).toContain('svc:x:999:');
  // another user comes along, alphabetically before: svc keeps its id
  f.add({ name: 'another', files: { '/usr/lib/sysusers.d/another.conf': 'u aaa - "A"\n' } });
  await f.compose(f.treefile(readFileSync(treefile, 'utf8').replace('packages: [', 'packages: [another, '), 'post.yaml'));
  expect(f.cat('/usr/lib/passwd', post)).toContain('svc:x:999:');
  expect(f.cat('/usr/lib/passwd', post)).toContain('aaa:x:998:');
});

test('nothing is left of the work', () => {
  expect(readdirSync(f.cachedir).filter((name) => name.startsWith('work.'))).toEqual([]);
  expect(readdirSync(path.join(f.repo, 'tmp')).filter((name) => name !== 'cache')).toEqual([]);
});
