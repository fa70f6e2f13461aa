// SPDX-License-Identifier: LGPL-2.1-or-later
import type { SystemPort } from '../../base/ports/compose-store.ts';
import type { RpmHeader, RpmPort } from '../../base/ports/rpm.ts';
import { Sandbox, type Interpreter, type SandboxOptions } from '../../base/sandbox/sandbox.ts';
import { finishScripts, type ScriptContext } from '../../base/sandbox/script-run.ts';
import type { Tree } from '../../base/tree/index.ts';
import { makeScaffold } from './assemble.ts';
import { isTreePlace } from './places.ts';
import { leftToCompose, runPhase, runPretrans } from './scripts.ts';
import { runFileTriggers, runPackageTriggers, type Installation } from './triggers.ts';
import { ownDirectory } from './workdir.ts';

/** Ten minutes for a package's script, unless the caller says otherwise. */
const scriptTimeoutMs = 600_000;

/** What running package scripts on a tree needs. */
export interface ScriptsJob {
  readonly ports: { readonly system: SystemPort; readonly interpreter: Interpreter; readonly rpm: Pick<RpmPort, 'countsForFileTriggers'> };
  readonly tree: Tree;
  /** A directory on the tree's file system, for overlays. */
  readonly workdir: string;
  readonly sandbox: SandboxOptions;
  readonly message: (text: string) => void;
}

/** Run package scripts on an overlay of the tree, then take over what they wrote. */
function runInTree(
  { ports, tree, workdir, sandbox: given, message }: ScriptsJob,
  name: string,
  run: (context: ScriptContext) => void,
): void {
  const directory = ownDirectory(workdir, `scripts-${name}`);
  makeScaffold(tree);
  using sandbox = new Sandbox(tree.root, directory, ports.system, { timeoutMs: scriptTimeoutMs, ...given, leftOut: leftToCompose });
  const countsForFileTriggers = ports.rpm.countsForFileTriggers();
  const context: ScriptContext = { sandbox, interpreter: ports.interpreter, message, countsForFileTriggers, waiting: {} };
  run(context);
  finishScripts(context);
  sandbox.finish((top) => {
    if (isTreePlace(top)) return true;
    message(`/${top}: written by a package script, but no part of an OSTree system: left out`);
    return false;
  });
  tree.reopen();
}

/** %pretrans, before any file of the packages is there. */
export function runBeforeFiles(job: ScriptsJob, packages: readonly RpmHeader[]): void {
  if (packages.some((pkg) => pkg.scriptlets.some((s) => s.phase === 'pretrans')))
    runInTree(job, 'pretrans', (context) => runPretrans(packages, context));
}

/**
 * All scripts and triggers once the files are there, as rpm runs them in an installation; `giveOwners` is called between %pre, which may make users, and
 * %post, which may rely on files being theirs. `report`: share that is done.
 */
export function runScripts(job: ScriptsJob, { added, base }: Installation, giveOwners: () => void, report: (done: number) => void): void {
  const place = new Map(added.map((pkg, i) => [pkg, i]));
  const hears = (pkg: RpmHeader): boolean => pkg.triggers.some((t) => t.kind === 'package');
  const [baseOwners, addedOwners] = [base.filter(hears), added.filter(hears)];
  // a trigger is heard once its package is there, or comes with the very one
  const before = (pkg: RpmHeader): RpmHeader[] => [
    ...baseOwners,
    ...addedOwners.filter((owner) => (place.get(owner) ?? 0) <= (place.get(pkg) ?? 0)),
  ];
  runInTree(job, 'pre', (context) => runPhase(added, 'pre', context, (pkg) => runPackageTriggers(before(pkg), pkg, 'prein', context)));
  report(0.3);
  giveOwners();
  runInTree(job, 'post', (context) => {
    runPhase(added, 'post', context);
    report(0.7);
    for (const pkg of added) runPackageTriggers([...baseOwners, ...addedOwners], pkg, 'in', context);
    // a new package's triggers hear of what was there before it
    for (const pkg of base) runPackageTriggers(addedOwners, pkg, 'in', context);
    runFileTriggers({ added, base }, 'file', context);
    runPhase(added, 'posttrans', context);
    runFileTriggers({ added, base }, 'transfile', context);
  });
}
