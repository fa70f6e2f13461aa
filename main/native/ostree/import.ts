import path from 'node:path';
import koffi from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';
import { fileType, isDeviceMode, isLinkMode, treePath } from '../../engine/compose/tree-path.ts';
import type { RpmFile, RpmPackage } from '../../engine/ports/rpm.ts';
import { openPayload, PayloadError } from '../archive/reader.ts';
import { bind, bindChecked, Handle, newVariant, Ptr, Scope, type GErrorMapper, type Pointer } from '../core/index.ts';
import { fileCapability } from '../linux/capabilities.ts';
import type { Repo } from './repo.ts';

/** OstreeRepoCommitFilterResult, and the callbacks of ostree-repo.h. Called synchronously from the import only. */
const filterResult = { allow: 0, skip: 1 } as const;
const FilterProto = koffi.proto('int TreelineCommitFilter(void *repo, const char *path, void *info, void *data)');
const XattrProto = koffi.proto('void *TreelineXattrCallback(void *repo, const char *path, void *info, void *data)');
const TranslateProto = koffi.proto('void *TreelineTranslate(void *repo, void *stbuf, const char *path, void *data)');

/** OstreeRepoImportArchiveOptions, with C's names; `hole` is its bit fields. */
export const ImportArchiveOptions = koffi.struct('TreelineImportArchiveOptions', {
  hole: 'uint32',
  unused_uint: koffi.array('uint32', 8),
  translate_pathname: 'void *',
  translate_pathname_user_data: 'void *',
  unused_ptrs: koffi.array('void *', 6),
});
const bit = { autocreateParents: 1 << 1, callbackWithEntryPathname: 1 << 3 } as const;
const skipXattrs = 1;

const corrupt: GErrorMapper = (error) =>
  /setxattr.*not (permitted|supported)/i.test(error.message)
    ? // security.ima wants the machine's root and a file system with such attributes
      new TreelineError('not-supported', { subject: 'Keeping file signatures or capabilities here', detail: error.message })
    : new TreelineError(/No space left on device|min-free-space/.test(error.message) ? 'disk.full' : 'package.corrupt', {
        detail: error.message,
      });

const importArchive = bindChecked(
  'ostree',
  'ostree_repo_import_archive_to_mtree',
  'int',
  [Ptr, koffi.pointer(ImportArchiveOptions), Ptr, Ptr, Ptr, Ptr],
  corrupt,
);
const newTree = bind('ostree', 'ostree_mutable_tree_new', Ptr, []);
const newModifier = bind('ostree', 'ostree_repo_commit_modifier_new', Ptr, ['int', Ptr, Ptr, Ptr]);
const unrefModifier = bind('ostree', 'ostree_repo_commit_modifier_unref', 'void', [Ptr]);
const setXattrCallback = bind('ostree', 'ostree_repo_commit_modifier_set_xattr_callback', 'void', [Ptr, Ptr, Ptr, Ptr]);
const setAttribute = bind('gio', 'g_file_info_set_attribute_uint32', 'void', [Ptr, 'str', 'uint32']);
const duplicate = bind('glib', 'g_strdup', Ptr, ['str']);
const refVariant = bind('glib', 'g_variant_ref', Ptr, [Ptr]);

/** Capabilities and signature, which only the header knows. */
function xattrsOf(pkg: RpmPackage, file: RpmFile, ima: boolean): readonly (readonly [Buffer, Buffer])[] {
  const signature: readonly (readonly [Buffer, Buffer])[] =
    ima && file.signature !== '' ? [[Buffer.from('security.ima\0'), Buffer.from(file.signature, 'hex')]] : [];
  if (file.caps === '') return signature;
  const value = fileCapability(file.caps);
  if (!value)
    throw new TreelineError('package.unsupported', {
      subject: path.basename(pkg.path),
      detail: `${file.path} has capabilities “${file.caps}”`,
    });
  return [[Buffer.from('security.capability\0'), value], ...signature];
}

/**
 * Import a package's payload into a new mutable tree of `repo`, within its transaction. Modes and capabilities come from the header;
 * every owner is root until assembly, where users of the tree are known. Device nodes are left out: OSTree has none. Throws package.corrupt or package.unsupported naming the package.
 */
export function importPayload(repo: Repo, pkg: RpmPackage, ima: boolean): Handle<'OstreeMutableTree'> {
  const subject = path.basename(pkg.path);
  if (pkg.payload.stripped)
    throw new TreelineError('package.unsupported', {
      subject,
      detail: 'its payload is in rpm’s large-file format (07070X), which libarchive can’t read',
    });
  const files = new Map<string, RpmFile>();
  for (const file of pkg.files) files.set(file.path, file);
  const strange: readonly number[] = [fileType.fifo, fileType.socket];
  const special = pkg.files.find((f) => strange.includes(f.mode & fileType.mask));
  if (special) throw new TreelineError('package.unsupported', { subject, detail: `${special.path} is a fifo or socket` });
  const fileOf = (name: string): RpmFile | undefined => files.get(`/${name.replace(/^(?:\.?\/)+/, '')}`);

  using scope = new Scope();
  let failure: unknown;
  /** Exceptions can't cross C: the first is kept and thrown afterwards. */
  const guarded = <T>(otherwise: T, run: () => T): T => {
    try {
      return run();
    } catch (error) {
      failure ??= error;
      return otherwise;
    }
  };
  const register = (callback: (...args: never[]) => unknown, proto: unknown): Pointer => {
    const pointer = koffi.register(callback, koffi.pointer(proto as string) as never) as unknown as Pointer;
    scope.defer(() => koffi.unregister(pointer as never));
    return pointer;
  };
  const filter = register((_repo: unknown, name: string, info: Pointer): number => {
    return guarded<number>(filterResult.skip, () => {
      setAttribute(info, 'unix::uid', 0);
      setAttribute(info, 'unix::gid', 0);
      const file = fileOf(name);
      if (file && isDeviceMode(file.mode)) return filterResult.skip;
      if (file) setAttribute(info, 'unix::mode', file.mode);
      return filterResult.allow;
    });
  }, FilterProto);
  const xattrs = register((_repo: unknown, name: string): unknown => {
    return guarded<unknown>(null, () => {
      const file = fileOf(name);
      if (!file?.caps && !(ima && file?.signature)) return null;
      using variant = newVariant('a(ayay)', xattrsOf(pkg, file as RpmFile, ima));
      return refVariant(variant.pointer);
    });
  }, XattrProto);
  const translate = register((_repo: unknown, _stat: unknown, name: string): unknown => {
    return guarded<unknown>(null, () => {
      const file = fileOf(name);
      return duplicate(treePath(name, file ? isLinkMode(file.mode) : false));
    });
  }, TranslateProto);

  const modifier = scope.own<'OstreeRepoCommitModifier'>(newModifier(skipXattrs, filter, null, null), 'modifier', unrefModifier);
  setXattrCallback(modifier, xattrs, null, null);
  const tree = new Handle<'OstreeMutableTree'>(newTree(), 'OstreeMutableTree');
  try {
    using archive = openPayload(pkg.path);
    const options = {
      hole: bit.autocreateParents | bit.callbackWithEntryPathname,
      unused_uint: [0, 0, 0, 0, 0, 0, 0, 0],
      translate_pathname: translate,
      translate_pathname_user_data: null,
      unused_ptrs: [null, null, null, null, null, null],
    };
    importArchive(repo.pointer, options, archive.pointer, tree.pointer, modifier, null);
    if (failure) throw failure;
    return tree;
  } catch (error) {
    tree[Symbol.dispose]();
    if (error instanceof PayloadError)
      throw new TreelineError(
        /truncated|corrupt|damaged|checksum|invalid/i.test(error.message) ? 'package.corrupt' : 'package.unsupported',
        { subject, detail: error.message },
      );
    if (error instanceof TreelineError) throw new TreelineError(error.code, { subject, ...error.report }, { cause: error });
    throw error;
  }
}
