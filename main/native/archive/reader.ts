import { bind, Handle, Ptr } from '../core/index.ts';

/** libarchive's reading side (archive.h of libarchive 3). */
const create = bind('archive', 'archive_read_new', Ptr, []);
const release = bind('archive', 'archive_read_free', 'int', [Ptr]);
const allFilters = bind('archive', 'archive_read_support_filter_all', 'int', [Ptr]);
const cpio = bind('archive', 'archive_read_support_format_cpio', 'int', [Ptr]);
const openFile = bind('archive', 'archive_read_open_filename', 'int', [Ptr, 'str', 'size_t']);
const errorString = bind('archive', 'archive_error_string', 'str', [Ptr]);

/** Open the cpio payload of an RPM file (lead and headers are skipped by libarchive). Throws with libarchive's words. */
export function openPayload(path: string): Handle<'archive'> {
  const archive = new Handle<'archive'>(create(), `archive ${path}`, release);
  allFilters(archive.pointer);
  cpio(archive.pointer);
  if ((openFile(archive.pointer, path, 1 << 16) as number) !== 0) {
    const words = String(errorString(archive.pointer) ?? 'the payload can’t be read');
    archive[Symbol.dispose]();
    throw new PayloadError(words);
  }
  return archive;
}

/** A payload that libarchive can't read. */
export class PayloadError extends Error {}
