// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { bind, Ptr, type Pointer } from './bind.ts';
import { Handle, Scope } from './handle.ts';
import { library } from './libraries.ts';

const free = bind('glib', 'g_free', 'void', [Ptr]);
let ownedString: ReturnType<typeof koffi.disposable> | undefined;

/** Result type for a `char *` that the caller owns (freed with g_free after copying); null stays null. */
export function ownedStr(): ReturnType<typeof koffi.disposable> {
  ownedString ??= koffi.disposable('TreelineOwnedStr', 'str', library('glib').func('g_free', 'void', ['void *']) as never);
  return ownedString;
}

const newFile = bind('gio', 'g_file_new_for_path', Ptr, ['str']);

/** A GFile for a local path. */
export function file(path: string): Handle<'GFile'> {
  return new Handle<'GFile'>(newFile(path), `GFile ${path}`);
}

/** Copy a NULL-terminated `char **`, without freeing it. */
export function stringArray(pointer: unknown): string[] {
  if (!pointer) return [];
  const out: string[] = [];
  for (let i = 0; ; i++) {
    const item = koffi.decode(pointer, i * 8, 'str') as string | null;
    if (item === null) return out;
    out.push(item);
  }
}

const PtrArray = koffi.struct('TreelineGPtrArray', { pdata: 'void *', len: 'uint' });
export const ptrArrayUnref = bind('glib', 'g_ptr_array_unref', 'void', [Ptr]);

/** The addresses in a GPtrArray (public layout of garray.h), without taking ownership. */
export function pointersOf(array: unknown): Pointer[] {
  if (!array) return [];
  const { pdata, len } = koffi.decode(array, PtrArray) as { pdata: unknown; len: number };
  return len === 0 ? [] : [...(koffi.decode(pdata, koffi.array('void *', len)) as Iterable<Pointer>)];
}

export { free, Scope };
