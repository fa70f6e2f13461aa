// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { tmpdir } from 'node:os';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { InstallOutcome, InstallParams, PostprocessParams } from './params.ts';
import type { JobContext } from '../../base/ports/job.ts';
import { keepBaseDatabase } from './base-database.ts';
import { makeScaffold } from './assemble.ts';
import { buildTree, finishTree, installTree, openTree, writeDatabase } from './build-tree.ts';
import { requireRoot, withPackages, withResolved, type Compose, type ComposePorts } from './compose.ts';
import { Tree } from '../../base/tree/index.ts';
import { bootNames, kernelVersions } from './kernel.ts';
import { postprocess } from './postprocess.ts';
import { integrationFile, linkRoot } from './root-layout.ts';
import {
  copyTree,
  etcForEditing,
  etcForTree,
  noTarget,
  placeDatabase,
  readState,
  requireEmpty,
  requireTree,
  writeState,
} from './rootfs.ts';
import { loadTreefile, type Treefile } from '../treefile/treefile.ts';

/**
 * `compose install`: the packages of a treefile, with their scripts run, in DESTDIR/rootfs, where they may be edited; then `compose postprocess`
 * and `compose commit` make a commit of it.
 */
export async function composeInstall(params: InstallParams, ports: ComposePorts, context: JobContext): Promise<InstallOutcome> {
  const rootfs = path.join(path.resolve(params.destination), 'rootfs');
  return install(params, rootfs, ports, context, async (compose, commits) => {
    const installed = await installTree(compose, commits);
    if (params.postprocess) await finishTree(compose, installed);
    else {
      using tree = openTree(compose, installed.root);
      writeDatabase(compose, tree, installed.leftOut);
      linkRoot(tree, compose.treefile);
    }
    copyTree(installed.root, rootfs);
    const { resolution, version, inputhash } = compose;
    const advisories = resolution.advisories();
    writeState(rootfs, { version, inputhash, repos: resolution.repos, advisories, allAdvisories: resolution.advisories(true) });
  });
}

/** `compose rootfs`: a finished tree as a plain directory, with its configuration in /etc. */
export async function composeRootfs(params: InstallParams, ports: ComposePorts, context: JobContext): Promise<InstallOutcome> {
  const destination = path.resolve(params.destination);
  return install(params, destination, ports, context, async (compose, commits) => {
    const { root } = await buildTree(compose, commits);
    using tree = openTree(compose, root);
    etcForEditing(tree);
    copyTree(root, destination);
  });
}

async function install(
  params: InstallParams,
  rootfs: string,
  ports: ComposePorts,
  context: JobContext,
  run: (compose: Compose, commits: ReadonlyMap<string, string>) => Promise<void>,
): Promise<InstallOutcome> {
  requireEmpty(rootfs);
  using target = params.repo === undefined ? noTarget : ports.store.openTarget(path.resolve(params.repo));
  return await withResolved({ ...params, repo: target.path }, target, ports, context, (resolved) =>
    withPackages(resolved, async (compose, commits, imported) => {
      await run(compose, commits);
      const packageCount = compose.headers.length;
      return { rootfs, version: compose.version, packageCount, imported, cached: packageCount - imported, seconds: compose.steps.seconds };
    }),
  );
}

/** `compose postprocess`: make a directory with installed packages a tree that can be committed, in place. */
export function composePostprocess(params: PostprocessParams, ports: ComposePorts, context: JobContext): { readonly kernel: string } {
  requireRoot();
  const root = path.resolve(params.rootfs);
  requireTree(root);
  const treefile =
    params.treefile === undefined ? plainTreefile(hasKernel(root)) : loadTreefile(params.treefile, undefined, { packages: false });
  return { kernel: postprocessRoot(root, treefile, readState(root)?.version ?? '', ports, context) ?? '' };
}

/** Whether a directory went through postprocessing, which writes this file whatever the packages. */
export function isPostprocessed(root: string): boolean {
  using tree = new Tree(root);
  return tree.look('integration', `usr/lib/tmpfiles.d/${integrationFile}`) !== undefined;
}

/** Postprocess a directory with installed packages, in place. Returns the kernel's version. */
export function postprocessRoot(
  root: string,
  treefile: Treefile,
  version: string,
  ports: Pick<ComposePorts, 'system'>,
  context: JobContext,
): string | undefined {
  const workdir = mkdtempSync(path.join(path.dirname(root), '.treeline-postprocess-'));
  try {
    using tree = new Tree(root, { system: ports.system });
    etcForTree(tree);
    placeDatabase(tree);
    makeScaffold(tree);
    const message = (text: string): void => context.message(text);
    const kernel = context.task('Postprocessing', () => postprocess({ tree, treefile, version, workdir, system: ports.system, message }));
    keepBaseDatabase(tree);
    return kernel;
  } finally {
    rmSync(workdir, { recursive: true, force: true });
  }
}

function hasKernel(root: string): boolean {
  using tree = new Tree(root);
  return kernelVersions(tree).length > 0 || bootNames(tree).some((name) => /^vmlinu[xz]-/.test(name));
}

/** What postprocessing does when no treefile says otherwise. */
function plainTreefile(bootable: boolean): Treefile {
  const directory = mkdtempSync(path.join(tmpdir(), 'treeline-plain-'));
  try {
    const file = path.join(directory, 'plain.yaml');
    writeFileSync(path.join(directory, 'none.repo'), '[none]\nbaseurl=file:///nonexistent\n');
    writeFileSync(file, `ref: none\nrepos: [none]\npackages: [none]\nselinux: false\ncontainer: ${!bootable}\n`);
    return loadTreefile(file);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
