// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, lstatSync } from 'node:fs';
import path from 'node:path';
import { readRegularFile } from '../../../files/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { SystemPort } from '../../base/ports/compose-store.ts';
import type { RpmPackage } from '../../base/ports/rpm.ts';
import type { Tree } from '../../base/tree/index.ts';
import { checkSpace } from '../../base/sandbox/bubblewrap.ts';
import { wrapPrograms } from './cliwrap.ts';
import { printTreefile } from '../treefile/print-treefile.ts';
import { guardDnf } from './read-only-dnf.ts';
import { makeExecutablesReadOnly } from './executables.ts';
import { copyToOstreeBoot, keepBootFiles, placeKernel } from './kernel.ts';
import { mutateOsRelease, osReleaseOf } from './os-release.ts';
import { splitPasswd } from './passwd-split.ts';
import { UserDatabase } from './passwd.ts';
import { layoutRoot } from './root-layout.ts';
import { Sandbox, type SandboxOptions } from '../../base/sandbox/sandbox.ts';
import { addSubstitutions } from './selinux.ts';
import { isLinkMode, treePath } from '../../base/tree/tree-path.ts';
import type { Treefile } from '../treefile/treefile.ts';
import { enableStateOverlays, enableUnits, wantOstreeUnits } from './units.ts';
import { ownerNames } from './var-tree.ts';
import { ownDirectory } from './workdir.ts';

/** Where the tree's rpm database is; /usr/lib/sysimage/rpm, where newer rpm looks, links to it. */
export const rpmdbPath = '/usr/share/rpm';

/** Files of librpm and SQLite that hold nothing once nobody has the database open. */
const databaseLeftovers = ['rpmdb.sqlite-shm', 'rpmdb.sqlite-wal', '.rpm.lock'];

export interface PostprocessContext {
  readonly tree: Tree;
  readonly treefile: Treefile;
  readonly version: string;
  /** A directory for sandboxes. */
  readonly workdir: string;
  readonly system: SystemPort;
  /** Time limit and time of programs inside. */
  readonly sandbox?: SandboxOptions;
  /** What the tree was made of. */
  readonly packages?: readonly RpmPackage[];
  /** Write the RPM database, when the tree has none yet. */
  readonly writeDatabase?: () => void;
  /** Compare the users with those that must be there (check-passwd, check-groups). */
  readonly checkUsers?: (users: UserDatabase) => void;
  readonly message: (text: string) => void;
}

/** Directories that compose itself writes to: none of them may lead out, whether it is going to be written to this time or not. */
const writtenTo = [
  ...['usr', 'usr/bin', 'usr/etc', 'usr/etc/selinux', 'usr/etc/systemd/system', 'usr/lib', 'usr/lib/modules', 'usr/lib/opt'],
  ...['usr/lib/ostree-boot', 'usr/lib/rpm/macros.d', 'usr/lib/sysimage', 'usr/lib/systemd/system/local-fs.target.requires'],
  ...['usr/lib/systemd/system/multi-user.target.wants', 'usr/share/rpm-ostree', 'usr/etc/default'],
  ...['usr/lib/tmpfiles.d', 'usr/libexec/rpm-ostree/wrapped', 'usr/share/factory', 'usr/share/rpm', 'var', 'boot'],
];

/** Make an assembled tree one that libostree can deploy. Returns the kernel's version. Files are replaced, never written in place: they are hard links into the cache. */
export function postprocess(context: PostprocessContext): string | undefined {
  const { tree, treefile, message } = context;
  const check = (): void => writtenTo.forEach((name) => tree.checkDirectory(name));
  check();
  const kernel = treefile.container ? undefined : inSandbox(context, 'kernel', (sandbox) => placeKernel(tree, treefile, sandbox, message));
  if (kernel !== undefined && treefile.bootLocation === 'new') copyToOstreeBoot(tree, kernel);
  if (!treefile.container) keepBootFiles(tree);
  enableUnits(tree, treefile, message);
  tree.put('treefileJson', 'usr/share/rpm-ostree/treefile.json', `${printTreefile(treefile)}\n`);
  writeVersion(context);
  rpmdbLinks(tree, treefile);
  // before the steps: they ask it what is installed
  context.writeDatabase?.();
  // rpm-ostree's order: scripts find removed files gone, added ones there, and have the last word
  for (const name of treefile.removeFiles) tree.remove('removedFile', inTree(name));
  addFiles(context);
  inSandbox(context, 'postprocess', (sandbox) => runSteps(context, sandbox));
  // what asking leaves
  for (const name of databaseLeftovers) tree.remove('rpmdb', `${rpmdbPath.slice(1)}/${name}`);
  check();
  machineId(tree, treefile);
  addSubstitutions(tree, treefile.selinuxLabelVersion);
  const users = new UserDatabase(tree);
  const names = ownerNames(users);
  context.checkUsers?.(users);
  splitPasswd(tree, treefile.etcGroupMembers, message);
  if (treefile.optUsrlocal === 'state-overlay') enableStateOverlays(tree, treefile);
  wantOstreeUnits(tree);
  homeOfNewUsers(tree);
  layoutRoot({ tree, treefile, names, packaged: context.packages && packagedPaths(context.packages), message });
  wrapPrograms(tree, treefile);
  guardDnf(tree);
  if (treefile.readonlyExecutables) makeExecutablesReadOnly(tree);
  return kernel;
}

const packagedPaths = (packages: readonly RpmPackage[]): Set<string> =>
  new Set(packages.flatMap((pkg) => pkg.files.map((file) => treePath(file.path, isLinkMode(file.mode)))));

/** A path of the running system as the tree names it: /etc is usr/etc. */
function inTree(name: string): string {
  const relative = path.join('/', name).slice(1);
  return relative === 'etc' || relative.startsWith('etc/') ? `usr/${relative}` : relative;
}

function inSandbox<T>(context: PostprocessContext, name: string, run: (sandbox: Sandbox) => T): T {
  const workdir = ownDirectory(context.workdir, name);
  using sandbox = new Sandbox(context.tree.root, workdir, context.system, context.sandbox ?? {});
  const value = run(sandbox);
  sandbox.finish();
  context.tree.forget();
  return value;
}

function runSteps(context: PostprocessContext, sandbox: Sandbox): void {
  context.treefile.postprocess.forEach((step, i) => {
    const script = 'inline' in step ? step.inline : readStep(step.script, step.place);
    const label = 'inline' in step ? `postprocess[${i}]` : path.basename(step.script);
    const interpreter = /^#!\s*(\S+)/.exec(script)?.[1] ?? '/bin/sh';
    const failed = (detail: string): TreelineError =>
      new TreelineError('compose.postprocess-failed', {
        ...step.place,
        key: 'inline' in step ? 'postprocess' : 'postprocess-script',
        subject: label,
        detail,
      });
    if (!sandbox.has(interpreter)) throw failed(`the tree has no ${interpreter}`);
    // run the file itself where it names its interpreter: options after it count, too
    const result = sandbox.run(script.startsWith('#!') ? [] : ['/bin/sh'], { script, who: { subject: label } });
    for (const line of result.output) context.message(`${label}: ${line}`);
    if (result.timedOut) throw failed('it didn’t end in time');
    checkSpace(result, label, sandbox.merged);
    if (result.status !== 0)
      throw failed(`exit status ${result.status}${result.output.length > 0 ? `: ${result.output.slice(-3).join(' | ')}` : ''}`);
  });
}

function readStep(file: string, place: { file: string; line: number }): string {
  try {
    return readRegularFile(file).toString();
  } catch (error) {
    throw new TreelineError('treefile.invalid-value', {
      ...place,
      key: 'postprocess-script',
      detail: `${file}: ${TreelineError.report(error).detail ?? ''}`,
    });
  }
}

function addFiles({ tree, treefile }: PostprocessContext): void {
  for (const { source, target, place } of treefile.addFiles) {
    if (!existsSync(source))
      throw new TreelineError('treefile.invalid-value', { ...place, key: 'add-files', detail: `there is no ${source}` });
    tree.copyIn('addedFile', source, inTree(target), (from) => {
      const stats = lstatSync(from);
      if (stats.isFile() || stats.isDirectory() || stats.isSymbolicLink()) return;
      // a pipe would be waited for, and a device may never end
      const detail = `${from} is neither a file nor a directory nor a link`;
      throw new TreelineError('treefile.invalid-value', { ...place, key: 'add-files', detail });
    });
  }
}

/** useradd(8) makes homes where they really are: what it writes into /etc/passwd is what a shell shows as ~. */
export function homeOfNewUsers(tree: Tree): void {
  const file = 'usr/etc/default/useradd';
  if (!tree.look('useradd', file)?.isFile()) return;
  const text = tree.text('useradd', file) ?? '';
  const changed = text.replace(/^HOME=.*$/gm, 'HOME=/var/home');
  if (changed !== text) tree.put('useradd', file, changed);
}

function writeVersion({ tree, treefile, version }: PostprocessContext): void {
  const found = version === '' ? undefined : osReleaseOf(tree);
  if (found) tree.put('osReleaseFile', found.path, mutateOsRelease(found.text, version, treefile.mutateOsRelease));
}

/** An empty machine-id makes systemd write one at first boot (machine-id(5)). */
function machineId(tree: Tree, treefile: Treefile): void {
  tree.remove('machineId', 'usr/etc/machine-id');
  if (treefile.machineidCompat && tree.isDirectory('etc', 'usr/etc')) tree.put('machineId', 'usr/etc/machine-id', '');
}

function rpmdbLinks(tree: Tree, { installLangs }: Treefile): void {
  tree.remove('rpmdbLink', 'usr/lib/sysimage/rpm');
  tree.putLink('rpmdbLink', 'usr/lib/sysimage/rpm', '../../share/rpm');
  // what is installed on the machine later leaves the same languages out
  const langs = installLangs.length > 0 ? `%_install_langs ${installLangs.join(':')}\n` : '';
  tree.put('rpmMacrosFile', 'usr/lib/rpm/macros.d/macros.rpm-ostree', `%_dbpath ${rpmdbPath}\n${langs}`);
}
