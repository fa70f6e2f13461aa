// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Tree } from '../../base/tree/index.ts';
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

/** What systemd takes for a user's or group's name (valid_user_group_name(), the strict form), and what a line of passwd(5) can hold. */
const validName = /^[A-Za-z_][A-Za-z0-9_-]{0,30}$/;
const canBeField = (text: string): boolean => !/[:\u0000-\u001f\u007f]/.test(text);

/** systemd-sysusers passes such lines over with a message, too. */
function isUsable(line: Line, message: (text: string) => void): boolean {
  const { type, name, id, gecos, home, shell } = line;
  if (!['u', 'g', 'm'].includes(type)) return true;
  const others = type === 'm' ? [id] : id.includes(':') ? [id.split(':')[1] ?? ''] : [];
  const ok =
    validName.test(name) &&
    others.every((other) => validName.test(other) || /^\d+$/.test(other)) &&
    [gecos, home, shell].every(canBeField) &&
    [home, shell].every((path) => path === '' || path === '-' || (path.startsWith('/') && !path.split('/').includes('..')));
  if (!ok) message(`sysusers.d: ${JSON.stringify([type, name, id, gecos, home, shell].join(' ').trim())} can’t be used: passed over`);
  return ok;
}

/** Texts of sysusers.d by name; one in /etc takes the place of its namesake, a link to /dev/null removes it. */
function configurations(tree: Tree): string[] {
  const byName = new Map<string, string>();
  for (const directory of ['usr/lib/sysusers.d', 'usr/etc/sysusers.d'])
    for (const name of tree.names('sysusers', directory)) if (name.endsWith('.conf')) byName.set(name, `${directory}/${name}`);
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, file]) => {
      // what the system in the tree would find there
      const text = tree.find('sysusersFile', file)?.stats.isFile() ? tree.text('sysusersFile', file) : undefined;
      return text === undefined ? [] : [text];
    });
}

/**
 * Make the users and groups that the tree's usr/lib/sysusers.d and etc/sysusers.d ask for (sysusers.d(5): u, g, m) and that don't exist yet. Ids are
 * handed out from 999 down, as systemd does; since those of the previous commit are in the files already, they don't move.
 */
export function applySysusers(tree: Tree, users: UserDatabase, message: (text: string) => void): void {
  const texts = configurations(tree);
  if (texts.length === 0) return;
  const lines = texts.flatMap(parse).filter((line) => isUsable(line, message));
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
