// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { Tree } from '../../base/tree/index.ts';

export interface PasswdEntry {
  readonly name: string;
  /** uid or gid. */
  readonly id: number;
  /** The whole line. */
  readonly fields: readonly string[];
}

/** Lines of a passwd(5) or group(5) file; what isn't an entry is left out. */
export function parseEntries(text: string): PasswdEntry[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(':');
    const id = Number(fields[2]);
    return fields.length >= 4 && fields[0] && fields[2] !== '' && Number.isInteger(id) ? [{ name: fields[0], id, fields }] : [];
  });
}

export function formatEntries(entries: readonly PasswdEntry[]): string {
  return entries.map((e) => `${e.fields.join(':')}\n`).join('');
}

/** The users and groups of a tree while it is put together: usr/etc/passwd and usr/etc/group. */
export class UserDatabase {
  readonly #tree: Tree;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  entries(kind: 'passwd' | 'group'): PasswdEntry[] {
    return parseEntries(this.#tree.text('users', `usr/etc/${kind}`) ?? '');
  }

  write(kind: 'passwd' | 'group', entries: readonly PasswdEntry[]): void {
    this.#tree.put('users', `usr/etc/${kind}`, formatEntries(entries));
  }

  ids(kind: 'passwd' | 'group'): Map<string, number> {
    return new Map([['root', 0], ...this.entries(kind).map((e): [string, number] => [e.name, e.id])]);
  }

  /**
   * Take the users and groups of the previous commit over, so that ids stay what they are on disk of installed systems. Throws
   * compose.user-conflict when a package now ships another id for a name; with `wins` the previous entry takes the package's place instead, as
   * that of a file does which the treefile's author wrote for it.
   */
  preserve(kind: 'passwd' | 'group', previous: readonly PasswdEntry[], wins = false): void {
    const names = new Set(previous.map((e) => e.name));
    const own = wins ? this.entries(kind).filter((e) => !names.has(e.name)) : this.entries(kind);
    if (own.length === 0 && previous.length === 0) {
      const fields = kind === 'passwd' ? ['root', 'x', '0', '0', 'root', '/root', '/bin/bash'] : ['root', 'x', '0', ''];
      this.write(kind, [{ name: 'root', id: 0, fields }]);
      return;
    }
    const byName = new Map(own.map((e) => [e.name, e]));
    for (const old of previous) {
      const now = byName.get(old.name);
      if (now && now.id !== old.id)
        throw new TreelineError('compose.user-conflict', {
          subject: `${kind === 'passwd' ? 'User' : 'Group'} ${old.name}`,
          detail: `it had id ${old.id} in the previous commit and has ${now.id} now`,
        });
    }
    const added = previous.filter((old) => !byName.has(old.name));
    if (added.length > 0) this.write(kind, wins ? [...added, ...own] : [...own, ...added]);
  }
}
