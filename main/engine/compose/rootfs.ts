import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Advisory } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { atomicFile } from '../../files/index.ts';
import type { TargetRepo } from '../ports/compose-store.ts';
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

const stateFile = (rootfs: string): string => path.join(path.dirname(rootfs), 'treeline-install.json');

export function writeState(rootfs: string, state: Omit<InstallState, 'rootfs'>): void {
  atomicFile(stateFile(rootfs), `${JSON.stringify({ rootfs: path.basename(rootfs), ...state }, null, 2)}\n`);
}

/** Undefined when there is none for this tree. */
export function readState(rootfs: string): InstallState | undefined {
  try {
    const state = JSON.parse(readFileSync(stateFile(rootfs), 'utf8')) as InstallState;
    return state.rootfs === path.basename(rootfs) && typeof state.version === 'string' ? state : undefined;
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

/** Copy a tree with owners, modes, attributes and times. Its files aren't links into the cache any more: they may be edited. */
export function copyTree(from: string, to: string): void {
  mkdirSync(path.dirname(to), { recursive: true });
  const result = spawnSync('cp', ['-a', '--reflink=auto', '--no-target-directory', from, to], { encoding: 'utf8' });
  if (result.status === 0) return;
  const detail = result.error?.message ?? result.stderr.trim().split('\n').slice(-3).join(' | ');
  throw new TreelineError(/No space left/.test(detail) ? 'disk.full' : 'file.unwritable', { subject: to, detail });
}

/** For people and for tools that aren't OSTree's, configuration is in /etc. */
export function etcForEditing(root: string): void {
  const [etc, usrEtc] = [path.join(root, 'etc'), path.join(root, 'usr/etc')];
  if (!existsSync(usrEtc)) return;
  rmSync(etc, { recursive: true, force: true });
  renameSync(usrEtc, etc);
}

/** Back to usr/etc, which is where a tree keeps it. Throws usage.invalid for a tree that has both. */
export function etcForTree(root: string): void {
  const [etc, usrEtc] = [path.join(root, 'etc'), path.join(root, 'usr/etc')];
  const has = (directory: string): boolean => existsSync(directory) && readdirSync(directory).length > 0;
  if (!lstatSync(etc, { throwIfNoEntry: false })?.isDirectory() || !has(etc)) return;
  if (has(usrEtc)) throw new TreelineError('usage.invalid', { subject: root, detail: `${root} holds files in etc and in usr/etc` });
  rmSync(usrEtc, { recursive: true, force: true });
  renameSync(etc, usrEtc);
}

/** Where RPM databases are; compose's own place is first. */
export const databasePlaces = [rpmdbPath, '/usr/lib/sysimage/rpm', '/var/lib/rpm'];

/** True for a directory with an RPM database (sqlite, ndb). */
export const isDatabase = (directory: string): boolean =>
  ['rpmdb.sqlite', 'Packages.db'].some((name) => existsSync(path.join(directory, name)));

/** Where a root file system has its RPM database, undefined when it has none. Links aren't followed: they may lead out of it. */
export const databaseOf = (root: string): string | undefined =>
  databasePlaces.find(
    (at) => !lstatSync(path.join(root, at), { throwIfNoEntry: false })?.isSymbolicLink() && isDatabase(path.join(root, at)),
  );

/** Put the RPM database of a tree that others made where OSTree systems have it. */
export function placeDatabase(root: string): void {
  const target = path.join(root, rpmdbPath);
  const found = databaseOf(root);
  if (found === undefined || found === rpmdbPath) return;
  rmSync(target, { recursive: true, force: true });
  mkdirSync(path.dirname(target), { recursive: true });
  renameSync(path.join(root, found), target);
}
