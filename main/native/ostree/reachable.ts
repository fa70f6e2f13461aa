// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { bind, bindChecked, free, Handle, Ptr, variantValue } from '../core/index.ts';
import { ostreeError } from './errors.ts';
import type { Repo } from './repo.ts';

const traverseCommit = bindChecked(
  'ostree',
  'ostree_repo_traverse_commit',
  'int',
  [Ptr, 'str', 'int', koffi.out(koffi.pointer('void *')), Ptr],
  ostreeError,
);
const keysAsArray = bind('glib', 'g_hash_table_get_keys_as_array', Ptr, [Ptr, koffi.out(koffi.pointer('uint'))]);
const unref = bind('glib', 'g_hash_table_unref', 'void', [Ptr]);

/** File names' ends of OstreeObjectType 1 to 4 in a bare repository. */
const suffixes = ['file', 'dirtree', 'dirmeta', 'commit'];

/** All objects of a commit, as `CHECKSUM.TYPE`, what isn't there left out. Throws when a directory object is missing. */
export function reachableObjects(repo: Repo, checksum: string): Set<string> {
  const out: [unknown] = [null];
  traverseCommit(repo.pointer, checksum, 0, out, null);
  using table = new Handle<'GHashTable'>(out[0], 'reachable', unref);
  const length: [number] = [0];
  const keys = keysAsArray(table.pointer, length) as bigint;
  const names = new Set<string>();
  const pointers = length[0] > 0 ? (koffi.decode(keys, koffi.array('void *', length[0])) as Iterable<bigint>) : [];
  for (const pointer of pointers) {
    const [sum, type] = variantValue(pointer) as [string, number];
    names.add(`${sum}.${suffixes[type - 1] ?? type}`);
  }
  free(keys);
  return names;
}
