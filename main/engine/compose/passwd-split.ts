import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { formatEntries, readEntries, replaceFile, type PasswdEntry } from './passwd.ts';

/** The library by which getpwnam(3) looks into usr/lib/passwd. */
const altfiles = /^libnss_altfiles\.so/;

function hasAltfiles(root: string): boolean {
  const at = (name: string): string[] => {
    const directory = path.join(root, name);
    return existsSync(directory) ? readdirSync(directory) : [];
  };
  const multiarch = at('usr/lib')
    .filter((name) => name.endsWith('-linux-gnu'))
    .map((name) => `usr/lib/${name}`);
  return ['usr/lib', 'usr/lib64', ...multiarch].some((name) => at(name).some((file) => altfiles.test(file)));
}

/**
 * Move system users and groups from /etc, which a machine owns, to usr/lib, which updates replace (nss-altfiles reads both). root stays,
 * and the groups that people become members of (etc-group-members). In a tree that holds no nss-altfiles nobody would find them there: all stay.
 */
export function splitPasswd(root: string, etcGroups: readonly string[], message: (text: string) => void): void {
  for (const name of ['passwd-', 'group-', 'shadow-', 'gshadow-', '.pwd.lock', 'subuid-', 'subgid-'])
    rmSync(path.join(root, 'usr/etc', name), { force: true });
  if (!hasAltfiles(root)) {
    message('the tree holds no nss-altfiles: its users and groups stay in /etc');
    addShadow(root, 'passwd', 'shadow', (name) => `${name}:!*:::::::`);
    addShadow(root, 'group', 'gshadow', (name) => `${name}:!*::`);
    return;
  }
  split(root, 'passwd', (e) => e.name === 'root');
  split(root, 'group', (e) => e.name === 'root' || etcGroups.includes(e.name));
  for (const name of ['shadow', 'gshadow']) {
    const file = path.join(root, 'usr/etc', name);
    if (!existsSync(file)) continue;
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('root:') || (name === 'gshadow' && etcGroups.includes(line.split(':')[0] ?? '')));
    replaceFile(file, lines.map((line) => `${line}\n`).join(''));
  }
  addAltfiles(path.join(root, 'usr/etc/nsswitch.conf'));
}

/** Locked lines in an existing shadow file for accounts that sysusers.d brought (shadow(5), gshadow(5)). */
function addShadow(root: string, kind: 'passwd' | 'group', shadow: 'shadow' | 'gshadow', line: (name: string) => string): void {
  const file = path.join(root, 'usr/etc', shadow);
  if (!existsSync(file)) return;
  const text = readFileSync(file, 'utf8');
  const known = new Set(text.split('\n').map((l) => l.split(':')[0]));
  const missing = readEntries(path.join(root, 'usr/etc', kind)).filter((e) => e.fields[1] === 'x' && !known.has(e.name));
  if (missing.length > 0)
    replaceFile(file, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${missing.map((e) => `${line(e.name)}\n`).join('')}`);
}

function split(root: string, name: 'passwd' | 'group', stays: (entry: PasswdEntry) => boolean): void {
  const etc = path.join(root, 'usr/etc', name);
  const lib = path.join(root, 'usr/lib', name);
  if (!existsSync(etc)) return;
  const entries = readEntries(etc);
  const shipped = readEntries(lib).filter((old) => !entries.some((e) => e.name === old.name));
  replaceFile(etc, formatEntries(entries.filter(stays)));
  replaceFile(
    lib,
    formatEntries([...shipped, ...entries.filter((e) => !stays(e))].sort((a, b) => a.id - b.id || (a.name < b.name ? -1 : 1))),
  );
}

/** nsswitch.conf(5): `altfiles` after `files` for passwd and group. */
function addAltfiles(file: string): void {
  if (!existsSync(file)) return;
  const text = readFileSync(file, 'utf8').replace(/^((?:passwd|group):.*?\bfiles\b)(.*)$/gm, (line, head: string, tail: string) =>
    /\baltfiles\b/.test(line) ? line : `${head} altfiles${tail}`,
  );
  replaceFile(file, text);
}

/** The users or groups of a commit, from copies of its usr/etc and usr/lib files. */
export function previousEntries(directory: string, name: 'passwd' | 'group'): PasswdEntry[] {
  const etc = readEntries(path.join(directory, 'etc', name));
  return [...etc, ...readEntries(path.join(directory, 'lib', name)).filter((e) => !etc.some((x) => x.name === e.name))];
}
