// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';
import { bind, bindChecked, Handle, Ptr, type GErrorMapper } from '../core/index.ts';
import { ostreeError } from './errors.ts';
import type { Repo } from './repo.ts';

const keyError: GErrorMapper = (error, call) => {
  const mapped = ostreeError(error, call);
  return ['origin.remote-missing', 'disk.full'].includes(mapped.code)
    ? mapped
    : new TreelineError('key.unreadable', { detail: error.message });
};
const importKeys = bindChecked(
  'ostree',
  'ostree_repo_remote_gpg_import',
  'int',
  [Ptr, 'str', Ptr, Ptr, koffi.out(koffi.pointer('uint')), Ptr],
  keyError,
);
const memoryStream = bind('gio', 'g_memory_input_stream_new_from_bytes', Ptr, [Ptr]);
const bytesNew = bind('glib', 'g_bytes_new', Ptr, [Ptr, 'size_t']);
const bytesUnref = bind('glib', 'g_bytes_unref', 'void', [Ptr]);

/** Trust the public keys in `key` (armoured or binary) for a remote. Returns how many were new. Throws `key.unreadable`. */
export function importGpgKeys(repo: Repo, remote: string, key: Uint8Array): number {
  using bytes = new Handle<'GBytes'>(bytesNew(key, key.length), 'GBytes', bytesUnref);
  using stream = new Handle<'GInputStream'>(memoryStream(bytes.pointer), 'GInputStream');
  const imported: [number] = [0];
  importKeys(repo.pointer, remote, stream.pointer, null, imported, null);
  return imported[0];
}
