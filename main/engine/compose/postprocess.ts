import { cpSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { SystemPort } from '../ports/compose-store.ts';
import type { RpmPackage } from '../ports/rpm.ts';
import { checkSpace } from './bubblewrap.ts';
import { wrapPrograms } from './cliwrap.ts';
import { guardDnf } from './read-only-dnf.ts';
import { makeExecutablesReadOnly } from './executables.ts';
import { copyToOstreeBoot, keepBootFiles, placeKernel } from './kernel.ts';
import { mutateOsRelease, osReleaseOf } from './os-release.ts';
import { splitPasswd } from './passwd-split.ts';
import { replaceFile, UserDatabase } from './passwd.ts';
import { layoutRoot } from './root-layout.ts';
import { checkInside } from './resolve-inside.ts';
import { Sandbox, type SandboxOptions } from './sandbox.ts';
import { addSubstitutions } from './selinux.ts';
import { isLinkMode, treePath } from './tree-path.ts';
import type { Treefile } from './treefile.ts';
import { enableStateOverlays, enableUnits } from './units.ts';
import { ownerNames } from './var-tree.ts';

/** Where the tree's rpm database is; /usr/lib/sysimage/rpm, where newer rpm looks, links to it. */
export const rpmdbPath = '/usr/share/rpm';

export interface PostprocessContext {
  readonly root: string;
  readonly treefile: Treefile;
  readonly version: string;
  /** A directory for sandboxes. */
  readonly workdir: string;
  readonly system: SystemPort;
  /** Time limit and time of programs inside. */
  readonly sandbox?: SandboxOptions;
  /** What the tree was made of. */
  readonly packages?: readonly RpmPackage[];
  /** Compare the users with those that must be there (check-passwd, check-groups). */
  readonly checkUsers?: (users: UserDatabase) => void;
  readonly message: (text: string) => void;
}

/** Files in the directories that compose itself writes to. */
const writtenTo = [
  ...[
    'usr/x',
    'usr/bin/x',
    'usr/etc/x',
    'usr/etc/selinux/x',
    'usr/etc/systemd/system/x',
    'usr/lib/x',
    'usr/lib/modules/x',
    'usr/lib/opt/x',
  ],
  ...['usr/lib/ostree-boot/x', 'usr/lib/rpm/macros.d/x', 'usr/lib/sysimage/x', 'usr/lib/systemd/system/local-fs.target.requires/x'],
  ...['usr/lib/tmpfiles.d/x', 'usr/libexec/rpm-ostree/wrapped/x', 'usr/share/factory/x', 'usr/share/rpm/x', 'var/x', 'boot/x'],
];

/** Make an assembled tree one that libostree can deploy. Returns the kernel's version. Files are replaced, never written in place: they are hard links into the cache. */
export function postprocess(context: PostprocessContext): string | undefined {
  const { root, treefile, message } = context;
  checkInside(root, writtenTo);
  const kernel = treefile.container ? undefined : inSandbox(context, 'kernel', (sandbox) => placeKernel(root, treefile, sandbox, message));
  if (kernel !== undefined && treefile.bootLocation === 'new') copyToOstreeBoot(root, kernel);
  if (!treefile.container) keepBootFiles(root);
  addFiles(context);
  enableUnits(root, treefile);
  writeVersion(context);
  inSandbox(context, 'postprocess', (sandbox) => runSteps(context, sandbox));
  checkInside(root, [...writtenTo, ...treefile.removeFiles.map(inTree)]);
  for (const name of treefile.removeFiles) rmSync(path.join(root, inTree(name)), { recursive: true, force: true });
  machineId(root, treefile);
  addSubstitutions(root, treefile.selinuxLabelVersion);
  const users = new UserDatabase(root);
  const names = ownerNames(users);
  context.checkUsers?.(users);
  splitPasswd(root, treefile.etcGroupMembers, message);
  if (treefile.optUsrlocal === 'state-overlay') enableStateOverlays(root, treefile);
  layoutRoot({ root, treefile, names, packaged: context.packages && packagedPaths(context.packages), message });
  wrapPrograms(root, treefile);
  guardDnf(root);
  rpmdbLinks(root, treefile);
  if (treefile.readonlyExecutables) makeExecutablesReadOnly(root, context.system);
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
  const workdir = path.join(context.workdir, name);
  mkdirSync(workdir);
  using sandbox = new Sandbox(context.root, workdir, context.system, context.sandbox ?? {});
  const value = run(sandbox);
  sandbox.finish();
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
    const result = script.startsWith('#!') ? sandbox.run([], { script }) : sandbox.run(['/bin/sh'], { script });
    for (const line of result.output) context.message(`${label}: ${line}`);
    if (result.timedOut) throw failed('it didn’t end in time');
    checkSpace(result, label, sandbox.merged);
    if (result.status !== 0)
      throw failed(`exit status ${result.status}${result.output.length > 0 ? `: ${result.output.slice(-3).join(' | ')}` : ''}`);
  });
}

function readStep(file: string, place: { file: string; line: number }): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new TreelineError('treefile.invalid-value', { ...place, key: 'postprocess-script', detail: (error as Error).message });
  }
}

function addFiles({ root, treefile }: PostprocessContext): void {
  for (const { source, target, place } of treefile.addFiles) {
    if (!existsSync(source))
      throw new TreelineError('treefile.invalid-value', { ...place, key: 'add-files', detail: `there is no ${source}` });
    const to = path.join(root, inTree(target));
    checkInside(root, [inTree(target)]);
    mkdirSync(path.dirname(to), { recursive: true });
    rmSync(to, { recursive: true, force: true });
    cpSync(source, to, { recursive: true, verbatimSymlinks: true });
  }
}

function writeVersion({ root, treefile, version }: PostprocessContext): void {
  const file = osReleaseOf(root);
  if (file === undefined || version === '') return;
  replaceFile(file, mutateOsRelease(readFileSync(file, 'utf8'), version, treefile.mutateOsRelease));
}

/** An empty machine-id makes systemd write one at first boot (machine-id(5)). */
function machineId(root: string, treefile: Treefile): void {
  const file = path.join(root, 'usr/etc/machine-id');
  rmSync(file, { force: true });
  if (treefile.machineidCompat && existsSync(path.dirname(file))) replaceFile(file, '');
}

function rpmdbLinks(root: string, { installLangs }: Treefile): void {
  const sysimage = path.join(root, 'usr/lib/sysimage');
  mkdirSync(sysimage, { recursive: true });
  const link = path.join(sysimage, 'rpm');
  if (lstatSync(link, { throwIfNoEntry: false })) rmSync(link, { recursive: true });
  symlinkSync('../../share/rpm', link);
  const macros = path.join(root, 'usr/lib/rpm/macros.d');
  mkdirSync(macros, { recursive: true });
  // what is installed on the machine later leaves the same languages out
  const langs = installLangs.length > 0 ? `%_install_langs ${installLangs.join(':')}\n` : '';
  replaceFile(path.join(macros, 'macros.rpm-ostree'), `%_dbpath ${rpmdbPath}\n${langs}`);
}
