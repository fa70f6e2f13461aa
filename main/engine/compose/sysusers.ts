import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { PasswdEntry, UserDatabase } from './passwd.ts';
import { resolveInside } from './resolve-inside.ts';

interface Line {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly gecos: string;
  readonly home: string;
  readonly shell: string;
}

/** Fields of a sysusers.d(5) line: blanks separate, quotes keep blanks. */
function fieldsOf(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2] ?? m[3] ?? '');
}

function parse(text: string): Line[] {
  return text.split('\n').flatMap((line) => {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return [];
    const [type = '', name = '', id = '-', gecos = '', home = '-', shell = '-'] = fieldsOf(trimmed);
    return [{ type: type.replace(/!$/, ''), name, id, gecos, home, shell }];
  });
}

/** sysusers.d files by name; one in /etc takes the place of its namesake, a link to /dev/null removes it. */
function configurationFiles(root: string): string[] {
  const byName = new Map<string, string>();
  for (const directory of ['usr/lib/sysusers.d', 'usr/etc/sysusers.d']) {
    const at = path.join(root, directory);
    if (!existsSync(at)) continue;
    for (const name of readdirSync(at).filter((n) => n.endsWith('.conf'))) byName.set(name, path.join(at, name));
  }
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, file]) => {
      const real = resolveInside(root, path.relative(root, file));
      return real !== undefined && lstatSync(real).isFile() ? [real] : [];
    });
}

/**
 * Make the users and groups that the tree's usr/lib/sysusers.d and etc/sysusers.d ask for (sysusers.d(5): u, g, m) and that don't exist yet. Ids are
 * handed out from 999 down, as systemd does; since those of the previous commit are in the files already, they don't move.
 */
export function applySysusers(root: string, users: UserDatabase): void {
  const files = configurationFiles(root);
  if (files.length === 0) return;
  const lines = files.flatMap((file) => parse(readFileSync(file, 'utf8')));
  const passwd = users.entries('passwd');
  const group = users.entries('group');
  const has = (list: readonly PasswdEntry[], name: string): boolean => list.some((e) => e.name === name);
  const free = (): number => {
    for (let id = 999; id > 0; id--) if (!passwd.some((e) => e.id === id) && !group.some((e) => e.id === id)) return id;
    throw new RangeError('no system id is free');
  };
  const addGroup = (name: string, id: number): void => void group.push({ name, id, fields: [name, 'x', String(id), ''] });
  // groups first: a user line may name one
  for (const { name, id } of lines.filter((l) => l.type === 'g')) if (!has(group, name)) addGroup(name, fixedId(id) ?? free());
  for (const line of lines.filter((l) => l.type === 'u')) {
    if (has(passwd, line.name)) continue;
    const [uidText = '-', groupText] = line.id.split(':');
    const wanted = fixedId(uidText);
    const uid = wanted !== undefined && !passwd.some((e) => e.id === wanted) ? wanted : free();
    const named =
      groupText === undefined
        ? group.find((e) => e.name === line.name)
        : group.find((e) => e.name === groupText || String(e.id) === groupText);
    if (!named) addGroup(groupText !== undefined && fixedId(groupText) === undefined ? groupText : line.name, uid);
    const gid = named?.id ?? uid;
    const home = line.home === '-' || line.home === '' ? '/' : line.home;
    const shell = line.shell === '-' || line.shell === '' ? (uid === 0 ? '/bin/sh' : '/usr/sbin/nologin') : line.shell;
    const gecos = line.gecos === '-' ? '' : line.gecos;
    passwd.push({ name: line.name, id: uid, fields: [line.name, 'x', String(uid), String(gid), gecos, home, shell] });
  }
  for (const { name: user, id: into } of lines.filter((l) => l.type === 'm')) {
    if (!has(group, into)) addGroup(into, free());
    const at = group.findIndex((e) => e.name === into);
    const entry = group[at];
    const members = (entry?.fields[3] ?? '').split(',').filter((m) => m !== '');
    if (entry && !members.includes(user)) group[at] = { ...entry, fields: [...entry.fields.slice(0, 3), [...members, user].join(',')] };
  }
  users.write('passwd', passwd);
  users.write('group', group);
}

const fixedId = (text: string): number | undefined => (/^\d+$/.test(text) ? Number(text) : undefined);
