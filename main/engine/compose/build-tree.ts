import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { formatNevra } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { RpmPackage } from '../ports/rpm.ts';
import { assemble } from './assemble.ts';
import type { Compose } from './compose.ts';
import { checkFileConflicts } from './conflicts.ts';
import { dependencyOrder } from './order.ts';
import { applyOwnership } from './ownership.ts';
import { previousEntries } from './passwd-split.ts';
import { UserDatabase } from './passwd.ts';
import { postprocess, rpmdbPath } from './postprocess.ts';
import { Sandbox } from './sandbox.ts';
import { runFileTriggers, runPackageTriggers, runPhase, type ScriptContext } from './scripts.ts';
import { applySysusers } from './sysusers.ts';

export interface BuiltTree {
  readonly root: string;
  /** Version of the kernel; undefined in a container tree. */
  readonly kernel: string | undefined;
}

/** Assemble the packages, run their scripts, postprocess, write the rpm database. */
export async function buildTree(compose: Compose, commits: ReadonlyMap<string, string>): Promise<BuiltTree> {
  const { treefile, steps, context, workdir, ports } = compose;
  const root = path.join(workdir, 'root');
  const ordered = dependencyOrder(compose.headers);
  await steps.run('assemble', 'Assembling the tree', () => {
    checkFileConflicts(ordered);
    const located = ordered.map((header) => ({ header, commit: commits.get(formatNevra(header)) ?? '' }));
    assemble(compose.cache, located, treefile, root, (count) =>
      steps.report('assemble', count / ordered.length, { itemsDone: count, itemsTotal: ordered.length }),
    );
  });
  await steps.run('scripts', 'Running scripts', () => runScripts(compose, root, ordered));
  return steps.run('finish', 'Postprocessing', () => {
    const kernel = postprocess({
      root,
      treefile,
      version: compose.version,
      workdir,
      system: ports.system,
      message: (text) => context.message(text),
    });
    writeDatabase(compose, root);
    if (treefile.selinux && ports.store.sepolicyName(root) === undefined)
      throw new TreelineError('compose.no-selinux-policy', {
        ...treefile.placeOf('selinux'),
        file: treefile.placeOf('selinux')?.file ?? treefile.path,
      });
    return { root, kernel };
  });
}

function runScripts(compose: Compose, root: string, packages: readonly RpmPackage[]): void {
  const { ports, steps, workdir } = compose;
  const message = (text: string): void => compose.context.message(text);
  const users = new UserDatabase(root);
  preserveUsers(compose, users);
  const phase = (name: string, run: (context: ScriptContext) => void): void => {
    const directory = path.join(workdir, `scripts-${name}`);
    mkdirSync(directory);
    using sandbox = new Sandbox(root, directory, ports.system);
    run({ sandbox, lua: ports.lua, message });
    sandbox.finish();
  };
  phase('pre', (context) => runPhase(packages, 'pre', context));
  steps.report('scripts', 0.3, {});
  // users that %pre made are known now, those of sysusers.d follow; then files can be given to them
  applySysusers(root, users);
  applyOwnership(root, packages, users, ports.system, message);
  phase('post', (context) => {
    runPhase(packages, 'post', context);
    steps.report('scripts', 0.7, {});
    runPackageTriggers(packages, context);
    runFileTriggers(packages, 'file', context);
    runPhase(packages, 'posttrans', context);
    runFileTriggers(packages, 'transfile', context);
  });
}

function preserveUsers(compose: Compose, users: UserDatabase): void {
  const { previous, treefile, target, workdir } = compose;
  const directory = path.join(workdir, 'previous-users');
  const keep = previous !== undefined && treefile.preservePasswd;
  for (const name of ['passwd', 'group'] as const) {
    if (keep) for (const place of ['etc', 'lib']) target.extract(previous.checksum, `usr/${place}/${name}`, path.join(directory, place));
    users.preserve(name, keep ? previousEntries(directory, name) : []);
  }
}

/** The newest build among the packages stands for the time of installation: the same packages give the same database. */
function writeDatabase(compose: Compose, root: string): void {
  compose.ports.rpm.writeRpmdb({
    root,
    dbPath: rpmdbPath,
    packages: compose.headers.map((h) => h.path),
    installTimeSeconds: compose.headers.reduce((newest, h) => Math.max(newest, h.buildTimeSeconds), 0),
  });
}
