// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { formatNevra } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { PackageCache, SystemPort } from '../base/ports/compose-store.ts';
import type { RpmHeader, RpmPackage, RpmPort } from '../base/ports/rpm.ts';
import type { Interpreter } from '../base/sandbox/sandbox.ts';
import { ownersOf, Tree } from '../base/tree/index.ts';
import { isLinkMode, treePath } from '../base/tree/tree-path.ts';
import { assemble } from '../compose/build/assemble.ts';
import { checkFileConflicts } from '../compose/build/conflicts.ts';
import { keepBootFiles } from '../compose/build/kernel.ts';
import { dependencyOrder } from '../compose/build/order.ts';
import { applyOwnership } from '../compose/build/ownership.ts';
import { runBeforeFiles, runScripts, type ScriptsJob } from '../compose/build/package-scripts.ts';
import { UserDatabase } from '../compose/build/passwd.ts';
import { checkPlaces } from '../compose/build/places.ts';
import { databaseOf } from '../compose/build/rootfs.ts';
import { guardDnf } from '../compose/build/read-only-dnf.ts';
import { homeOfNewUsers } from '../compose/build/postprocess.ts';
import { applySysusers } from '../compose/build/sysusers.ts';
import { ownerNames } from '../compose/build/var-tree.ts';
import { takeMachineState, writeMachineState } from '../compose/build/root-layout.ts';
import { linkVarLib } from '../compose/build/var-lib-links.ts';
import { keepMachineId, makeBaseState, takeRoot, withoutDatabaseLink } from './base-root.ts';
import { removePackages } from './removal.ts';
import { gatherUsers, type UserFiles } from './users.ts';

export interface LayerTreeJob {
  readonly ports: { readonly rpm: RpmPort; readonly system: SystemPort; readonly interpreter: Interpreter };
  /** Holds the packages. */
  readonly cache: Pick<PackageCache, 'checkout'>;
  /** A directory on the cache's file system, empty. */
  readonly workdir: string;
  /** Where the base is checked out by hard links: what the packages come onto. */
  readonly root: string;
  readonly packages: readonly RpmPackage[];
  /** NEVRAs of packages of the base that are left out, or replaced by some of `packages`. */
  readonly gone: readonly string[];
  /** NEVRAs of those of the packages whose files may replace others'. */
  readonly forced: ReadonlySet<string>;
  /** The packages' commits by NEVRA. */
  readonly commits: ReadonlyMap<string, string>;
  /** Users of the machine, whose ids are taken. */
  readonly users: UserFiles;
  /** Written to the database as the time of installation, Unix seconds. */
  readonly timeSeconds: number;
  readonly message: (text: string) => void;
  /** Share that is done. */
  readonly report: (done: number) => void;
}

/**
 * Put packages onto a base by hard links, run their scripts and those of the base's triggers that are about them, and add them to its database: the tree
 * of a layer. Throws what a compose of the packages would throw.
 */
export function buildLayerTree(job: LayerTreeJob): void {
  const { ports, cache, root, workdir, message } = job;
  const isForced = (pkg: RpmHeader): boolean => job.forced.has(formatNevra(pkg));
  const added = dependencyOrder(job.packages);
  using tree = new Tree(root, {
    system: ports.system,
    ownerOf: ownersOf(added, (file, mode) => treePath(file, isLinkMode(mode))),
  });
  const dbPath = requireDatabase(tree);
  const installed = ports.rpm.readInstalled({ root, dbPath });
  const gone = installed.filter((pkg) => job.gone.includes(formatNevra(pkg)));
  const base = installed.filter((pkg) => !gone.includes(pkg));
  checkPlaces(added);
  // whose files count comes last
  const inPlace = [...added.filter((pkg) => !isForced(pkg)), ...added.filter(isForced)];
  const crossings = checkFileConflicts([...base, ...inPlace], { mayReplace: isForced });
  const baseRoot = takeRoot(tree);
  removePackages(tree, gone, base);
  makeBaseState(tree);
  const giveMachineIdBack = keepMachineId(tree);
  const giveUsersBack = gatherUsers(tree, job.users, message);
  const newest = added.reduce((time, pkg) => Math.max(time, pkg.buildTimeSeconds), 0);
  const scripts: ScriptsJob = { ports, tree, workdir, sandbox: { epochSeconds: newest }, message };
  runBeforeFiles(scripts, added);
  const located = inPlace.map((header) => ({ header, commit: job.commits.get(formatNevra(header)) ?? '', leftOut: new Set<string>() }));
  withoutDatabaseLink(tree, () =>
    assemble(located, {
      cache,
      tree,
      scratch: path.join(workdir, 'through-links'),
      crossings,
      done: (count) => job.report((0.3 * count) / Math.max(1, added.length)),
    }),
  );
  linkVarLib(tree);
  const users = new UserDatabase(tree);
  const giveOwners = (): void => {
    applySysusers(tree, users, message);
    applyOwnership(tree, inPlace, users, message);
  };
  runScripts(scripts, { added, base }, giveOwners, (done) => job.report(0.3 + 0.5 * done));
  keepBootFiles(tree);
  const names = ownerNames(users);
  giveUsersBack();
  giveMachineIdBack();
  homeOfNewUsers(tree);
  const packaged = new Set(added.flatMap((pkg) => pkg.files.map((file) => treePath(file.path, isLinkMode(file.mode)))));
  writeMachineState(tree, takeMachineState({ tree, links: baseRoot.targets, names, packaged, message }));
  const occupied = baseRoot.putBack();
  if (occupied.length > 0)
    throw new TreelineError('package.outside-tree', {
      subject: added.map(formatNevra).join(', '),
      detail: occupied.map((name) => `/${name}`).join(', '),
      facts: { path: `/${occupied[0]}` },
    });
  guardDnf(tree);
  ports.rpm.writeRpmdb({
    root,
    dbPath,
    packages: added.map((pkg) => pkg.path),
    installTimeSeconds: job.timeSeconds,
    onto: true,
    without: job.gone,
  });
  job.report(1);
}

/**
 * Where a base has its RPM database: others have a link in the place that is usual here, or the other way about, and a link isn't to lead out of the tree. Throws
 * rpmdb.unreadable: on a base without one everything would be taken for missing.
 */
export function requireDatabase(tree: Tree): string {
  const found = databaseOf(tree);
  if (found === undefined) throw new TreelineError('rpmdb.unreadable', { subject: 'The base', detail: 'it holds no RPM database' });
  return found;
}
