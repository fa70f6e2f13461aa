// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openTree, writeDatabase } from '../../main/engine/compose/build/build-tree.ts';
import type { Compose } from '../../main/engine/compose/build/compose.ts';
import { keepBaseDatabase } from '../../main/engine/compose/build/base-database.ts';
import { renewBootCopies } from '../../main/engine/compose/build/kernel.ts';
import { previousEntries } from '../../main/engine/compose/build/passwd-split.ts';
import { UserDatabase } from '../../main/engine/compose/build/passwd.ts';
import { postprocess } from '../../main/engine/compose/build/postprocess.ts';
import { databaseOf, placeDatabase } from '../../main/engine/compose/build/rootfs.ts';
import { policyOf } from '../../main/engine/compose/build/selinux.ts';
import { applySysusers } from '../../main/engine/compose/build/sysusers.ts';
import { type Treefile } from '../../main/engine/compose/treefile/treefile.ts';
import { Tree } from '../../main/engine/base/tree/index.ts';
import { system } from '../../main/native/linux/index.ts';
import { sepolicyOf } from '../../main/native/ostree/write.ts';
import { type Files } from './hostile-tree.ts';
import { etcUsers, type Driver, scratchOf, users, treefileOf } from './hostile-driver.ts';

const finished: Files = {
  ...etcUsers,
  'usr/etc/passwd-': 'old',
  'usr/etc/nsswitch.conf': 'passwd: files\ngroup: files\n',
  'usr/lib/passwd': 'old:x:7:7::/:/sbin/nologin\n',
  'usr/lib/group': 'old:x:7:\n',
  'usr/lib64/libnss_altfiles.so.2': '',
  'usr/lib/x86_64-linux-gnu/libc.so': '',
  'usr/lib/modules/6.1/config': 'c',
  'usr/lib/modules/6.1/initramfs.img': 'i',
  'boot/vmlinuz-6.1': 'k',
  'boot/grub/grub.cfg': 'g',
  'usr/lib/systemd/system/one.service': '[Install]\nWantedBy=multi-user.target\nAlias=two.service\n',
  'usr/etc/systemd/system/multi-user.target.wants/': '',
  'usr/etc/systemd/system/default.target': '-> /usr/lib/systemd/system/other.target',
  'usr/lib/systemd/system/multi-user.target': '[Unit]\n',
  'usr/lib/systemd/system/ostree-finalize-staged.path': '[Unit]\n',
  'usr/etc/default/useradd': 'HOME=/home\n',
  'usr/lib/systemd/system/ostree-state-overlay@.service': '[Service]\n',
  'usr/lib/os-release': 'NAME=x\nVERSION_ID=1\n',
  'usr/etc/os-release': '-> ../lib/os-release',
  'usr/etc/machine-id': 'uninitialized',
  'usr/etc/selinux/targeted/contexts/files/file_contexts.subs_dist': '/run/lock /var/lock\n',
  'var/lib/thing/data': 'd',
  'var/lib/thing/link': '-> data',
  'run/thing/': '',
  'home/user/': '',
  'root/.profile': 'p',
  'srv/www/': '',
  'mnt/disk/': '',
  'usr/local/bin/tool': 't',
  'usr/share/factory/x': 'x',
  'opt/vendor/program': 'p',
  'usr/lib/opt/vendor/other': 'o',
  'usr/lib/ostree-boot/grub/other': 'o',
  'usr/lib/tmpfiles.d/x.conf': '',
  'usr/bin/rpm': '#!/bin/sh\n',
  'usr/bin/dnf': '-> rpm',
  'usr/libexec/rpm-ostree/wrapped/x': '',
  'usr/lib/treeline/dnf/treeline.py': '',
  'usr/lib/python3/dist-packages/dnf/__init__.py': '',
  'usr/lib/python3/dist-packages/dnf-plugins/other.py': '',
  'usr/lib/sysimage/rpm/x': '',
  'usr/lib/rpm/macros.d/macros.x': '',
  'usr/share/removed': 'r',
  'usr/share/added/x': 'a',
  'usr/bin/program': 'p',
};

function postprocessing(text: string): Driver['run'] {
  let treefile: Treefile | undefined;
  return (root) => {
    treefile ??= treefileOf(text);
    const workdir = scratchOf(root);
    mkdirSync(workdir, { recursive: true });
    using tree = new Tree(root, { system });
    postprocess({ tree, treefile, version: '1.2', workdir, system, message: () => undefined });
  };
}

const everything = `
container: false
boot-location: new
units: [one.service]
default-target: multi-user.target
cliwrap: true
cliwrap-binaries: [rpm, dnf]
readonly-executables: true
remove-files: [usr/share/removed]
add-files: [[/etc/os-release, /usr/share/added/file]]
etc-group-members: [wheel]
`;

/** Reads what libselinux reads, by its name and through every link. */
function readPolicy(root: string): string {
  const directory = path.join(root, 'usr/etc/selinux');
  const files = path.join(directory, 'targeted/contexts/files');
  const isDirectory = existsSync(files) && statSync(files).isDirectory();
  return [path.join(directory, 'config'), ...(isDirectory ? readdirSync(files).map((name) => path.join(files, name)) : [])]
    .filter((name) => existsSync(name) && !statSync(name).isDirectory())
    .map((name) => readFileSync(name, 'utf8'))
    .join('');
}

function database(root: string): string | undefined {
  const scratch = scratchOf(root);
  mkdirSync(scratch, { recursive: true });
  const rpm = {
    databaseBackend: () => 'sqlite',
    writeRpmdb: ({ root: top, dbPath }: { root: string; dbPath: string }) => {
      mkdirSync(path.join(top, dbPath), { recursive: true });
      writeFileSync(path.join(top, dbPath, 'rpmdb.sqlite'), 'written');
    },
  };
  const compose = {
    ports: { rpm, system },
    headers: [],
    treefile: { rpmdb: 'target' },
    context: { message: () => undefined },
  } as unknown as Compose;
  using tree = openTree(compose, root);
  const found = databaseOf(tree);
  const read = found === undefined ? '' : readFileSync(path.join(root, found, 'rpmdb.sqlite'), 'utf8');
  placeDatabase(tree);
  writeDatabase(compose, tree, new Map());
  return read;
}

/** Making a tree one that boots: users, postprocessing, labels, the RPM database. */
export const finishingDrivers = {
  users: {
    files: {
      ...etcUsers,
      'usr/lib/sysusers.d/a.conf': 'u one 100\ng two 101\nu ../../evil 7\nm one wheel\n',
      'usr/etc/sysusers.d/b.conf': 'u three -\n',
    },
    run: (root) => {
      using tree = new Tree(root);
      const database = new UserDatabase(tree);
      for (const kind of ['passwd', 'group'] as const) database.preserve(kind, [{ name: 'old', id: 50, fields: ['old', 'x', '50', '50'] }]);
      applySysusers(tree, database, () => undefined);
    },
  },
  previousUsers: {
    files: { 'etc/passwd': users, 'lib/passwd': users, 'etc/group': 'g:x:1:\n', 'lib/group': 'h:x:2:\n' },
    run: (root) => {
      using copies = new Tree(root);
      return JSON.stringify([previousEntries(copies, 'passwd'), previousEntries(copies, 'group')]);
    },
  },
  postprocess: { files: finished, paths: 1, run: postprocessing(everything) },
  bootCopies: {
    files: {
      'usr/lib/modules/6.1/vmlinuz': 'k',
      'usr/lib/modules/6.1/initramfs.img': 'i',
      'usr/lib/ostree-boot/vmlinuz-6.1-old': 'k',
      'usr/lib/ostree-boot/initramfs-6.1.img-old': 'i',
    },
    only: ['bootCopies', 'ostreeBoot'],
    run: (root) => {
      using tree = new Tree(root);
      renewBootCopies(tree, '6.1');
    },
  },
  stateOverlays: {
    files: { ...finished, 'usr/lib/systemd/system/local-fs.target.requires/': '', 'usr/lib/opt/': '' },
    only: ['enabledUnit', 'opt', 'unit'],
    run: postprocessing('container: true\nopt-usrlocal: state-overlay\n'),
  },
  policy: {
    files: {
      'usr/etc/selinux/config': 'SELINUXTYPE=targeted\n',
      'usr/etc/selinux/targeted/contexts/files/file_contexts': '/.* system_u:object_r:default_t:s0\n',
    },
    run: (root) => {
      using tree = new Tree(root);
      return policyOf(tree, { sepolicyName: (top) => `${readPolicy(top)}${sepolicyOf(top) ?? ''}` });
    },
  },
  database: {
    files: {
      'usr/share/rpm/x': 'x',
      'var/lib/rpm/rpmdb.sqlite': 'theirs',
      'usr/lib/sysimage/rpm/x': '',
      'usr/lib/rpm/macros': '%_db_backend sqlite\n',
    },
    run: database,
  },
  baseDatabase: {
    files: { 'usr/share/rpm/rpmdb.sqlite': 'd', 'usr/lib/sysimage/rpm-ostree-base-db/old': 'o' },
    run: (root) => {
      using tree = new Tree(root);
      keepBaseDatabase(tree);
    },
  },
} satisfies Record<string, Driver>;
