// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { formatNevra } from '../../../../shared/domain/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { RpmdbBackend, RpmPackage } from '../../base/ports/rpm.ts';
import { confined, ownersOf, Tree } from '../../base/tree/index.ts';
import { assemble } from './assemble.ts';
import type { Compose } from './compose.ts';
import { checkFileConflicts } from './conflicts.ts';
import { runFinalize } from './finalize.ts';
import { layOver } from './layers.ts';
import { keepBaseDatabase } from './base-database.ts';
import { filesLeftOut } from './left-out.ts';
import { dependencyOrder } from './order.ts';
import { applyOwnership } from './ownership.ts';
import { UserDatabase } from './passwd.ts';
import { checkDevices, checkPlaces, checkSignatures } from './places.ts';
import { postprocess, rpmdbPath } from './postprocess.ts';
import type { SandboxOptions } from '../../base/sandbox/sandbox.ts';
import { policyOf } from './selinux.ts';
import { linkVarLib } from './var-lib-links.ts';
import { runBeforeFiles, runScripts, type ScriptsJob } from './package-scripts.ts';
import { applySysusers } from './sysusers.ts';
import { isLinkMode, treePath } from '../../base/tree/tree-path.ts';
import { checkAllUsers, preserveUsers } from './tree-users.ts';
import { ownDirectory } from './workdir.ts';

export interface BuiltTree {
  readonly root: string;
  /** Version of the kernel; undefined in a container tree. */
  readonly kernel: string | undefined;
}

/** A tree with its packages in it, before postprocessing. */
export interface InstalledTree {
  readonly root: string;
  /** In the order of installation. */
  readonly packages: readonly RpmPackage[];
  /** Package file -> paths of its files that aren't wanted. */
  readonly leftOut: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Assemble the packages, run their scripts, postprocess, write the rpm database. */
export async function buildTree(compose: Compose, commits: ReadonlyMap<string, string>): Promise<BuiltTree> {
  return finishTree(compose, await installTree(compose, commits));
}

/** A compose's tree, which knows what its packages bring. */
export const openTree = ({ headers, ports }: Pick<Compose, 'headers' | 'ports'>, root: string): Tree =>
  new Tree(root, { system: ports.system, ownerOf: ownersOf(headers, (file, mode) => treePath(file, isLinkMode(mode))) });

/** Assemble the packages and run their scripts. */
export async function installTree(compose: Compose, commits: ReadonlyMap<string, string>): Promise<InstalledTree> {
  const { treefile, steps, workdir } = compose;
  const root = path.join(workdir, 'root');
  const ordered = dependencyOrder(compose.headers);
  const leftOut = new Map(ordered.map((header) => [header.path, filesLeftOut(header, treefile)] as const));
  const replaced = await steps.run('assemble', 'Assembling the tree', () => {
    checkPlaces(ordered);
    checkDevices(ordered, treefile);
    checkSignatures(ordered, treefile);
    const crossings = checkFileConflicts(ordered, { leftOut });
    ownDirectory(root);
    using tree = openTree(compose, root);
    runBeforeFiles(scriptsJob(compose, tree), ordered);
    const located = ordered.map((header) => ({
      header,
      commit: commits.get(formatNevra(header)) ?? '',
      leftOut: leftOut.get(header.path) ?? new Set<string>(),
    }));
    assemble(located, {
      cache: compose.cache,
      tree,
      scratch: path.join(workdir, 'through-links'),
      crossings,
      done: (count) => steps.report('assemble', count / ordered.length, { itemsDone: count, itemsTotal: ordered.length }),
    });
    // before the scripts: they see presets, users and triggers' files of layers as those of packages
    const fromLayers = layOver(compose.cache, compose.layers, tree, workdir);
    linkVarLib(tree);
    return fromLayers;
  });
  await steps.run('scripts', 'Running scripts', () => {
    using tree = openTree(compose, root);
    runAllScripts(compose, tree, ordered, replaced);
  });
  return { root, packages: ordered, leftOut };
}

/** Postprocess, which writes the rpm database, and check that there is a policy where labels are wanted. */
export async function finishTree(compose: Compose, { root, packages, leftOut }: InstalledTree): Promise<BuiltTree> {
  const { treefile, steps, context, workdir, ports } = compose;
  return steps.run('finish', 'Postprocessing', () => {
    using tree = openTree(compose, root);
    const kernel = postprocess({
      tree,
      treefile,
      version: compose.version,
      workdir,
      system: ports.system,
      sandbox: sandboxOptions(compose),
      packages,
      writeDatabase: () => writeDatabase(compose, tree, leftOut),
      checkUsers: (users) => checkAllUsers(compose, users),
      message: (text) => context.message(text),
    });
    keepBaseDatabase(tree);
    runFinalize(treefile.finalize, { root, workdir, system: ports.system, message: (text) => context.message(text) });
    if (treefile.selinux && policyOf(tree, ports.store) === undefined)
      throw new TreelineError('compose.no-selinux-policy', {
        ...treefile.placeOf('selinux'),
        file: treefile.placeOf('selinux')?.file ?? treefile.path,
      });
    return { root, kernel };
  });
}

const newestBuild = (packages: readonly RpmPackage[]): number => packages.reduce((newest, h) => Math.max(newest, h.buildTimeSeconds), 0);

/** Programs inside see the newest package's build time as the time of everything they make. */
function sandboxOptions({ params, headers }: Compose): SandboxOptions {
  const { scriptTimeoutSeconds } = params;
  return { epochSeconds: newestBuild(headers), ...(scriptTimeoutSeconds === undefined ? {} : { timeoutMs: scriptTimeoutSeconds * 1000 }) };
}

function scriptsJob(compose: Compose, tree: Tree): ScriptsJob {
  const { ports, workdir, context } = compose;
  return { ports, tree, workdir, sandbox: sandboxOptions(compose), message: (text) => context.message(text) };
}

function runAllScripts(compose: Compose, tree: Tree, packages: readonly RpmPackage[], replaced: ReadonlySet<string>): void {
  const job = scriptsJob(compose, tree);
  const users = new UserDatabase(tree);
  preserveUsers(compose, users);
  const giveOwners = (): void => {
    // users that %pre made are known now, those of sysusers.d follow; then files can be given to them
    applySysusers(tree, users, job.message);
    applyOwnership(tree, packages, users, job.message, replaced);
  };
  runScripts(job, { added: packages, base: [] }, giveOwners, (done) => compose.steps.report('scripts', done, {}));
}

/** The newest build among the packages stands for the time of installation: the same packages give the same database. */
export function writeDatabase(compose: Compose, tree: Tree, leftOut: ReadonlyMap<string, ReadonlySet<string>>): void {
  const { ports, headers, treefile, context } = compose;
  const write = (backend: RpmdbBackend): void =>
    ports.rpm.writeRpmdb({
      root: tree.root,
      dbPath: rpmdbPath,
      backend,
      packages: headers.map((h) => h.path),
      leftOut,
      installTimeSeconds: newestBuild(headers),
    });
  const wanted = databaseBackend(compose, tree);
  // librpm opens its files by their names: none of them may be there before
  prepareDatabase(tree);
  try {
    write(wanted);
  } catch (error) {
    if (!(error instanceof TreelineError) || error.code !== 'not-supported') throw error;
    if (treefile.rpmdb === wanted) throw new TreelineError(error.code, { ...error.report, ...treefile.placeOf('rpmdb'), key: 'rpmdb' });
    // every rpm since 4.16 finds out what it has before it
    context.message(`the tree’s rpm prefers ${wanted}, which this machine’s can’t write: its database is sqlite`);
    prepareDatabase(tree);
    write('sqlite');
  }
}

/** An empty directory without links on the way, whatever packages and scripts put there. */
function prepareDatabase(tree: Tree): void {
  const place = rpmdbPath.slice(1);
  if (confined) {
    tree.makeDirectory('rpmdb', path.dirname(place));
    if (tree.find('rpmdb', path.dirname(place))?.path !== path.dirname(place)) throw tree.errors.leadsOut(path.dirname(place), place);
  }
  if (tree.look('rpmdb', place)?.isDirectory()) tree.empty('rpmdb', place);
  else tree.remove('rpmdb', place);
  tree.makeDirectory('rpmdb', place);
}

/** The format that the treefile names, that the tree's own rpm reads (`target`), or that this machine's rpm prefers (`host`). */
function databaseBackend({ treefile, ports }: Compose, tree: Tree): RpmdbBackend {
  if (treefile.rpmdb === 'sqlite' || treefile.rpmdb === 'ndb') return treefile.rpmdb;
  const wanted =
    treefile.rpmdb === 'host'
      ? ports.rpm.databaseBackend()
      : /^%_db_backend[ \t]+(\S+)/m.exec(tree.text('rpmMacros', 'usr/lib/rpm/macros') ?? '')?.[1];
  // what else rpm once wrote (bdb) can't be written any more; every rpm since 4.16 reads sqlite
  return wanted === 'ndb' ? 'ndb' : 'sqlite';
}
