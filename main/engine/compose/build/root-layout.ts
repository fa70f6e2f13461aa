// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import type { Tree } from '../../base/tree/index.ts';
import { canBePath, tmpfilesLine } from './tmpfiles.ts';
import type { Treefile } from '../treefile/treefile.ts';
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

export const integrationFile = 'rpm-ostree-0-integration.conf';
/** What packages bring for /var. */
export const varFile = 'rpm-ostree-autovar.conf';

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
 * and the machine's changes are kept on an overlay (ostree-state-overlay@.service). `transient`: the whole root is one that a machine may write to until
 * its next start, so that directories for mounts and other software are just that.
 */
function linksFor(mode: Treefile['optUsrlocal'], transient: boolean): Record<string, string> {
  const { opt: _, 'usr/local': __, ...others } = links;
  if (transient) return { home: links['home'] ?? '', root: links['root'] ?? '', ostree: links['ostree'] ?? '' };
  if (mode === 'root') return others;
  return mode === 'state-overlay' ? { ...others, opt: 'usr/lib/opt' } : { ...links };
}

/** Move what packages put into /opt below usr/lib/opt; `linked`: with a link for each made at boot. */
function moveOpt(tree: Tree, linked: boolean, message: (text: string) => void): string[] {
  if (!linked) tree.makeDirectory('opt', 'usr/lib/opt');
  if (!tree.look('opt', 'opt')?.isDirectory()) return [];
  return tree.names('opt', 'opt').flatMap((name) => {
    tree.moveInto('opt', `opt/${name}`, `usr/lib/opt/${name}`);
    if (!linked) return [];
    const target = `../../usr/lib/opt/${name}`;
    if (canBePath(name)) return [tmpfilesLine({ type: 'L', path: `/var/opt/${name}`, argument: target })];
    message(`/opt/${JSON.stringify(name)}: its name can’t be written in tmpfiles.d; it stays in /usr/lib/opt`);
    return [];
  });
}

export interface LayoutContext extends Omit<MachineState, 'links'> {
  readonly treefile: Treefile;
}

/** What scripts leave in these is made again when needed, and differs from run to run. */
const scratch = /^var\/(cache|log|tmp)\//;

/** What isn't a link is a directory. */
const mayBeDirectories = ['opt', 'srv', 'mnt', 'media', 'usr/local'];

/** Whether a tree's root is transient: [root] of prepare-root.conf (ostree-prepare-root(1)), whose file in /etc wins. */
function isTransient(tree: Tree): boolean {
  const text = ['/etc', '/usr/lib']
    .map((place) => tree.text('prepareRoot', `${place}/ostree/prepare-root.conf`))
    .find((found) => found !== undefined);
  const section = /^\[root\]\s*$([^[]*)/m.exec(text ?? '')?.[1] ?? '';
  return /^\s*transient\s*=\s*(true|1|yes)\s*$/m.test(section);
}

/**
 * The root links alone, for a tree that is going to be worked on: what a package has in their place stays until layoutRoot. Configuration is in usr/etc
 * already.
 */
export function linkRoot(tree: Tree, treefile: Treefile): void {
  for (const [name, target] of Object.entries(linksFor(treefile.optUsrlocal, isTransient(tree)))) {
    const stats = tree.look('layout', name);
    if (stats && !(stats.isDirectory() && tree.names('layout', name).length === 0)) continue;
    tree.remove('layout', name);
    tree.putLink('layout', name, target);
  }
  tree.remove('layout', 'etc');
}

/** What packages and scripts put where a machine has its own: `links` are the root's, as in linksFor(). */
export interface MachineState {
  readonly tree: Tree;
  readonly links: Readonly<Record<string, string>>;
  readonly names: OwnerNames;
  /** Paths that packages bring, as the tree names them; undefined when nobody knows. */
  readonly packaged: ReadonlySet<string> | undefined;
  readonly message: (text: string) => void;
}

/** Take it out of the tree; returns lines of tmpfiles.d that make it at boot. */
export function takeMachineState({ tree, links, names, packaged, message }: MachineState): string[] {
  const keeps = (file: string): boolean => packaged === undefined || packaged.has(file) || !scratch.test(file);
  return [
    ...('opt' in links ? moveOpt(tree, links['opt'] === 'var/opt', message) : []),
    ...varToTmpfiles(tree, 'var', 'var', names, message, keeps),
    ...varToTmpfiles(tree, 'run', 'run', names, message),
    ...(['home', 'root', 'srv', 'mnt'] as const).flatMap((name) =>
      links[name] === undefined ? [] : varToTmpfiles(tree, name, links[name], names, message),
    ),
    ...('usr/local' in links ? varToTmpfiles(tree, 'usr/local', 'var/usrlocal', names, message) : []),
  ];
}

/** The rest of the line after its type: the path first. */
const fromPath = (line: string): string => line.slice(line.indexOf(' ') + 1);
const pathOf = (line: string): string => /^"(?:[^"\\]|\\.)*"|^\S+/.exec(fromPath(line))?.[0] ?? line;

const linesOf = (text: string | undefined): string[] => (text ?? '').split(/(?<=\n)/).filter((line) => line !== '');

/**
 * Write them beside those that the tree has; of two about one path the older counts. In the order of their paths, whoever they come from. `standard`: what
 * every system needs, unless somebody gives it; default: what the tree's file says.
 */
export function writeMachineState(tree: Tree, lines: readonly string[], standard?: readonly string[]): void {
  const [needed, given] = [`usr/lib/tmpfiles.d/${integrationFile}`, `usr/lib/tmpfiles.d/${varFile}`];
  const byPath = new Map([...lines, ...linesOf(tree.text('tmpfiles', given))].map((line) => [pathOf(line), line]));
  const all = [...byPath.values()].sort((a, b) => (fromPath(a) < fromPath(b) ? -1 : 1));
  if (all.length > 0) tree.put('tmpfiles', given, all.join(''));
  const rest = (standard ?? linesOf(tree.text('tmpfiles', needed))).filter((line) => !byPath.has(pathOf(line)));
  tree.put('tmpfiles', needed, rest.join(''));
}

/** Give the tree the root of an OSTree system, and write the tmpfiles.d files which fill /var at boot. */
export function layoutRoot(context: LayoutContext): void {
  const { tree, treefile } = context;
  const transient = isTransient(tree);
  const links = linksFor(treefile.optUsrlocal, transient);
  const lines = takeMachineState({ ...context, links });
  const targets = Object.values(links).map((target) => path.join('/', target));
  const needed = standard
    .filter(([name]) => targets.some((target) => name === target || name.startsWith(`${target}/`)))
    .map(([name, mode]) => tmpfilesLine({ type: 'd', path: name, mode, user: 'root', group: 'root' }));
  writeMachineState(tree, lines, needed);

  const made = treefile.container ? directories.filter((name) => name !== 'boot') : directories;
  // what was left in these was a script's scratch, or belongs to a mount point
  for (const name of ['etc', ...made, 'tmp', ...Object.keys(links)]) tree.remove('layout', name);
  for (const name of directories) tree.makeDirectory('layout', name);
  for (const name of made) tree.setMode('layout', name, 0o755);
  for (const [name, target] of Object.entries(links)) tree.putLink('layout', name, target);
  for (const name of mayBeDirectories) {
    if (name in links) continue;
    if (tree.look('layout', name)?.isSymbolicLink()) tree.remove('layout', name);
    tree.makeDirectory('layout', name);
  }
  if (treefile.tmpIsDir || transient) tree.makeDirectory('layout', 'tmp', 0o1777);
  else tree.putLink('layout', 'tmp', 'sysroot/tmp');
}
