// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';
import { bind, bindChecked, free, Handle, Ptr, unexpected } from '../core/index.ts';

const keyFileNew = bind('glib', 'g_key_file_new', Ptr, []);
const keyFileUnref = bind('glib', 'g_key_file_unref', 'void', [Ptr]);
const loadFromData = bindChecked('glib', 'g_key_file_load_from_data', 'int', [Ptr, 'str', 'size_t', 'int'], unexpected);
const toData = bind('glib', 'g_key_file_to_data', Ptr, [Ptr, koffi.out(koffi.pointer('size_t')), Ptr]);

const keepComments = 1;

/** A GKeyFile from text. Throws on text that isn't one. */
export function keyFile(text: string): Handle<'GKeyFile'> {
  const handle = new Handle<'GKeyFile'>(keyFileNew(), 'GKeyFile', keyFileUnref);
  try {
    loadFromData(handle.pointer, text, Buffer.byteLength(text), keepComments);
    return handle;
  } catch (error) {
    handle[Symbol.dispose]();
    throw error;
  }
}

/** Why bytes aren't a key file, as libostree would read them; undefined when they are one. */
export function keyFileDamage(bytes: Buffer): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (text.includes('\0')) return 'it isn’t UTF-8 text';
    keyFile(text)[Symbol.dispose]();
    return undefined;
  } catch (error) {
    if (!(error instanceof TreelineError)) return 'it isn’t UTF-8 text';
    return error.report.detail ?? error.message;
  }
}

/** The text of a GKeyFile that somebody else owns. */
export function keyFileText(pointer: unknown): string {
  const length: [number | bigint] = [0];
  const data = toData(pointer as bigint, length, null);
  if (!data) return '';
  const text = koffi.decode(data, 'char', -1) as string;
  free(data);
  return text;
}
