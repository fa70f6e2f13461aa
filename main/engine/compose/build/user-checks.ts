// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync } from 'node:fs';
import { readRegularFile } from '../../../files/index.ts';
import { TreelineError } from '../../../../shared/errors/index.ts';
import { parseEntries, type PasswdEntry } from './passwd.ts';
import type { Place } from '../treefile/treefile-parse.ts';
import type { UserCheck, UserKind } from '../treefile/user-check.ts';

/** An account that a tree must have: its ids, as far as they are given. */
interface Expected {
  readonly name: string;
  readonly id: number;
  /** Of users. */
  readonly gid?: number;
  readonly entry?: PasswdEntry;
}

const gidOf = (entry: PasswdEntry): number => Number(entry.fields[3]);

/** Read the file of a check. Throws treefile.invalid-value at the key when it isn't there. */
export function checkFile(file: string, key: string, place: Place | undefined): PasswdEntry[] {
  if (!existsSync(file)) throw new TreelineError('treefile.invalid-value', { ...place, key, detail: `there is no ${file}` });
  return parseEntries(readRegularFile(file).toString());
}

function expectedOf(kind: UserKind, check: UserCheck, previous: readonly PasswdEntry[], key: string, place: Place | undefined): Expected[] {
  if (check.type === 'none') return [];
  if (check.type === 'data')
    return Object.entries(check.entries).map(([name, value]) => {
      const [id = -1, gid] = typeof value === 'number' ? [value] : value;
      return { name, id, ...(gid === undefined ? {} : { gid }) };
    });
  const entries = check.type === 'previous' ? previous : checkFile(check.filename, key, place);
  return entries.map((entry) => ({ name: entry.name, id: entry.id, entry, ...(kind === 'passwd' ? { gid: gidOf(entry) } : {}) }));
}

export interface UserCheckInput {
  readonly kind: UserKind;
  readonly check: UserCheck;
  readonly now: readonly PasswdEntry[];
  readonly previous: readonly PasswdEntry[];
  /** Names that may vanish; `*` for all. */
  readonly ignoreRemoved: readonly string[];
  readonly place: Place | undefined;
  readonly message: (text: string) => void;
}

/**
 * Compare a tree's users or groups with what must be there: an id that changes would give the files of installed systems to somebody else.
 * Throws compose.user-conflict at the key; what is new or differs in other fields is a message.
 */
export function checkUsers(input: UserCheckInput): void {
  const { kind, now, ignoreRemoved, place, message } = input;
  const key = kind === 'passwd' ? 'check-passwd' : 'check-groups';
  const what = kind === 'passwd' ? 'User' : 'Group';
  const wrong = (name: string, detail: string): TreelineError =>
    new TreelineError('compose.user-conflict', {
      ...place,
      key,
      subject: `${what} ${name}`,
      detail,
      facts: { name, check: input.check.type },
    });
  const byName = new Map(now.map((e) => [e.name, e]));
  const expected = expectedOf(kind, input.check, input.previous, key, place);
  const ignored = kind === 'passwd' ? 'ignore-removed-users' : 'ignore-removed-groups';
  for (const { name, id, gid, entry } of expected) {
    const found = byName.get(name);
    if (!found) {
      if (ignoreRemoved.includes('*') || ignoreRemoved.includes(name)) continue;
      throw wrong(name, `it isn’t in the tree any more (allow it with ${ignored})`);
    }
    if (found.id !== id) throw wrong(name, `it must have id ${id} and has ${found.id}`);
    if (gid !== undefined && gidOf(found) !== gid) throw wrong(name, `it must have group ${gid} and has ${gidOf(found)}`);
    if (entry && kind === 'passwd')
      for (const [field, label] of [
        [5, 'home'],
        [6, 'shell'],
      ] as const)
        if (entry.fields[field] !== found.fields[field])
          message(`user ${name}: its ${label} was ${entry.fields[field] ?? ''} and is ${found.fields[field] ?? ''}`);
  }
  if (expected.length === 0) return;
  const known = new Set(expected.map((e) => e.name));
  const added = now.filter((e) => !known.has(e.name) && e.name !== 'root').map((e) => e.name);
  if (added.length > 0) message(`new ${kind === 'passwd' ? 'users' : 'groups'}: ${added.join(', ')}`);
}
