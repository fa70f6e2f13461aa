// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import { filesystemPackage, programPackage, shellPackage } from '../fixtures/shell-package.ts';
import { kernelPackage } from '../fixtures/small-system.ts';
import type { RpmSource, RpmSourceFile } from '../fixtures/make-rpm.ts';

/* A base, and one package for each thing that packages do: to be put onto it, and to be composed with it. */

const logs = '/usr/share/log';
/** A line in the log of one: who else runs when doesn't matter to it. */
const say = (who: string, text: string): string => `echo "${text}" >> ${logs}/${who}`;
const sayNames = (who: string): string => `while read -r name; do ${say(who, '$name')}; done`;
const luaSay = (who: string): string =>
  `local function say(text) local f = io.open("${logs}/${who}", "a"); f:write(text .. "\\n"); f:close() end\n`;
const program = (content: string): RpmSourceFile => ({ content: `#!/bin/sh\n${content}\n`, mode: '0755' });
const alternative = (name: string, priority: number): string =>
  `update-alternatives --log /dev/null --admindir /var/lib/alternatives --install /usr/bin/tool tool /usr/bin/tool-${name} ${priority}`;

const labels = [
  ['/.*', 'default_t'],
  ['/usr(/.*)?', 'usr_t'],
  ['/etc(/.*)?', 'etc_t'],
  ['/var(/.*)?', 'var_t'],
  ['/etc/labelled/secret', 'secret_t'],
  ['/usr/sbin/labelled', 'labelled_exec_t'],
  ['/usr/bin/l[^/]*', 'link_t'],
]
  .map(([pattern = '', type = '']) => `${pattern}\tsystem_u:object_r:${type}:s0\n`)
  .join('');

const base: RpmSource = {
  name: 'base',
  tags: ['Requires: testshell'],
  files: {
    [logs]: { dir: true },
    '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nfixed:x:40:40::/:/sbin/nologin\n',
    '/etc/group': 'root:x:0:\nfixed:x:40:\nwheel:x:10:\n',
    '/etc/shadow': { content: 'root:!*:19000:0:99999:7:::\n', mode: '0640' },
    '/etc/gshadow': { content: 'root:*::\nwheel:*::\n', mode: '0640' },
    '/etc/nsswitch.conf': 'passwd: files\ngroup: files\n',
    '/etc/alternatives': { dir: true },
    '/etc/base.conf': { content: 'base\n', directive: '%config' },
    '/usr/lib/sysusers.d/base.conf': 'u baseuser - "Base" /var/lib/base\ng basegroup\n',
    '/usr/lib/systemd/system/ostree-state-overlay@.service': '[Unit]\n[Service]\nExecStart=/bin/true\n',
    '/usr/lib/systemd/system/local-fs.target': '[Unit]\n',
    '/usr/share/real': { dir: true },
    '/usr/share/crossed': { symlink: 'real' },
    '/usr/bin/tool-base': program('echo base'),
    '/var/lib/alternatives': { dir: true },
    '/var/lib/base': { dir: true, mode: '0750', user: 'baseuser' },
    '/var/lib/base/state': 'state',
    '/opt/vendor/base': 'base',
    '/boot/efi/EFI/base/loader': 'base',
    '/etc/selinux/config': 'SELINUX=permissive\nSELINUXTYPE=tiny\n',
    '/etc/selinux/tiny/contexts/files/file_contexts': labels,
    // what loads it is a kernel; labels need the file contexts alone
    '/etc/selinux/tiny/policy/policy.33': 'binary policy',
  },
  scripts: {
    post: alternative('base', 10),
    'filetriggerin -- /usr/share/heard': sayNames('base-hears'),
    'transfiletriggerin -- /usr/share/heard': sayNames('base-hears-all'),
    'triggerin -- heard': say('base-triggered', 'in $*'),
  },
};

export const basePackages: readonly RpmSource[] = [
  filesystemPackage,
  kernelPackage('1'),
  shellPackage(['update-alternatives', 'mkfifo']),
  programPackage('accounts-programs', ['useradd', 'groupadd'], {
    '/usr/sbin/ldconfig': { content: readFileSync('/sbin/ldconfig'), mode: '0755' },
    '/etc/ld.so.conf': { content: '/usr/lib/x86_64-linux-gnu\n' },
    '/etc/login.defs': { content: 'UID_MIN 1000\nSYS_UID_MIN 100\nGID_MIN 1000\nSYS_GID_MIN 100\n' },
  }),
  base,
];

const multi = (arch: string, directory: string): RpmSource => ({
  ...{ name: 'multi', arch },
  files: {
    [`${directory}/libmulti.so.1`]: arch,
    '/usr/share/doc/multi/README': { content: 'the same in both', directive: '%doc' },
    '/etc/multi.conf': { content: 'the same in both', directive: '%config(noreplace)' },
  },
});

const kinds: readonly RpmSource[] = [
  {
    name: 'plain',
    files: {
      '/usr/share/plain/file': 'plain',
      '/usr/share/plain/empty': '',
      '/usr/share/plain/closed': { content: 'closed', mode: '0000' },
      '/usr/share/plain/all': { dir: true, mode: '1777' },
      '/usr/share/doc/plain/README': { content: 'doc', directive: '%doc' },
      '/usr/share/licenses/plain/COPYING': { content: 'license', directive: '%license' },
      '/usr/share/man/man1/plain.1': 'man',
      '/usr/share/locale/de/plain.mo': { content: 'de', directive: '%lang(de)' },
    },
  },
  {
    name: 'scripts',
    scripts: {
      pre: say('scripts', 'pre $#:$*'),
      post: `${say('scripts', 'post $#:$*')}; mkdir /usr/share/scripts; echo made > /usr/share/scripts/made; echo more >> /etc/base.conf`,
      preun: 'exit 9',
      postun: 'exit 9',
      posttrans: `${say('scripts', 'posttrans $#:$*')}; rm /usr/share/scripts/made; mkdir -m 2750 /usr/share/scripts/kept; chown baseuser:40 /usr/share/scripts/kept`,
    },
  },
  {
    name: 'lua',
    files: { '/usr/share/lua/data': 'data' },
    scripts: {
      'pretrans -p <lua>': 'assert(not posix.stat("/usr/share/lua/data"))',
      'pre -p <lua>': `${luaSay('lua')}say("pre " .. #arg .. " " .. tostring(arg[2]))`,
      'post -p <lua>': `${luaSay('lua')}say("post " .. posix.stat("/usr/share/lua/data", "size"))
        assert(posix.mkdir("/usr/share/lua/made")); assert(posix.chmod("/usr/share/lua/made", "rwxr-x---"))
        assert(posix.symlink("data", "/usr/share/lua/link"))`,
    },
  },
  { name: 'heard', tags: ['Requires: plain'], files: { '/usr/share/heard/one': '1', '/usr/share/heard/two': '2' } },
  {
    name: 'hearer',
    scripts: {
      'filetriggerin -- /etc/base /usr/share/heard': sayNames('hearer-files'),
      'transfiletriggerin -P 5 -p <lua> -- /usr/share/heard /usr/share/plain /usr/share/real': `${luaSay('hearer-all')}local n = rpm.next_file() while n do say(n); n = rpm.next_file() end`,
      'triggerin -- base > 0': say('hearer-base', '$*'),
    },
  },
  {
    name: 'sysuser',
    files: {
      '/usr/lib/sysusers.d/sysuser.conf':
        'u sysuser - "Owner of files" /var/lib/sysuser\ng sysgroup\nm sysuser basegroup\nm sysuser wheel\n',
      '/usr/share/sysuser/file': { content: 'o', mode: '0640', user: 'sysuser', group: 'sysgroup' },
      '/usr/share/sysuser/directory': { dir: true, mode: '2770', user: 'sysuser', group: 'basegroup' },
      '/usr/share/sysuser/link': { symlink: 'file' },
      '/var/lib/sysuser': { dir: true, mode: '0750', user: 'sysuser', group: 'sysgroup' },
    },
  },
  {
    name: 'useradd',
    files: { '/usr/share/useradd/file': { content: 'o', user: 'added', group: 'addedgroup', mode: '0640' } },
    scripts: {
      pre: 'groupadd -r addedgroup && useradd -r -M -g addedgroup -d /var/lib/added -s /usr/sbin/nologin -c "Added by a script" added',
      post: say('useradd', '$(id -un added) $(id -gn added)'),
    },
  },
  {
    name: 'alternatives',
    files: { '/usr/bin/tool-better': program('echo better') },
    scripts: { post: alternative('better', 50) },
  },
  {
    name: 'rights',
    files: {
      '/usr/bin/capable': { content: 'c', mode: '0755', caps: 'cap_net_raw,cap_net_admin=p' },
      '/usr/bin/suid': { content: 's', mode: '4755' },
      '/usr/bin/suid-of-base': { content: 's', mode: '4710', user: 'baseuser', group: 'fixed' },
      '/usr/bin/sgid': { content: 's', mode: '2755', group: 'basegroup' },
    },
  },
  {
    name: 'hardlinks',
    files: {
      '/usr/share/hardlinks/1': 'linked',
      '/usr/share/hardlinks/2': { hardlinkTo: '/usr/share/hardlinks/1' },
      '/usr/share/hardlinks/of-base': { content: 'linked', user: 'baseuser' },
      '/usr/share/hardlinks/of-base-too': { hardlinkTo: '/usr/share/hardlinks/of-base', user: 'baseuser' },
      '/usr/bin/linked1': { content: 'rights', mode: '0755', caps: 'cap_net_raw=p' },
      '/usr/bin/linked2': { hardlinkTo: '/usr/bin/linked1', mode: '0755', caps: 'cap_net_raw=p' },
    },
  },
  {
    name: 'links',
    files: {
      '/lib/links/below-a-link-of-the-root': 'l',
      '/usr/share/crossed/below-a-link-of-the-base': 'l',
      '/usr/share/links/directory': { dir: true, mode: '0700' },
      '/usr/share/links/to-directory': { symlink: 'directory' },
      '/usr/share/links/absolute': { symlink: '/etc/base.conf' },
      '/usr/share/links/nowhere': { symlink: '../../../nowhere/at all' },
      '/etc/links.conf': { symlink: '../usr/share/links/absolute' },
    },
  },
  {
    name: 'states',
    files: {
      '/etc/states/kept.conf': { content: 'k', directive: '%config(noreplace)' },
      '/etc/states/replaced.conf': { content: 'r', directive: '%config' },
      '/etc/states/optional.conf': { content: 'o', directive: '%config(missingok)', mode: '0600' },
      '/etc/states/ghost.conf': { content: '', directive: '%ghost %config' },
      '/usr/share/states/ghost': { content: '', directive: '%ghost' },
      '/usr/share/states/never': { content: '', directive: '%ghost' },
      '/var/lib/states/ghost': { dir: true, directive: '%ghost' },
    },
    scripts: { post: 'echo g > /etc/states/ghost.conf; mkdir -p /usr/share/states; echo g > /usr/share/states/ghost' },
  },
  {
    ...{ name: 'odd+name', version: '1.0~rc1+2', release: '1^git.7', epoch: 3 },
    files: {
      '/usr/share/odd+name/with blanks  (2), + ~ ^ % & $HOME': 'o',
      '/usr/share/odd+name/“ünïcödé” 日本語': 'o',
      '/usr/share/odd+name/\\back"quote\'s': 'o',
      '/usr/share/odd+name/-n': 'o',
      '/etc/odd name.d/odd.conf': 'o',
      '/var/lib/odd name/100% odd/a file': { content: 'o', user: 'baseuser' },
    },
  },
  {
    name: 'places',
    files: {
      '/opt/Some VPN/bin/vpn': program('true'),
      '/opt/vendor/mine': 'beside what the base has there',
      '/usr/local/bin/mine': program('true'),
      '/usr/local/share/places/file': 'l',
      '/srv/places/data': 'd',
      '/root/.places': 'r',
      '/home/places': { dir: true },
      '/mnt/places': { dir: true },
      '/boot/efi/EFI/places/loader': 'beside what the base has there',
      '/boot/places.cfg': 'boot',
    },
  },
  {
    name: 'state-of-machine',
    files: {
      '/usr/lib/tmpfiles.d/state-of-machine.conf': 'd /run/state 0755 root root -\n',
      '/run/state-of-machine': { dir: true, mode: '0710' },
      '/var/log/state.log': { content: '', mode: '0600' },
      '/var/cache/state/packaged': 'p',
      '/var/lib/state/file': { content: 's', mode: '0640', group: 'basegroup' },
      '/var/lib/state/link': { symlink: '../base' },
      '/var/lib/base/plugin': { dir: true, user: 'baseuser' },
    },
    scripts: {
      post: 'echo script > /var/lib/state/by-script; echo > /var/cache/state/scratch; echo > /tmp/scratch; echo > /run/scratch; echo scratch > /var/tmp/scratch',
    },
  },
  {
    name: 'uses-state',
    scripts: { post: `${say('uses-state', '$(ls -dl /var/lib/base | sed "s/ .*//")')}; echo script > /var/lib/base/of-script` },
  },
  {
    name: 'labelled',
    files: {
      '/usr/sbin/labelled': program('true'),
      '/etc/labelled/secret': 's',
      '/usr/bin/labelled-link': { symlink: '../sbin/labelled' },
    },
    scripts: { post: 'echo s > /etc/labelled/by-script; mkdir /etc/labelled/directory' },
  },
  multi('x86_64', '/usr/lib64'),
  multi('i686', '/usr/lib'),
  {
    ...{ name: 'library', arch: 'x86_64', tags: ['AutoReqProv: no'] },
    files: {
      '/usr/lib/x86_64-linux-gnu/libbz2.so.1.0.4': { content: readFileSync('/usr/lib/x86_64-linux-gnu/libbz2.so.1.0'), mode: '0755' },
    },
    scripts: { 'post -p /usr/sbin/ldconfig': '' },
  },
  {
    name: 'service',
    files: {
      '/usr/lib/systemd/system/some@.service': '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n',
      '/usr/lib/systemd/system/sockets.target.wants/some.socket': { symlink: '../some.socket' },
      '/usr/lib/systemd/system-preset/50-some.preset': 'enable some@.service\n',
    },
    scripts: {
      post: 'mkdir -p /etc/systemd/system/multi-user.target.wants; ln -s /usr/lib/systemd/system/some@.service /etc/systemd/system/multi-user.target.wants/some@x.service',
    },
  },
  {
    name: 'cycle-a',
    tags: ['Requires: cycle-b'],
    files: { '/usr/share/cycle/a': 'a' },
    scripts: { post: say('cycle-a', '$(ls /usr/share/cycle)') },
  },
  {
    name: 'cycle-b',
    tags: ['Requires: cycle-a'],
    files: { '/usr/share/cycle/b': 'b' },
    scripts: { post: say('cycle-b', '$(ls /usr/share/cycle)') },
  },
  { name: 'unknown-owner', files: { '/usr/share/unknown-owner': { content: 'u', user: 'nobody-knows', group: 'nobody-knows' } } },
  {
    name: 'new-users',
    files: { '/etc/default/useradd': { content: 'GROUP=100\nHOME=/home\n', mode: '0600', directive: '%config(noreplace)' } },
  },
  { name: 'identity', scripts: { post: 'echo 0123456789abcdef0123456789abcdef > /etc/machine-id' } },
  {
    name: 'packager',
    files: {
      '/usr/lib/sysimage/rpm': { dir: true },
      '/usr/lib/rpm/macros.d/macros.packager': '%packager x\n',
      '/usr/bin/packager': program('true'),
    },
  },
];

/** All need the base, so that they come after it in a compose, too. */
export const layeredPackages: readonly RpmSource[] = kinds.map((source) => ({
  ...source,
  tags: ['Requires: base', ...(source.tags ?? [])],
}));

/** What to ask for to get all of them. */
export const layeredNames: readonly string[] = [
  ...kinds.map(({ name }) => name).filter((name) => name !== 'multi'),
  ...['multi.x86_64', 'multi.i686'],
];
