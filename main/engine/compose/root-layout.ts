import { chmodSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { replaceFile } from './passwd.ts';
import { canBePath, tmpfilesLine } from './tmpfiles.ts';
import type { Treefile } from './treefile.ts';
import { varToTmpfiles, type OwnerNames } from './var-tree.ts';

/** Root links of an OSTree system: user data lives in /var, which deployments share. */
const links: Readonly<Record<string, string>> = {
  home: 'var/home',
  root: 'var/roothome',
  opt: 'var/opt',
  srv: 'var/srv',
  mnt: 'var/mnt',
  media: 'run/media',
  ostree: 'sysroot/ostree',
  'usr/local': '../var/usrlocal',
};
const directories = ['boot', 'dev', 'proc', 'run', 'sys', 'sysroot', 'var'];
const usrlocal = ['bin', 'etc', 'games', 'include', 'lib', 'man', 'sbin', 'share', 'src'];

/** What every system needs in /var, whatever its packages. */
const standard: readonly (readonly [path: string, mode: number])[] = [
  ['/var/home', 0o755],
  ['/var/opt', 0o755],
  ['/var/srv', 0o755],
  ['/var/mnt', 0o755],
  ['/var/roothome', 0o700],
  ['/var/usrlocal', 0o755],
  ...usrlocal.map((name): [string, number] => [`/var/usrlocal/${name}`, 0o755]),
  ['/run/media', 0o755],
];

/**
 * opt-usrlocal: `var` gives /opt and /usr/local to the machine; `root` leaves them part of the tree; with `state-overlay` they are part of it,
 * and the machine's changes are kept on an overlay (ostree-state-overlay@.service).
 */
function linksFor(mode: Treefile['optUsrlocal']): Record<string, string> {
  const { opt: _, 'usr/local': __, ...others } = links;
  if (mode === 'root') return others;
  return mode === 'state-overlay' ? { ...others, opt: 'usr/lib/opt' } : { ...links };
}

/** Move what packages put into /opt below usr/lib/opt; `linked`: with a link for each made at boot. */
function moveOpt(root: string, linked: boolean, message: (text: string) => void): string[] {
  const opt = path.join(root, 'opt');
  if (!linked) mkdirSync(path.join(root, 'usr/lib/opt'), { recursive: true });
  if (!lstatSync(opt, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(opt)
    .sort()
    .flatMap((name) => {
      mkdirSync(path.join(root, 'usr/lib/opt'), { recursive: true });
      renameSync(path.join(opt, name), path.join(root, 'usr/lib/opt', name));
      if (!linked) return [];
      const target = `../../usr/lib/opt/${name}`;
      if (canBePath(name)) return [tmpfilesLine({ type: 'L', path: `/var/opt/${name}`, argument: target })];
      message(`/opt/${JSON.stringify(name)}: its name can’t be written in tmpfiles.d; it stays in /usr/lib/opt`);
      return [];
    });
}

export interface LayoutContext {
  readonly root: string;
  readonly treefile: Treefile;
  readonly names: OwnerNames;
  /** Paths that packages bring, as the tree names them; undefined when nobody knows. */
  readonly packaged: ReadonlySet<string> | undefined;
  readonly message: (text: string) => void;
}

/** What scripts leave in these is made again when needed, and differs from run to run. */
const scratch = /^var\/(cache|log|tmp)\//;

/** Give the tree the root of an OSTree system, and write the tmpfiles.d files which fill /var at boot. */
export function layoutRoot(context: LayoutContext): void {
  const { root, treefile, names, packaged, message } = context;
  const links = linksFor(treefile.optUsrlocal);
  const keeps = (file: string): boolean => packaged === undefined || packaged.has(file) || !scratch.test(file);
  const lines = [
    ...('opt' in links ? moveOpt(root, links['opt'] === 'var/opt', message) : []),
    ...varToTmpfiles(root, 'var', 'var', names, message, keeps),
    ...varToTmpfiles(root, 'run', 'run', names, message),
    ...(['home', 'root', 'srv', 'mnt'] as const).flatMap((name) => emptied(root, name, links[name] ?? '', names, message)),
    ...('usr/local' in links ? emptied(root, 'usr/local', 'var/usrlocal', names, message) : []),
  ];
  const tmpfiles = path.join(root, 'usr/lib/tmpfiles.d');
  mkdirSync(tmpfiles, { recursive: true });
  const given = new Set(lines.map((line) => line.split(' ')[1]));
  const own = standard
    .filter(([name]) => !given.has(name))
    .filter(([name]) => ('usr/local' in links || !name.startsWith('/var/usrlocal')) && (links['opt'] === 'var/opt' || name !== '/var/opt'))
    .map(([name, mode]) => tmpfilesLine({ type: 'd', path: name, mode, user: 'root', group: 'root' }));
  replaceFile(path.join(tmpfiles, 'rpm-ostree-0-integration.conf'), own.join(''));
  if (lines.length > 0) replaceFile(path.join(tmpfiles, 'rpm-ostree-autovar.conf'), lines.join(''));

  rmSync(path.join(root, 'etc'), { recursive: true, force: true });
  const made = treefile.container ? directories.filter((name) => name !== 'boot') : directories;
  for (const name of [...made, 'tmp', ...Object.keys(links)]) removeIfEmptyOrLink(path.join(root, name));
  for (const name of directories) mkdirSync(path.join(root, name), { recursive: true });
  for (const name of made) chmodSync(path.join(root, name), 0o755);
  for (const [name, target] of Object.entries(links)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    symlinkSync(target, path.join(root, name));
  }
  for (const name of ['opt', 'usr/local']) if (!(name in links)) mkdirSync(path.join(root, name), { recursive: true });
  if (treefile.tmpIsDir) {
    mkdirSync(path.join(root, 'tmp'));
    chmodSync(path.join(root, 'tmp'), 0o1777);
  } else symlinkSync('sysroot/tmp', path.join(root, 'tmp'));
}

function emptied(root: string, source: string, bootPath: string, names: OwnerNames, message: (text: string) => void): string[] {
  if (!lstatSync(path.join(root, source), { throwIfNoEntry: false })?.isDirectory()) return [];
  return varToTmpfiles(root, source, bootPath, names, message);
}

function removeIfEmptyOrLink(target: string): void {
  const stats = lstatSync(target, { throwIfNoEntry: false });
  if (!stats) return;
  // what is left in these was a script's scratch, or belongs to a mount point
  rmSync(target, { recursive: true });
}
