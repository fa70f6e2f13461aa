// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Advisory } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { atomicFile, readJsonFile, hasShape } from '../../../files/index.ts';
import type { TargetRepo } from '../../base/ports/compose-store.ts';
import { Tree } from '../../base/tree/index.ts';
import { rpmdbPath } from './postprocess.ts';

/** What `compose install` knows and `compose commit` can't find out again. It lies beside the tree. */
export interface InstallState {
  /** The tree's name in the directory. */
  readonly rootfs: string;
  readonly version: string;
  readonly inputhash: string;
  readonly repos: readonly { readonly id: string; readonly timestamp: number }[];
  readonly advisories: readonly Advisory[];
  /** With those of skipped releases. */
  readonly allAdvisories: readonly Advisory[];
}

/** Name of the file that says it. */
export const stateName = 'treeline-install.json';

const stateFile = (rootfs: string): string => path.join(path.dirname(rootfs), stateName);

export function writeState(rootfs: string, state: Omit<InstallState, 'rootfs'>): void {
  atomicFile(stateFile(rootfs), `${JSON.stringify({ rootfs: path.basename(rootfs), ...state }, null, 2)}\n`);
}

/** Another version, or somebody's editor, may have written it. Advisories are looked at as far as they are told apart by. */
const isInstallState = (value: unknown): value is InstallState =>
  hasShape(value, { rootfs: 'string', version: 'string', inputhash: 'string' }) &&
  areAll(value['repos'], (each) => hasShape(each, { id: 'string', timestamp: 'number' })) &&
  areAll(value['advisories'], isAdvisory) &&
  areAll(value['allAdvisories'], isAdvisory);

const areAll = (value: unknown, is: (item: unknown) => boolean): boolean => Array.isArray(value) && value.every(is);

const isAdvisory = (value: unknown): boolean =>
  hasShape(value, { id: 'string', kind: 'string', severity: 'string', title: 'string', issuedSeconds: 'number', packages: 'strings' }) &&
  areAll(value['references'], (each) => hasShape(each, { kind: 'string', id: 'string', title: 'string', url: 'string' }));

/** Undefined when there is none for this tree. */
export function readState(rootfs: string): InstallState | undefined {
  try {
    const state = readJsonFile(stateFile(rootfs));
    return isInstallState(state) && state.rootfs === path.basename(rootfs) ? state : undefined;
  } catch {
    return undefined;
  }
}

/** In place of a repository, where a tree is built for none. */
export const noTarget: TargetRepo = {
  path: '',
  previous: () => undefined,
  extract: () => false,
  publish() {
    throw new TreelineError('usage.invalid', { detail: 'there is no repository to publish into' });
  },
  [Symbol.dispose]() {
    // nothing was opened
  },
};

/** Refuses a place that holds something already. */
export function requireEmpty(directory: string): void {
  const stats = lstatSync(directory, { throwIfNoEntry: false });
  if (stats && (!stats.isDirectory() || readdirSync(directory).length > 0))
    throw new TreelineError('file.unwritable', { subject: directory, detail: 'there is something already' });
}

/** Throws usage.invalid for a directory that is no root file system. */
export function requireTree(root: string): void {
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
    using tree = new Tree(root);
    if (tree.exists('usr', 'usr')) return;
  }
  throw new TreelineError('usage.invalid', { subject: root, detail: `${root} holds no /usr` });
}

/** Copy a tree with owners, modes, attributes and times. Its files aren't links into the cache any more: they may be edited. */
export function copyTree(from: string, to: string): void {
  mkdirSync(path.dirname(to), { recursive: true });
  const result = spawnSync('cp', ['-a', '--reflink=auto', '--no-target-directory', from, to], { encoding: 'utf8' });
  if (result.status === 0) return;
  const detail = result.error?.message ?? result.stderr.trim().split('\n').slice(-3).join(' | ');
  throw new TreelineError(/No space left/.test(detail) ? 'disk.full' : 'file.unwritable', { subject: to, detail });
}

/** For people and for tools that aren't OSTree's, configuration is in /etc. */
export function etcForEditing(tree: Tree): void {
  if (!tree.look('etc', 'usr/etc')?.isDirectory()) return;
  tree.move('etc', 'usr/etc', 'etc');
}

/** Back to usr/etc, which is where a tree keeps it. Throws usage.invalid for a tree that has both. */
export function etcForTree(tree: Tree): void {
  const has = (directory: string): boolean =>
    (tree.look('etc', directory)?.isDirectory() ?? false) && tree.names('etc', directory).length > 0;
  if (!has('etc')) return;
  if (has('usr/etc'))
    throw new TreelineError('usage.invalid', { subject: tree.root, detail: `${tree.root} holds files in etc and in usr/etc` });
  tree.move('etc', 'etc', 'usr/etc');
}

/** Where RPM databases are; compose's own place is first. */
export const databasePlaces = [rpmdbPath, '/usr/lib/sysimage/rpm', '/var/lib/rpm'];

const databaseFiles = ['rpmdb.sqlite', 'Packages.db'];

/**
 * True for a directory with an RPM database (sqlite, ndb) that a library may open by its path. Throws package.outside-tree, package.unusable-file when its files are
 * links or other things that lead elsewhere.
 */
export function isDatabase(tree: Tree, directory: string): boolean {
  if (!tree.names('rpmdb', directory).some((name) => databaseFiles.includes(name))) return false;
  tree.requirePlain('rpmdb', directory);
  return true;
}

/** Where a root file system has its RPM database, its path without links; undefined when it has none. Throws as isDatabase(). */
export function databaseOf(tree: Tree): string | undefined {
  for (const place of databasePlaces) {
    const found = tree.find('rpmdb', place.slice(1));
    if (found?.stats.isDirectory() && isDatabase(tree, found.path)) return `/${found.path}`;
  }
  return undefined;
}

/** Put the RPM database of a tree that others made where OSTree systems have it. */
export function placeDatabase(tree: Tree): void {
  const found = databaseOf(tree);
  if (found !== undefined && found !== rpmdbPath) tree.move('rpmdb', found.slice(1), rpmdbPath.slice(1));
}
