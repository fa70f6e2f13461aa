// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadRepos } from '../../main/engine/compose/treefile/repo-file.ts';
import { etcForEditing, etcForTree } from '../../main/engine/compose/build/rootfs.ts';
import { releaseverOf } from '../../main/engine/compose/treefile/source-root.ts';
import { modifyPackageRepo, packageRepos } from '../../main/engine/host/package-repos/index.ts';
import { loadTreefile } from '../../main/engine/compose/treefile/treefile.ts';
import { makeRoom, restoreAttributes } from '../../main/engine/compose/container/unpack.ts';
import { addToFstab } from '../../main/engine/compose/disk/fill-sysroot.ts';
import { findBootFile } from '../../main/engine/compose/disk/programs.ts';
import type { TreeNode } from '../../main/engine/base/commits/tree-reader.ts';
import { writeLive } from '../../main/engine/host/live/write.ts';
import { Tree } from '../../main/engine/base/tree/index.ts';
import { usersOfMachine } from '../../main/engine/layering/machine-users.ts';
import { system } from '../../main/native/linux/index.ts';
import { type Driver, scratchOf, users } from './hostile-driver.ts';

/** Trees that others made: root file systems, images, deployments. */
export const foreignDrivers = {
  rootfs: {
    files: { 'etc/file': 'f', 'usr/etc/': '', 'usr/bin/x': 'x' },
    run: (root) => {
      using tree = new Tree(root);
      if (!tree.exists('usr', 'usr')) return;
      etcForTree(tree);
      etcForEditing(tree);
    },
  },
  sourceRoot: {
    files: {
      'etc/dnf/vars/stream': '9\n',
      'etc/yum/vars/other': 'x\n',
      'usr/lib/os-release': 'VERSION_ID=9\n',
      'etc/os-release': '-> ../usr/lib/os-release',
      'etc/yum.repos.d/a.repo': '[a]\nbaseurl=file:///a/$stream\ngpgkey=file:///etc/pki/key\n',
      'etc/distro.repos.d/b.repo': '[b]\nbaseurl=file:///b/$other\n',
      'etc/pki/key': 'KEY',
    },
    run: (root) => {
      const scratch = scratchOf(root);
      mkdirSync(scratch, { recursive: true });
      writeFileSync(path.join(scratch, 'tree.yaml'), 'ref: a/b\nrepos: [a, b]\npackages: [p]\n');
      const treefile = loadTreefile(path.join(scratch, 'tree.yaml'));
      const repos = loadRepos(treefile, root);
      const keys = repos.flatMap((repo) => repo.gpgkey).filter((key) => key.startsWith(root));
      return `${releaseverOf(treefile, root)} ${JSON.stringify(repos)} ${keys.map((key) => readFileSync(key, 'utf8')).join('')}`;
    },
  },
  packageRepos: {
    files: {
      'etc/dnf/dnf.conf': '[main]\ntimeout=5\n',
      'etc/dnf/vars/stream': '9\n',
      'usr/lib/os-release': 'VERSION_ID=9\n',
      'etc/yum.repos.d/a.repo': '[a]\nbaseurl=file:///a/$stream\ngpgkey=file:///etc/pki/key\n',
      'etc/pki/key': 'KEY',
      'etc/treeline/package-keys/a/one.asc': 'ONE',
    },
    paths: 3,
    run: (root) => {
      const { repos, releasever } = packageRepos({ root });
      const keys = repos.flatMap((repo) => repo.gpgkey);
      return `${releasever} ${JSON.stringify(repos)} ${keys.map((key) => readFileSync(key, 'utf8')).join('')}`;
    },
  },
  machineUsers: {
    files: { 'etc/passwd': users, 'etc/group': 'root:x:0:\n' },
    run: (root) => JSON.stringify(usersOfMachine(root)),
  },
  changedRepos: {
    files: { 'etc/yum.repos.d/a.repo': '[a]\nbaseurl=file:///a\nenabled=1\n', 'etc/yum.repos.d/b.repo': '-> a.repo' },
    only: ['changedRepo'],
    run: (root) => modifyPackageRepo(root, 'a', { enabled: '0' }).changed,
  },
  layersOfImages: {
    files: { 'usr/gone/file': 'g', 'usr/emptied/file': 'e', 'usr/replaced/file': 'r' },
    run: (root) => {
      using tree = new Tree(root);
      makeRoom(tree, ['usr/gone/.wh.file', 'usr/emptied/.wh..wh..opq', 'usr/replaced', 'usr/.wh...', '../.wh.a-file']);
    },
  },
  attributes: {
    files: {
      'sysroot/ostree/repo/objects/aa/b.file': 'f',
      'sysroot/ostree/repo/objects/aa/b.file-xattrs-link': 'x',
    },
    run: (root) => {
      using tree = new Tree(root, { system });
      const seen: string[] = [];
      restoreAttributes(tree, (bytes) => {
        seen.push(Buffer.from(bytes).toString());
        return [['user.test', Buffer.from('v')]];
      });
      return seen.join();
    },
  },
  runningSystem: {
    files: {
      'usr/share/a/changed': 'old',
      'usr/share/a/gone': 'old',
      'usr/share/m/file': 'm',
      'usr/share/whole/file': 'old',
      'etc/a/mine': 'm',
      'etc/a/ours': 'o',
      'etc/b/only': 'o',
    },
    paths: 6,
    run: (root) => {
      const file = { type: 'file', checksum: 'f' } as const;
      const directory = { type: 'directory', checksum: 'd', tree: 't' } as const;
      writeLive({
        root,
        target: 'c',
        reader: { attributes: () => ({ mode: 0o750, uid: 0, gid: 0 }) },
        live: {
          copyOut: (_commit, from, into) => {
            if (from.endsWith('/whole')) mkdirSync(into);
            writeFileSync(from.endsWith('/whole') ? `${into}/file` : `${into}/.new`, 'new');
            if (!from.endsWith('/whole')) renameSync(`${into}/.new`, `${into}/${path.basename(from)}`);
          },
        },
        steps: [
          { path: 'usr/share/a/changed', was: 'file', does: 'put', to: file },
          { path: 'usr/share/whole', was: 'directory', does: 'put', to: directory },
          { path: 'usr/share/m', was: 'directory', does: 'attributes', to: directory },
          { path: 'usr/share/a/gone', was: 'file', does: 'remove' },
        ],
        etc: {
          put: new Map<string, TreeNode>([
            ['new', directory],
            ['new/file', file],
            ['a/added', file],
          ]),
          remove: ['b/only', 'b', 'a/ours'],
          waits: [],
        },
      });
    },
  },
  fstab: { files: { 'etc/fstab': '# theirs\n' }, run: (root) => addToFstab(root, 'LABEL=boot /boot ext4 defaults 0 2\n') },
  bootPrograms: {
    files: { 'usr/lib/grub/i386-pc/moddep.lst': 'linux:\n', 'usr/lib/grub/i386-pc/linux.mod': 'm' },
    run: (root) => {
      const found = findBootFile(root, ['usr/lib/grub/i386-pc/moddep.lst'], 'grub', true);
      if (!found.startsWith(root)) return '';
      const directory = path.dirname(found);
      return readdirSync(directory)
        .map((name) => readFileSync(path.join(directory, name), 'utf8'))
        .join('');
    },
  },
} satisfies Record<string, Driver>;
