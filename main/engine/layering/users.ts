// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Tree } from '../base/tree/index.ts';
import { parseEntries, UserDatabase, type PasswdEntry } from '../compose/build/passwd.ts';
import { splitPasswd } from '../compose/build/passwd-split.ts';
import { keepIds } from './new-users.ts';

const kinds = ['passwd', 'group'] as const;

/** Texts of passwd(5) and group(5) files. */
export type UserFiles = Readonly<Record<(typeof kinds)[number], string>>;

/**
 * Let scripts find all users in /etc, as on any other system: those that the base has in usr/lib, too, and those of the machine, whose ids aren't free.
 * The function that is returned gives each file its own again, with what is new among the others of the base.
 */
export function gatherUsers(tree: Tree, machine: UserFiles, message: (text: string) => void): () => void {
  const users = new UserDatabase(tree);
  const foreign = new Map<string, ReadonlySet<string>>();
  const known = { passwd: new Set<string>(), group: new Set<string>() };
  const groups = users.entries('group').map((entry) => entry.name);
  for (const kind of kinds) {
    const own = users.entries(kind);
    const base = without(parseEntries(tree.text('systemUsers', `usr/lib/${kind}`) ?? ''), own);
    const others = without(parseEntries(machine[kind]), [...own, ...base]);
    for (const { name } of [...own, ...base]) known[kind].add(name);
    foreign.set(kind, new Set(others.map((entry) => entry.name)));
    if (base.length + others.length > 0) users.write(kind, [...own, ...base, ...others]);
  }
  return () => {
    for (const kind of kinds) {
      const now = users.entries(kind);
      const kept = now.filter((entry) => !foreign.get(kind)?.has(entry.name));
      if (kept.length < now.length) users.write(kind, kept);
    }
    splitPasswd(tree, groups, message);
    keepIds(tree, known);
  };
}

const without = (entries: readonly PasswdEntry[], known: readonly PasswdEntry[]): PasswdEntry[] => {
  const names = new Set(known.map((entry) => entry.name));
  return entries.filter((entry) => !names.has(entry.name));
};
