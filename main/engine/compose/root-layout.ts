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

/** Move what packages put into /opt below usr/lib/opt, with a link for each made at boot. */
function moveOpt(root: string, message: (text: string) => void): string[] {
  const opt = path.join(root, 'opt');
  if (!lstatSync(opt, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(opt)
    .sort()
    .flatMap((name) => {
      mkdirSync(path.join(root, 'usr/lib/opt'), { recursive: true });
      renameSync(path.join(opt, name), path.join(root, 'usr/lib/opt', name));
      const target = `../../usr/lib/opt/${name}`;
      if (canBePath(name)) return [tmpfilesLine({ type: 'L', path: `/var/opt/${name}`, argument: target })];
      message(`/opt/${JSON.stringify(name)}: its name can’t be written in tmpfiles.d; it stays in /usr/lib/opt`);
      return [];
    });
}

/** Give the tree the root of an OSTree system, and write the tmpfiles.d files which fill /var at boot. */
export function layoutRoot(root: string, treefile: Treefile, names: OwnerNames, message: (text: string) => void): void {
  const lines = [
    ...moveOpt(root, message),
    ...varToTmpfiles(root, 'var', 'var', names, message),
    ...(['home', 'root', 'srv', 'mnt'] as const).flatMap((name) => emptied(root, name, links[name] ?? '', names, message)),
    ...emptied(root, 'usr/local', 'var/usrlocal', names, message),
  ];
  const tmpfiles = path.join(root, 'usr/lib/tmpfiles.d');
  mkdirSync(tmpfiles, { recursive: true });
  const given = new Set(lines.map((line) => line.split(' ')[1]));
  const own = standard
    .filter(([name]) => !given.has(name))
    .map(([name, mode]) => tmpfilesLine({ type: 'd', path: name, mode, user: 'root', group: 'root' }));
  replaceFile(path.join(tmpfiles, 'rpm-ostree-0-integration.conf'), own.join(''));
  if (lines.length > 0) replaceFile(path.join(tmpfiles, 'rpm-ostree-autovar.conf'), lines.join(''));

  rmSync(path.join(root, 'etc'), { recursive: true, force: true });
  for (const name of [...directories, 'tmp', ...Object.keys(links)]) removeIfEmptyOrLink(path.join(root, name));
  for (const name of directories) mkdirSync(path.join(root, name), { recursive: true });
  for (const name of directories) chmodSync(path.join(root, name), 0o755);
  for (const [name, target] of Object.entries(links)) symlinkSync(target, path.join(root, name));
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
