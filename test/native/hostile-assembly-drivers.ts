// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { assemble, makeScaffold } from '../../main/engine/compose/build/assemble.ts';
import { checkFileConflicts } from '../../main/engine/compose/build/conflicts.ts';
import { keepMachineId, makeBaseState, withoutDatabaseLink } from '../../main/engine/layering/base-root.ts';
import { keepIds } from '../../main/engine/layering/new-users.ts';
import { isPostprocessed } from '../../main/engine/compose/build/install.ts';
import { linkRoot } from '../../main/engine/compose/build/root-layout.ts';
import { linkVarLib } from '../../main/engine/compose/build/var-lib-links.ts';
import { layOver } from '../../main/engine/compose/build/layers.ts';
import { mergeUpper } from '../../main/engine/base/sandbox/overlay-merge.ts';
import { applyOwnership } from '../../main/engine/compose/build/ownership.ts';
import { UserDatabase } from '../../main/engine/compose/build/passwd.ts';
import { Sandbox } from '../../main/engine/base/sandbox/sandbox.ts';
import type { PackageCache } from '../../main/engine/base/ports/compose-store.ts';
import { Tree } from '../../main/engine/base/tree/index.ts';
import { system } from '../../main/native/linux/index.ts';
import { write, type Files } from './hostile-tree.ts';
import { etcUsers, type Driver, file, pkg, scratchOf, treefileOf } from './hostile-driver.ts';

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

/** Putting a tree together out of packages, layers and what scripts wrote. */
export const assemblyDrivers = {
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
  baseOfLayer: {
    files: {
      'usr/lib/tmpfiles.d/rpm-ostree-autovar.conf': 'd /var/lib/thing 0750 root root -\nd /var/../usr/out 0755 root root -\n',
      'var/lib/': '',
      'usr/etc/machine-id': 'x',
      'usr/lib/sysimage/rpm': '-> ../../share/rpm',
      'usr/etc/passwd': 'x:x:5:5::/:/bin/sh\n',
      'usr/lib/sysusers.d/x.conf': '',
    },
    run: (root) => {
      using tree = new Tree(root);
      makeBaseState(tree);
      const giveBack = keepMachineId(tree);
      withoutDatabaseLink(tree, () => undefined);
      giveBack();
      keepIds(tree, { passwd: new Set(), group: new Set() });
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
} satisfies Record<string, Driver>;
