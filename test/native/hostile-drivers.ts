// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { assemble, makeScaffold } from '../../main/engine/compose/assemble.ts';
import { openTree, writeDatabase } from '../../main/engine/compose/build-tree.ts';
import type { Compose } from '../../main/engine/compose/compose.ts';
import { checkFileConflicts } from '../../main/engine/compose/conflicts.ts';
import { keepBaseDatabase } from '../../main/engine/compose/base-database.ts';
import { isPostprocessed } from '../../main/engine/compose/install.ts';
import { linkRoot } from '../../main/engine/compose/root-layout.ts';
import { linkVarLib } from '../../main/engine/compose/var-lib-links.ts';
import { layOver } from '../../main/engine/compose/layers.ts';
import { mergeUpper } from '../../main/engine/compose/overlay-merge.ts';
import { applyOwnership } from '../../main/engine/compose/ownership.ts';
import { previousEntries } from '../../main/engine/compose/passwd-split.ts';
import { UserDatabase } from '../../main/engine/compose/passwd.ts';
import { postprocess } from '../../main/engine/compose/postprocess.ts';
import { loadRepos } from '../../main/engine/compose/repo-file.ts';
import { databaseOf, etcForEditing, etcForTree, placeDatabase } from '../../main/engine/compose/rootfs.ts';
import { Sandbox } from '../../main/engine/compose/sandbox.ts';
import { policyOf } from '../../main/engine/compose/selinux.ts';
import { releaseverOf } from '../../main/engine/compose/source-root.ts';
import { applySysusers } from '../../main/engine/compose/sysusers.ts';
import { loadTreefile, type Treefile } from '../../main/engine/compose/treefile.ts';
import { makeRoom, restoreAttributes } from '../../main/engine/container/unpack.ts';
import { addToFstab } from '../../main/engine/disk/fill-sysroot.ts';
import { findBootFile } from '../../main/engine/disk/programs.ts';
import type { PackageCache } from '../../main/engine/ports/compose-store.ts';
import type { RpmFile, RpmPackage } from '../../main/engine/ports/rpm.ts';
import { Tree, type PlaceName } from '../../main/engine/tree/index.ts';
import { system } from '../../main/native/linux/index.ts';
import { sepolicyOf } from '../../main/native/ostree/write.ts';
import { write, type Files } from './hostile-tree.ts';

/** A part of compose (or of what else handles trees), run on a tree as it runs there. */
export interface Driver {
  /** A tree that it makes something of. */
  readonly files: Files;
  /** What comes out where people could read it, besides the tree. */
  readonly run: (root: string) => unknown;
  /** Paths that each place is tried with; default 2. */
  readonly paths?: number;
  /** Only these places: others are another driver's. */
  readonly only?: readonly PlaceName[];
}

const file = (name: string, more: Partial<RpmFile> = {}): RpmFile =>
  ({ path: name, mode: 0o100644, user: 'root', group: 'root', linkTarget: '', caps: '', digest: 'd', flags: 0, ...more }) as RpmFile;

const pkg = (name: string, files: readonly RpmFile[]): RpmPackage =>
  ({ name, epoch: 0, version: '1', release: '1', arch: 'noarch', path: `/${name}.rpm`, files, fileDigestAlgo: 8 }) as unknown as RpmPackage;

const scratchOf = (root: string): string => path.join(path.dirname(root), 'scratch');

/** Puts files where libostree would: it follows the links that stand where a directory of the commit goes. */
const cacheOf = (contents: Readonly<Record<string, Files>>): PackageCache =>
  ({
    importCommit: () => undefined,
    checkout(commit: string, target: string, wanted?: (name: string) => boolean) {
      let failure: unknown;
      for (const [name, text] of Object.entries(contents[commit] ?? {})) {
        const ask = (each: string): boolean => {
          try {
            return failure === undefined && (wanted?.(`/${each}`) ?? true);
          } catch (error) {
            failure ??= error;
            return false;
          }
        };
        if (!name.split('/').every((_, i, parts) => ask(parts.slice(0, i + 1).join('/')))) continue;
        if (!name.endsWith('/')) rmSync(path.join(target, name), { force: true });
        write(target, { [name]: text });
      }
      if (failure) throw failure;
    },
  }) as unknown as PackageCache;

const users = 'root:x:0:0:root:/root:/bin/sh\nbin:x:1:1::/bin:/sbin/nologin\n';

const etcUsers: Files = {
  'usr/etc/passwd': users,
  'usr/etc/group': 'root:x:0:\nwheel:x:10:\nbin:x:1:\n',
  'usr/etc/shadow': 'root:!:1::::::\n',
  'usr/etc/gshadow': 'root:!::\n',
};

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

function treefileOf(text: string): Treefile {
  const directory = mkdtempSync(path.join(tmpdir(), 'treeline-hostile-'));
  try {
    write(directory, {
      'r.repo': '[r]\nbaseurl=file:///nowhere\n',
      'tree.yaml': `ref: a/b\nrepos: [r]\npackages: [p]\nselinux: false\n${text}`,
    });
    return loadTreefile(path.join(directory, 'tree.yaml'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

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

const beyondLink = [
  pkg('links', [file('/usr/bin', { mode: 0o40755 }), file('/usr/sbin', { mode: 0o120777, linkTarget: 'bin' })]),
  pkg('tools', [file('/usr/sbin/tool'), file('/usr/share/tools/data')]),
];

function assembling(root: string): void {
  mkdirSync(scratchOf(root), { recursive: true });
  using tree = new Tree(root, { system });
  const cache = cacheOf({ links: { 'usr/bin/': '', 'usr/sbin': '-> bin' }, tools: { 'usr/sbin/tool': 't', 'usr/share/tools/data': 'd' } });
  const crossings = checkFileConflicts(beyondLink);
  const located = beyondLink.map((header) => ({ header, commit: header.name, leftOut: new Set<string>() }));
  assemble(located, { cache, tree, crossings, scratch: path.join(scratchOf(root), 'through'), done: () => undefined });
}

export const drivers = {
  assembling: { files: { 'usr/share/tools/data': 'old', 'usr/bin/': '' }, run: assembling },
  scaffold: {
    files: { 'dev/': '', 'etc/': '', 'usr/etc/': '', 'var/lib/': '' },
    run: (root) => {
      using tree = new Tree(root);
      makeScaffold(tree);
    },
  },
  layers: {
    files: { 'usr/share/there': 't', 'usr/etc/there': 'e', lib: '-> usr/lib', 'usr/lib/there': 'l' },
    run: (root) => {
      mkdirSync(scratchOf(root), { recursive: true });
      using tree = new Tree(root);
      const content = { 'etc/layer.conf': 'l', 'usr/share/there': 'new', 'usr/share/other/x': 'o', 'lib/other': 'o' };
      layOver(cacheOf({ c: content }), [{ ref: 'layer', checksum: 'c', repo: '', override: true }], tree, scratchOf(root));
    },
  },
  /** What the hostile thing is planted in is the tree of the layer. */
  layerItself: {
    files: { 'etc/layer.conf': 'l', 'usr/share/x/file': 'x' },
    run: (root) => {
      const target = path.join(path.dirname(root), 'target');
      write(target, { 'usr/share/x/file': 'x', 'usr/etc/': '' });
      mkdirSync(scratchOf(root), { recursive: true });
      using tree = new Tree(target);
      using from = new Tree(root, { system });
      mergeUpper(from, tree);
      return readdirSync(path.join(target, 'usr')).join(' ');
    },
  },
  overlay: {
    files: { 'usr/share/x/file': 'x', 'usr/share/gone': 'g', 'usr/lib/dir/file': 'f' },
    run: (root) => {
      const upperRoot = path.join(path.dirname(root), 'upper');
      write(upperRoot, {
        'usr/share/x/file': 'new',
        'usr/share/new/file': 'n',
        'usr/lib/dir': 'a file now',
        'usr/share/gone/now': 'a directory',
      });
      using upper = new Tree(upperRoot, { system });
      using lower = new Tree(root, { system });
      lower.names('overlay', 'usr');
      mergeUpper(upper, lower);
    },
  },
  varLib: {
    files: { 'var/lib/alternatives/a': 'a', 'usr/lib/alternatives/b': 'b', 'var/lib/vagrant/x': 'x' },
    run: (root) => {
      using tree = new Tree(root);
      linkVarLib(tree);
    },
  },
  baseDatabase: {
    files: { 'usr/share/rpm/rpmdb.sqlite': 'd', 'usr/lib/sysimage/rpm-ostree-base-db/old': 'o' },
    run: (root) => {
      using tree = new Tree(root);
      keepBaseDatabase(tree);
    },
  },
  linkedRoot: {
    files: { 'usr/lib/ostree/prepare-root.conf': '[root]\ntransient = true\n', 'usr/lib/tmpfiles.d/x.conf': '', 'home/': '', 'opt/': '' },
    run: (root) => {
      using tree = new Tree(root);
      linkRoot(tree, treefileOf(''));
      return String(isPostprocessed(root));
    },
  },
  ownership: {
    files: { ...etcUsers, 'usr/share/o/file': 'f', 'usr/share/o/link': '-> file', 'usr/share/o/dir/': '' },
    run: (root) => {
      using tree = new Tree(root, { system });
      const bin = { user: 'bin', group: 'bin' };
      const files = [
        file('/usr/share/o', { mode: 0o40755 }),
        file('/usr/share/o/dir', { mode: 0o40711, ...bin }),
        file('/usr/share/o/file', { mode: 0o104755, ...bin }),
        file('/usr/share/o/link', { mode: 0o120777, linkTarget: 'file', ...bin }),
      ];
      applyOwnership(tree, [pkg('o', files)], new UserDatabase(tree), () => undefined);
    },
  },
  programs: {
    files: { 'bin/sh': 'x' },
    run: (root) => {
      mkdirSync(scratchOf(root), { recursive: true });
      using sandbox = new Sandbox(root, scratchOf(root), system);
      return String(sandbox.has('/bin/sh'));
    },
  },
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
