import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { formatNevra } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { RpmdbBackend, RpmPackage } from '../ports/rpm.ts';
import { assemble, makeScaffold } from './assemble.ts';
import type { Compose } from './compose.ts';
import { checkFileConflicts } from './conflicts.ts';
import { runFinalize } from './finalize.ts';
import { layOver } from './layers.ts';
import { filesLeftOut } from './left-out.ts';
import { dependencyOrder } from './order.ts';
import { applyOwnership } from './ownership.ts';
import { UserDatabase } from './passwd.ts';
import { checkDevices, checkPlaces, checkSignatures, isTreePlace } from './places.ts';
import { postprocess, rpmdbPath } from './postprocess.ts';
import { checkInside } from './resolve-inside.ts';
import { Sandbox, type SandboxOptions } from './sandbox.ts';
import { finishScripts, type ScriptContext } from './script-run.ts';
import { leftToCompose, runPhase, runPretrans } from './scripts.ts';
import { applySysusers } from './sysusers.ts';
import { checkAllUsers, preserveUsers } from './tree-users.ts';
import { runFileTriggers, runPackageTriggers } from './triggers.ts';

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

/** Assemble the packages and run their scripts. */
export async function installTree(compose: Compose, commits: ReadonlyMap<string, string>): Promise<InstalledTree> {
  const { treefile, steps, workdir } = compose;
  const root = path.join(workdir, 'root');
  const ordered = dependencyOrder(compose.headers);
  const leftOut = new Map(ordered.map((header) => [header.path, filesLeftOut(header, treefile)] as const));
  await steps.run('assemble', 'Assembling the tree', () => {
    checkPlaces(ordered);
    checkDevices(ordered, treefile);
    checkSignatures(ordered, treefile);
    checkFileConflicts(ordered, leftOut);
    mkdirSync(root, { mode: 0o755 });
    if (ordered.some((pkg) => pkg.scriptlets.some((s) => s.phase === 'pretrans')))
      runInTree(compose, root, 'pretrans', (scripts) => runPretrans(ordered, scripts));
    const located = ordered.map((header) => ({
      header,
      commit: commits.get(formatNevra(header)) ?? '',
      leftOut: leftOut.get(header.path) ?? new Set<string>(),
    }));
    assemble(compose.cache, located, root, (count) =>
      steps.report('assemble', count / ordered.length, { itemsDone: count, itemsTotal: ordered.length }),
    );
  });
  await steps.run('scripts', 'Running scripts', () => {
    runScripts(compose, root, ordered);
    layOver(compose.cache, compose.layers, root, workdir);
  });
  return { root, packages: ordered, leftOut };
}

/** Postprocess, write the rpm database, and check that there is a policy where labels are wanted. */
export async function finishTree(compose: Compose, { root, packages, leftOut }: InstalledTree): Promise<BuiltTree> {
  const { treefile, steps, context, workdir, ports } = compose;
  return steps.run('finish', 'Postprocessing', () => {
    const kernel = postprocess({
      root,
      treefile,
      version: compose.version,
      workdir,
      system: ports.system,
      sandbox: sandboxOptions(compose),
      packages,
      checkUsers: (users) => checkAllUsers(compose, users),
      message: (text) => context.message(text),
    });
    writeDatabase(compose, root, leftOut);
    runFinalize(treefile.finalize, { root, workdir, system: ports.system, message: (text) => context.message(text) });
    if (treefile.selinux && ports.store.sepolicyName(root) === undefined)
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

/** Ten minutes for a package's script, unless the caller says otherwise. */
const scriptTimeoutMs = 600_000;

/** Run package scripts on an overlay of the tree, then take over what they wrote. */
function runInTree(compose: Compose, root: string, name: string, run: (context: ScriptContext) => void): void {
  const { ports, workdir } = compose;
  const message = (text: string): void => compose.context.message(text);
  const directory = path.join(workdir, `scripts-${name}`);
  mkdirSync(directory);
  makeScaffold(root);
  const options = { timeoutMs: scriptTimeoutMs, ...sandboxOptions(compose), leftOut: leftToCompose };
  using sandbox = new Sandbox(root, directory, ports.system, options);
  const context: ScriptContext = { sandbox, lua: ports.lua, expand: (...of) => ports.rpm.expandScript(...of), message, waiting: {} };
  run(context);
  finishScripts(context);
  sandbox.finish((top) => {
    if (isTreePlace(top)) return true;
    message(`/${top}: written by a package script, but no part of an OSTree system: left out`);
    return false;
  });
}

function runScripts(compose: Compose, root: string, packages: readonly RpmPackage[]): void {
  const { ports, steps } = compose;
  const message = (text: string): void => compose.context.message(text);
  // links that packages, and later their scripts, bring where users are written
  const checkPlace = (): void => checkInside(root, ['usr/etc/passwd']);
  checkPlace();
  const users = new UserDatabase(root);
  preserveUsers(compose, users);
  const place = new Map(packages.map((pkg, i) => [pkg, i]));
  const owners = packages.filter((pkg) => pkg.triggers.some((t) => t.kind === 'package'));
  // a trigger is heard once its package is there, or comes with the very one
  const before = (pkg: RpmPackage): RpmPackage[] => owners.filter((owner) => (place.get(owner) ?? 0) <= (place.get(pkg) ?? 0));
  runInTree(compose, root, 'pre', (context) =>
    runPhase(packages, 'pre', context, (pkg) => runPackageTriggers(before(pkg), pkg, 'prein', context)),
  );
  steps.report('scripts', 0.3, {});
  checkPlace();
  // users that %pre made are known now, those of sysusers.d follow; then files can be given to them
  applySysusers(root, users);
  applyOwnership(root, packages, users, ports.system, message);
  runInTree(compose, root, 'post', (context) => {
    runPhase(packages, 'post', context);
    steps.report('scripts', 0.7, {});
    for (const pkg of packages) runPackageTriggers(owners, pkg, 'in', context);
    runFileTriggers(packages, 'file', context);
    runPhase(packages, 'posttrans', context);
    runFileTriggers(packages, 'transfile', context);
  });
}

/** The newest build among the packages stands for the time of installation: the same packages give the same database. */
export function writeDatabase(compose: Compose, root: string, leftOut: ReadonlyMap<string, ReadonlySet<string>>): void {
  const { ports, headers, treefile, context } = compose;
  const write = (backend: RpmdbBackend): void =>
    ports.rpm.writeRpmdb({
      root,
      dbPath: rpmdbPath,
      backend,
      packages: headers.map((h) => h.path),
      leftOut,
      installTimeSeconds: newestBuild(headers),
    });
  const wanted = databaseBackend(compose, root);
  try {
    write(wanted);
  } catch (error) {
    if (!(error instanceof TreelineError) || error.code !== 'not-supported') throw error;
    if (treefile.rpmdb === wanted) throw new TreelineError(error.code, { ...error.report, ...treefile.placeOf('rpmdb'), key: 'rpmdb' });
    // every rpm since 4.16 finds out what it has before it
    context.message(`the tree’s rpm prefers ${wanted}, which this machine’s can’t write: its database is sqlite`);
    rmSync(path.join(root, rpmdbPath), { recursive: true, force: true });
    write('sqlite');
  }
}

/** The format that the treefile names, that the tree's own rpm reads (`target`), or that this machine's rpm prefers (`host`). */
function databaseBackend({ treefile, ports }: Compose, root: string): RpmdbBackend {
  const macros = path.join(root, 'usr/lib/rpm/macros');
  if (treefile.rpmdb === 'sqlite' || treefile.rpmdb === 'ndb') return treefile.rpmdb;
  const wanted =
    treefile.rpmdb === 'host' ? ports.rpm.databaseBackend() : existsSync(macros) ? ports.rpm.databaseBackend(macros) : undefined;
  // what else rpm once wrote (bdb) can't be written any more; every rpm since 4.16 reads sqlite
  return wanted === 'ndb' ? 'ndb' : 'sqlite';
}
