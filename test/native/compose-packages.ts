// SPDX-License-Identifier: LGPL-2.1-or-later
import { filesystemPackage, shellPackage } from '../fixtures/shell-package.ts';
import type { RpmSource } from '../fixtures/make-rpm.ts';

const kernel: RpmSource = {
  name: 'kernel',
  arch: 'x86_64',
  files: { '/boot/vmlinuz-6.1': 'vmlinuz', '/boot/initramfs-6.1.img': 'initramfs' },
};
const service: RpmSource = {
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
    '/var/lib/svc/link': { symlink: '../elsewhere' },
    '/usr/lib/sysusers.d/svc.conf': 'u svc - "Service" /var/lib/svc\n',
    '/usr/bin/svc': { content: 'svc', mode: '4755', user: 'svc' },
  },
};

/** What the composed test systems are made of: a kernel, a service with all kinds of files, packages with scripts in shell and lua. */
export const treePackages: readonly RpmSource[] = [
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
];
