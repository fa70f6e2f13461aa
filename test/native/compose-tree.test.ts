import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReleaseChanges } from '../../shared/domain/index.ts';
import { Variant } from '../../main/native/core/index.ts';
import { Repo } from '../../main/native/ostree/index.ts';
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import { ComposeFixture, treeline } from './compose-fixture.ts';

let f: ComposeFixture;
const ref = 'test/x86_64/base';

const kernel = { name: 'kernel', arch: 'x86_64', files: { '/boot/vmlinuz-6.1': 'vmlinuz', '/boot/initramfs-6.1.img': 'initramfs' } };
const service = {
  name: 'service',
  files: {
    '/usr/lib/systemd/system/svc.service': '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\nAlias=alias.service\n',
    '/usr/lib/systemd/system/tmpl@.service': '[Install]\nRequiredBy=basic.target\n',
    '/usr/lib/systemd/system/multi-user.target': '[Unit]\n',
    '/etc/svc.conf': { content: 'a=1\n', directive: '%config(noreplace)' },
    '/usr/share/doc/svc/README': { content: 'doc', directive: '%doc' },
    '/usr/share/removed/by-treefile': 'x',
    '/usr/share/removed/by-pattern': 'x',
    '/opt/Some VPN/bin/vpn': 'v',
    '/var/lib/svc': { dir: true, mode: '0750', user: 'svc', group: 'svc' },
    '/var/lib/svc/state file': { content: 'state', mode: '0600' },
    '/var/lib/svc/link': { link: '../elsewhere' },
    '/usr/lib/sysusers.d/svc.conf': 'u svc - "Service" /var/lib/svc\n',
    '/usr/bin/svc': { content: 'svc', mode: '4755', user: 'svc' },
  },
};

beforeAll(() => {
  f = new ComposeFixture();
  f.add(
    filesystemPackage,
    shellPackage(),
    kernel,
    service,
    { name: 'plain', version: '1', files: { '/usr/share/plain': 'one' }, changelog: '* Mon Mar 02 2026 A <a@x> - 1-1\n- First' },
    {
      name: 'scripted',
      tags: ['Requires: testshell', 'Requires(pre): /bin/sh'],
      files: {
        '/usr/share/scripted/data': 'packaged\n',
        '/usr/share/scripted/doomed': 'x',
        '/usr/share/owned': { content: 'o', user: 'madebypre', group: 'madebypre', mode: '0640' },
      },
      scripts: {
        pre: 'echo "madebypre:x:77:77::/:/sbin/nologin" >> /etc/passwd; echo "madebypre:x:77:" >> /etc/group',
        post: 'echo "post $1 $(id -u)"; echo appended >> /usr/share/scripted/data; rm /usr/share/scripted/doomed; ls -ln /usr/share/owned | sed s/Nov.*//\nmkdir /usr/share/scripted/new; echo n > /usr/share/scripted/new/file; cat /dev/tcp 2>/dev/null; touch /tmp/scratch /run/scratch',
        posttrans: 'echo posttrans',
        'transfiletriggerin -- /usr/share/scripted /usr/share/lua': 'while read f; do echo "trigger $f"; done',
        'filetriggerin -- /usr/lib/systemd': 'echo filetrigger $1',
        'triggerin -- plain': 'echo triggerin $1 $2',
      },
    },
    {
      name: 'luascript',
      files: { '/usr/share/lua/base': 'b' },
      scripts: {
        'post -p <lua>':
          'local f = io.open("/usr/share/lua/made", "w"); f:write("count " .. arg[2]); f:close()\nposix.symlink("made", "/usr/share/lua/link")\nassert(not posix.stat("/usr/bin/env") and posix.stat("/usr/share/lua/base"))\nprint("lua ran")',
      },
    },
  );
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
  expect(list.get('/usr/etc/systemd/system/default.target')).toBe('l00777 0 0 -> /usr/lib/systemd/system/multi-user.target');
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
  // the ostree command swaps the bytes of numbers when it prints them
  using opened = Repo.open(f.repo);
  const commit = opened.loadCommit(opened.resolveRev(ref));
  expect(commit.value('number', 'x')).toBe(7n);
  expect(show('rpmostree.rpmdb.pkglist')).toBe(
    "[('filesystem', '0', '1', '1', 'noarch'), ('kernel', '0', '1', '1', 'x86_64'), ('service', '0', '1', '1', 'noarch')]",
  );
  const [repository] = commit.value('rpmostree.rpmmd-repos', 'aa{sv}') as unknown as Map<string, Variant>[];
  expect(repository?.get('id')).toEqual(new Variant('s', 'test'));
  expect(Math.abs(Number(repository?.get('timestamp')?.value) - Date.now() / 1000)).toBeLessThan(3600);
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
  expect(at('filetrigger 1')).toBeGreaterThan(at('post 1 0'));
  expect(at('scripted%posttrans: posttrans')).toBeGreaterThan(at('filetrigger 1'));
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

test('treeline.changes tells what a commit changes against its parent, with new changelog entries and advisories', async () => {
  const treefile = f.treefile('packages: [plain, filesystem]\nref: test/x86_64/changes\nautomatic-version-prefix: "1"\n', 'changes.yaml');
  await f.compose(treefile);
  const changes = (revision: string): ReleaseChanges => {
    using repo = Repo.open(f.repo);
    const value = repo.loadCommit(repo.resolveRev(revision)).value('treeline.changes', 'ay');
    return JSON.parse(inflateSync(value as Buffer).toString()) as ReleaseChanges;
  };
  expect(changes('test/x86_64/changes')).toMatchObject({ format: 1, version: '1', packages: [], advisories: [] });
  f.add({
    name: 'plain',
    version: '2',
    files: { '/usr/share/plain': 'two!' },
    changelog: '* Tue Mar 03 2026 A <a@x> - 2-1\n- Second: CVE-2026-1\n\n* Mon Mar 02 2026 A <a@x> - 1-1\n- First',
  });
  const updateinfo = path.join(f.directory, 'updateinfo.xml');
  writeFileSync(
    updateinfo,
    '<updates><update type="security" version="1" status="final" from="x"><id>ADV-1</id><title>plain fix</title><severity>Important</severity><issued date="2026-03-03 00:00:00"/><description>Fixed</description><references><reference href="https://x/CVE-2026-1" id="CVE-2026-1" type="cve" title="CVE-2026-1"/></references><pkglist><collection><package name="plain" version="2" release="1" epoch="0" arch="noarch"><filename>plain-2-1.noarch.rpm</filename></package></collection></pkglist></update></updates>',
  );
  execFileSync('modifyrepo_c', ['--mdtype=updateinfo', updateinfo, path.join(f.packages, 'repodata')], { stdio: 'ignore' });
  const outcome = await f.compose(treefile);
  expect(outcome).toMatchObject({ changed: true, version: '1.1', imported: 1, cached: 1 });
  const told = changes('test/x86_64/changes');
  expect(told).toMatchObject({ version: '1.1', parentVersion: '1', installedSizeDeltaBytes: 1 });
  expect(told.parent).toBe(f.ostree('rev-parse', 'test/x86_64/changes^'));
  expect(told.packages).toHaveLength(1);
  expect(told.packages[0]).toMatchObject({
    kind: 'upgraded',
    name: 'plain',
    from: { version: '1' },
    to: { version: '2' },
    advisories: ['ADV-1'],
  });
  expect(told.packages[0]?.changelog?.map((e) => e.text)).toEqual(['- Second: CVE-2026-1']);
  expect(told.advisories[0]).toMatchObject({
    id: 'ADV-1',
    kind: 'security',
    severity: 'important',
    references: [{ kind: 'cve', id: 'CVE-2026-1' }],
  });
  using repo = Repo.open(f.repo);
  const advisories = repo.loadCommit(outcome.checksum).value('rpmostree.advisories', 'a(suuasa{sv})') as unknown as [
    string,
    number,
    number,
    string[],
  ][];
  expect(advisories[0]?.slice(0, 4)).toEqual(['ADV-1', 1, 3, ['plain-2-1.noarch']]);
});

test('GPG signatures that ostree itself verifies, ed25519 ones that OpenSSL does', async () => {
  const home = path.join(f.directory, 'gnupg');
  mkdirSync(home, { mode: 0o700 });
  const gpg = (...args: string[]): string =>
    execFileSync('gpg', ['--homedir', home, '--batch', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  gpg('--passphrase', '', '--quick-gen-key', 'Tester <t@example.org>', 'ed25519', 'sign', 'never');
  const keyId = /^pub:.*?:([0-9A-F]{16}):/m.exec(gpg('--with-colons', '--list-keys'))?.[1] ?? '';
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = (key: typeof privateKey, type: 'spki' | 'pkcs8'): Buffer =>
    (key.export({ type: type as 'pkcs8', format: 'der' }) as Buffer).subarray(-32);
  const publicRaw = raw(publicKey, 'spki');
  const keyFile = path.join(f.directory, 'ed25519.key');
  writeFileSync(keyFile, `${Buffer.concat([raw(privateKey, 'pkcs8'), publicRaw]).toString('base64')}\n`);
  const treefile = f.treefile('packages: [plain, filesystem]\nref: test/x86_64/signed\n', 'signed.yaml');
  const outcome = await f.compose(treefile, { gpgSign: { keyId, homedir: home }, ed25519KeyFile: keyFile });
  const trusted = path.join(f.directory, 'trusted');
  mkdirSync(trusted);
  gpg('--export', '-o', path.join(trusted, 'pubring.gpg'));
  expect(
    execFileSync('ostree', [`--repo=${f.repo}`, 'show', `--gpg-homedir=${trusted}`, outcome.checksum], { encoding: 'utf8' }),
  ).toContain('Good signature from "Tester');
  using repo = Repo.open(f.repo);
  const [signature = Buffer.alloc(0)] =
    repo.detachedMetadata(outcome.checksum)?.get('ostree.sign.ed25519') instanceof Variant
      ? ((repo.detachedMetadata(outcome.checksum)?.get('ostree.sign.ed25519') as Variant).value as Buffer[])
      : [];
  expect(verify(null, repo.loadCommit(outcome.checksum).bytes, publicKey, signature)).toBe(true);
  expect(existsSync(path.join(f.repo, 'summary.sig'))).toBe(true);
  const client = path.join(f.directory, 'client');
  execFileSync('ostree', [`--repo=${client}`, 'init', '--mode=archive']);
  execFileSync(
    'ostree',
    [
      `--repo=${client}`,
      'remote',
      'add',
      `--gpg-import=${trusted}/pubring.gpg`,
      '--set=gpg-verify=true',
      '--set=gpg-verify-summary=true',
      'r',
      `file://${f.repo}`,
    ],
    { stdio: 'ignore' },
  );
  execFileSync('ostree', [`--repo=${client}`, 'pull', 'r', 'test/x86_64/signed'], { stdio: 'ignore' });
  execFileSync('gpgconf', ['--homedir', home, '--kill', 'gpg-agent']);
});

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

test('the command’s options: metadata, files about the result, no parent, quiet', async () => {
  const at = (name: string): string => path.join(f.directory, name);
  writeFileSync(at('meta.json'), '{"flag": true, "list": ["a", 1], "nested": {"x": 1.5}}');
  const treefile = f.treefile(
    'packages: [plain, filesystem]\nref: test/x86_64/options\nadd-commit-metadata: {note: treefile}\n',
    'options.yaml',
  );
  const result = await treeline(
    ...[
      '-q',
      'compose',
      'tree',
      `--repo=${f.repo}`,
      `--cachedir=${f.cachedir}`,
      '--add-metadata-string=version=9.9',
      '--add-metadata-string=note=command',
    ],
    ...[
      `--add-metadata-from-json=${at('meta.json')}`,
      `--write-commitid-to=${at('id')}`,
      `--write-composejson-to=${at('compose.json')}`,
      `--touch-if-changed=${at('touched')}`,
    ],
    ...['--no-parent', treefile],
  );
  expect(result).toMatchObject({ status: 0, stderr: '' });
  const checksum = readFileSync(at('id'), 'utf8');
  expect(result.stdout).toBe(`test/x86_64/options => ${checksum}\n`);
  expect(JSON.parse(readFileSync(at('compose.json'), 'utf8'))).toMatchObject({
    ref: 'test/x86_64/options',
    'ostree-commit': checksum,
    'ostree-version': '9.9',
    'ostree-parent-commit': null,
  });
  expect(existsSync(at('touched'))).toBe(true);
  const show = (key: string): string => f.ostree('show', `--print-metadata-key=${key}`, checksum);
  expect([show('version'), show('note'), show('flag')]).toEqual(["'9.9'", "'command'", 'true']);
  const usage = await treeline(
    'compose',
    'tree',
    `--repo=${f.repo}`,
    `--cachedir=${f.cachedir}`,
    '--add-metadata-string=nonsense',
    '--force-nocache',
    treefile,
  );
  expect(usage.status).toBe(1);
  expect(usage.stderr).toContain('nonsense');
});

test('dry run and print-only change nothing', async () => {
  const treefile = f.treefile('packages: [service]\nref: test/x86_64/dry\n', 'dry.yaml');
  const before = readdirSync(f.repo, { recursive: true }).length;
  expect((await f.compose(treefile, { dryRun: true })).text).toContain('service-1-1.noarch (test)');
  expect(JSON.parse((await f.compose(treefile, { printOnly: true })).text ?? '')).toMatchObject({
    ref: 'test/x86_64/dry',
    packages: ['service'],
  });
  expect(readdirSync(f.repo, { recursive: true }).length).toBe(before);
});

test('nothing is left of the work', () => {
  expect(readdirSync(f.cachedir).filter((name) => name.startsWith('work.'))).toEqual([]);
  expect(readdirSync(path.join(f.repo, 'tmp')).filter((name) => name !== 'cache')).toEqual([]);
});
