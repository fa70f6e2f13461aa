// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Tree } from '../../base/tree/index.ts';
import { formatEntries, parseEntries, type PasswdEntry } from './passwd.ts';

/** The library by which getpwnam(3) looks into usr/lib/passwd. */
const altfiles = /^libnss_altfiles\.so/;

function hasAltfiles(tree: Tree): boolean {
  const at = (name: string): string[] => (tree.isDirectory('altfiles', name) ? tree.names('altfiles', name) : []);
  const multiarch = at('usr/lib')
    .filter((name) => name.endsWith('-linux-gnu'))
    .map((name) => `usr/lib/${name}`);
  return ['usr/lib', 'usr/lib64', ...multiarch].some((name) => at(name).some((file) => altfiles.test(file)));
}

/**
 * Move system users and groups from /etc, which a machine owns, to usr/lib, which updates replace (nss-altfiles reads both). root stays,
 * and the groups that people become members of (etc-group-members). In a tree that holds no nss-altfiles nobody would find them there: all stay.
 */
export function splitPasswd(tree: Tree, etcGroups: readonly string[], message: (text: string) => void): void {
  for (const name of ['passwd-', 'group-', 'shadow-', 'gshadow-', '.pwd.lock', 'subuid-', 'subgid-'])
    tree.remove('userLeftovers', `usr/etc/${name}`);
  if (!hasAltfiles(tree)) {
    message('the tree holds no nss-altfiles: its users and groups stay in /etc');
    addShadow(tree, 'passwd', 'shadow', (name) => `${name}:!*:::::::`);
    addShadow(tree, 'group', 'gshadow', (name) => `${name}:!*::`);
    return;
  }
  split(tree, 'passwd', (e) => e.name === 'root');
  split(tree, 'group', (e) => e.name === 'root' || etcGroups.includes(e.name));
  for (const name of ['shadow', 'gshadow']) {
    const file = `usr/etc/${name}`;
    const text = tree.text('shadow', file);
    if (text === undefined) continue;
    const lines = text
      .split('\n')
      .filter((line) => line.startsWith('root:') || (name === 'gshadow' && etcGroups.includes(line.split(':')[0] ?? '')));
    tree.put('shadow', file, lines.map((line) => `${line}\n`).join(''));
  }
  addAltfiles(tree);
}

/** Locked lines in an existing shadow file for accounts that sysusers.d brought (shadow(5), gshadow(5)). */
function addShadow(tree: Tree, kind: 'passwd' | 'group', shadow: 'shadow' | 'gshadow', line: (name: string) => string): void {
  const file = `usr/etc/${shadow}`;
  const text = tree.text('shadow', file);
  if (text === undefined) return;
  const known = new Set(text.split('\n').map((l) => l.split(':')[0]));
  const missing = parseEntries(tree.text('users', `usr/etc/${kind}`) ?? '').filter((e) => e.fields[1] === 'x' && !known.has(e.name));
  if (missing.length > 0)
    tree.put('shadow', file, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${missing.map((e) => `${line(e.name)}\n`).join('')}`);
}

function split(tree: Tree, name: 'passwd' | 'group', stays: (entry: PasswdEntry) => boolean): void {
  const text = tree.text('users', `usr/etc/${name}`);
  if (text === undefined) return;
  const entries = parseEntries(text);
  const shipped = parseEntries(tree.text('systemUsers', `usr/lib/${name}`) ?? '').filter(
    (old) => !entries.some((e) => e.name === old.name),
  );
  tree.put('users', `usr/etc/${name}`, formatEntries(entries.filter(stays)));
  tree.put(
    'systemUsers',
    `usr/lib/${name}`,
    formatEntries([...shipped, ...entries.filter((e) => !stays(e))].sort((a, b) => a.id - b.id || (a.name < b.name ? -1 : 1))),
  );
}

/**
 * nsswitch.conf(5): `altfiles` after `files` for passwd and group. A database without a line has glibc's own default, which doesn't look into usr/lib: it gets one, in a
 * file that is made where no package brought it (Debian's comes from a script of libc-bin).
 */
function addAltfiles(tree: Tree): void {
  const file = 'usr/etc/nsswitch.conf';
  const text = tree.text('nsswitch', file) ?? '';
  const lines = text.split('\n').filter((line, i, all) => line !== '' || i < all.length - 1);
  for (const name of ['passwd', 'group']) {
    const at = lines.findIndex((line) => new RegExp(`^\\s*${name}:`).test(line));
    if (at < 0) lines.push(`${name}: files altfiles`);
    else lines[at] = withAltfiles(lines[at] ?? '');
  }
  tree.put('nsswitch', file, lines.map((line) => `${line}\n`).join(''));
}

function withAltfiles(line: string): string {
  if (/\baltfiles\b/.test(line)) return line;
  const [, head = line.trimEnd(), tail = ''] = /^(.*?\b(?:files|compat)\b)(.*)$/.exec(line) ?? [];
  return `${head} altfiles${tail}`;
}

/** The users or groups of a commit, from copies of its usr/etc and usr/lib files. */
export function previousEntries(copies: Tree, name: 'passwd' | 'group'): PasswdEntry[] {
  const read = (place: string): PasswdEntry[] => parseEntries(copies.text('previousUsers', `${place}/${name}`) ?? '');
  const etc = read('etc');
  return [...etc, ...read('lib').filter((e) => !etc.some((x) => x.name === e.name))];
}
