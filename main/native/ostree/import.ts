// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import koffi from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';
import { fileType, isDeviceMode, isDirectoryMode, isLinkMode, treePath } from '../../engine/base/tree/tree-path.ts';
import type { TreeRoot } from '../../engine/base/ports/compose-store.ts';
import { rpmFileFlag, type RpmFile, type RpmPackage } from '../../engine/base/ports/rpm.ts';
import { CpioError, CpioReader, type CpioEntry } from '../archive/cpio.ts';
import { PayloadError, UnpackedFile } from '../archive/reader.ts';
import { bindChecked, free, newVariant, Ptr, Scope, type GErrorMapper, type Pointer } from '../core/index.ts';
import { fileCapability } from '../linux/capabilities.ts';
import { PayloadFiles } from '../rpm/payload-files.ts';
import { PackageTree } from './package-tree.ts';
import type { Repo } from './repo.ts';

const notKept: GErrorMapper = (error) =>
  /setxattr.*not (permitted|supported)/i.test(error.message)
    ? // security.ima wants the machine's root and a file system with such attributes
      new TreelineError('not-supported', { subject: 'Keeping file signatures or capabilities here', detail: error.message })
    : new TreelineError(/No space left on device|min-free-space/.test(error.message) ? 'disk.full' : 'package.corrupt', {
        detail: error.message,
      });

const writeWhole = bindChecked(
  'ostree',
  'ostree_repo_write_regfile_inline',
  Ptr,
  [Ptr, 'str', 'uint32', 'uint32', 'uint32', Ptr, Ptr, 'size_t', Ptr],
  notKept,
);
const openWriter = bindChecked(
  'ostree',
  'ostree_repo_write_regfile',
  Ptr,
  [Ptr, 'str', 'uint32', 'uint32', 'uint32', 'uint64', Ptr],
  notKept,
);
const finishWriter = bindChecked('ostree', 'ostree_content_writer_finish', Ptr, [Ptr, Ptr], notKept);
const writeAll = bindChecked('gio', 'g_output_stream_write_all', 'int', [Ptr, Ptr, 'size_t', Ptr, Ptr], notKept);
const writeLink = bindChecked('ostree', 'ostree_repo_write_symlink', Ptr, [Ptr, 'str', 'uint32', 'uint32', Ptr, 'str', Ptr], notKept);

/** A checksum that the caller owns. */
function takeChecksum(pointer: unknown): string {
  const checksum = koffi.decode(pointer, 'char', 64) as string;
  free(pointer as Pointer);
  return checksum;
}

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
 * Import a package's payload into `repo`, within its transaction: each entry is compared with the header before libostree gets it, and names, modes,
 * targets and capabilities are the header's. Every owner is root until assembly, where users of the tree are known. Device nodes are left out: OSTree
 * has none. Throws package.payload-mismatch, package.corrupt or package.unsupported naming the package.
 */
export function importPayload(repo: Repo, pkg: RpmPackage, ima: boolean): TreeRoot {
  const subject = path.basename(pkg.path);
  if (pkg.payload.stripped)
    throw new TreelineError('package.unsupported', {
      subject,
      detail: 'its payload is in rpm’s format for large files (07070X), which isn’t taken',
    });
  const strange: readonly number[] = [fileType.fifo, fileType.socket];
  const special = pkg.files.find((f) => strange.includes(f.mode & fileType.mask));
  if (special) throw new TreelineError('package.unsupported', { subject, detail: `${special.path} is a fifo or socket` });
  const files = new PayloadFiles(pkg);
  try {
    using unpacked = new UnpackedFile(pkg.path, pkg.payload.offsetBytes, pkg.payload.compressor);
    const reader = new CpioReader((into) => unpacked.read(into));
    const checksums = new PayloadImport(repo, pkg, files, ima).run(reader);
    return treeOf(pkg, subject, checksums).write(repo);
  } catch (error) {
    if (error instanceof PayloadError)
      throw new TreelineError(error.isDamage ? 'package.corrupt' : 'package.unsupported', { subject, detail: error.message });
    if (error instanceof CpioError) throw new TreelineError('package.corrupt', { subject, detail: `its payload: ${error.message}` });
    if (error instanceof TreelineError) throw new TreelineError(error.code, { subject, ...error.report }, { cause: error });
    throw error;
  }
}

function treeOf(pkg: RpmPackage, subject: string, checksums: ReadonlyMap<RpmFile, string>): PackageTree {
  const tree = new PackageTree(subject);
  for (const file of pkg.files) {
    if (file.flags & rpmFileFlag.ghost || isDeviceMode(file.mode)) continue;
    const place = treePath(file.path, isLinkMode(file.mode));
    if (isDirectoryMode(file.mode)) tree.addDirectory(place, file.mode);
    else tree.addFile(place, checksums.get(file) ?? '');
  }
  return tree;
}

/** The objects that a package's files become. */
class PayloadImport {
  readonly #repo: Repo;
  readonly #pkg: RpmPackage;
  readonly #files: PayloadFiles;
  readonly #ima: boolean;
  readonly #checksums = new Map<RpmFile, string>();
  /** Hard links by their first file's index. */
  readonly #groups = new Map<number, RpmFile[]>();

  constructor(repo: Repo, pkg: RpmPackage, files: PayloadFiles, ima: boolean) {
    this.#repo = repo;
    this.#pkg = pkg;
    this.#files = files;
    this.#ima = ima;
    for (const file of pkg.files) if (file.nlink > 1) this.#groups.set(file.linkGroup, [...(this.#groups.get(file.linkGroup) ?? []), file]);
  }

  run(reader: CpioReader): ReadonlyMap<RpmFile, string> {
    for (let entry = reader.next(); entry; entry = reader.next()) this.#take(entry, reader);
    this.#files.checkComplete();
    return this.#checksums;
  }

  #take(entry: CpioEntry, reader: CpioReader): void {
    const file = this.#files.fileOf(entry);
    if (isLinkMode(file.mode)) {
      this.#files.checkTarget(file, reader.content() ?? Buffer.alloc(0));
      this.#checksums.set(file, takeChecksum(writeLink(this.#repo.pointer, null, 0, 0, null, file.linkTarget, null)));
    } else if ((file.mode & fileType.mask) === fileType.regular) {
      // of hard links, one brings the content for all
      if (entry.sizeBytes === 0 && file.sizeBytes > 0) return;
      this.#regular(file, entry.sizeBytes, reader);
    }
  }

  #regular(file: RpmFile, sizeBytes: number, reader: CpioReader): void {
    using scope = new Scope();
    const kinds = this.#kindsOf(file, scope);
    const hash = this.#files.newHash();
    const first = reader.content() ?? Buffer.alloc(0);
    hash.update(first);
    if (first.length === sizeBytes) {
      this.#files.checkContent(file, hash);
      for (const { members, mode, xattrs } of kinds) {
        const content = first.length > 0 ? first : null;
        const checksum = takeChecksum(writeWhole(this.#repo.pointer, null, 0, 0, mode, xattrs, content, first.length, null));
        for (const member of members) this.#checksums.set(member, checksum);
      }
      return;
    }
    // only what is finished becomes an object
    const writers = kinds.map(({ members, mode, xattrs }) => ({
      members,
      writer: scope.own(openWriter(this.#repo.pointer, null, 0, 0, mode, BigInt(sizeBytes), xattrs), 'OstreeContentWriter'),
    }));
    for (let piece: Buffer | undefined = first; piece; piece = reader.content()) {
      if (piece !== first) hash.update(piece);
      for (const { writer } of writers) writeAll(writer, piece, piece.length, null, null);
    }
    this.#files.checkContent(file, hash);
    for (const { members, writer } of writers) {
      const checksum = takeChecksum(finishWriter(writer, null));
      for (const member of members) this.#checksums.set(member, checksum);
    }
  }

  /** A file and its hard links by mode and attributes: what differs in these can't be one object. */
  #kindsOf(file: RpmFile, scope: Scope): { readonly members: RpmFile[]; readonly mode: number; readonly xattrs: Pointer | null }[] {
    const kinds = new Map<string, RpmFile[]>();
    for (const member of this.#groups.get(file.linkGroup) ?? [file]) {
      const kind = [member.mode, member.caps, this.#ima ? member.signature : ''].join('\n');
      kinds.set(kind, [...(kinds.get(kind) ?? []), member]);
    }
    return [...kinds.values()].map((members) => {
      const [{ mode } = file] = members;
      const xattrs = xattrsOf(this.#pkg, members[0] ?? file, this.#ima);
      return { members, mode, xattrs: xattrs.length > 0 ? this.#variant(xattrs, scope) : null };
    });
  }

  #variant(xattrs: readonly (readonly [Buffer, Buffer])[], scope: Scope): Pointer {
    const variant = newVariant('a(ayay)', xattrs);
    scope.defer(() => variant[Symbol.dispose]());
    return variant.pointer;
  }
}
