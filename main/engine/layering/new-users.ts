// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Tree } from '../base/tree/index.ts';
import { parseEntries, type PasswdEntry } from '../compose/build/passwd.ts';

/** systemd-sysusers(8) takes files by name, and the first line about a user counts: packages' own lines don't name ids. */
const file = 'usr/lib/sysusers.d/00-treeline-layer.conf';

/**
 * Users and groups that came with packages and stay in /etc, in a tree without nss-altfiles: a machine whose /etc/passwd somebody changed keeps its own, and
 * systemd-sysusers gives what is missing there ids that are free then, which files of packages may belong to others by. So these are asked for with the ids that they
 * have in the tree, scripts' own too. `known`: names that the base has.
 */
export function keepIds(tree: Tree, known: Readonly<Record<'passwd' | 'group', ReadonlySet<string>>>): void {
  const added = (kind: 'passwd' | 'group'): PasswdEntry[] =>
    parseEntries(tree.text('users', `usr/etc/${kind}`) ?? '').filter(({ name }) => !known[kind].has(name));
  const lines = [...added('group').map(({ name, id }) => `g ${name} ${id}`), ...added('passwd').map(userLine)];
  if (lines.length > 0) tree.put('layerUsers', file, lines.map((line) => `${line}\n`).join(''));
}

/** sysusers.d(5). */
function userLine({ name, id, fields }: PasswdEntry): string {
  const [, , , gid = '', about = '', home = '', shell = ''] = fields;
  const place = (text: string): string => (/^\/[\w./+-]*$/.test(text) ? text : '-');
  const quoted = about === '' ? '-' : `"${about.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%')}"`;
  return `u ${name} ${id}:${gid} ${quoted} ${place(home)} ${place(shell)}`;
}
