import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { PasswdEntry, UserDatabase } from './passwd.ts';

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

/**
 * Make the users and groups that the tree's usr/lib/sysusers.d asks for (sysusers.d(5): u, g, m) and that don't exist yet. Ids are
 * handed out from 999 down, as systemd does; since those of the previous commit are in the files already, they don't move.
 */
export function applySysusers(root: string, users: UserDatabase): void {
  const directory = path.join(root, 'usr/lib/sysusers.d');
  if (!existsSync(directory)) return;
  const lines = readdirSync(directory)
    .filter((name) => name.endsWith('.conf'))
    .sort()
    .flatMap((name) => parse(readFileSync(path.join(directory, name), 'utf8')));
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
