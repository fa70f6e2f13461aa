// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import koffi from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';
import type {
  Attributes,
  FileObject,
  FileSink,
  ImageSink,
  ImageSource,
  Labels,
  NewFile,
  NewObject,
} from '../../engine/base/ports/container.ts';
import type { TreeRoot } from '../../engine/base/ports/compose-store.ts';
import type { Dirtree } from '../../engine/base/ports/gvariant-types.ts';
import type { RepoPort } from '../../engine/base/ports/sysroot.ts';
import { bind, bindChecked, Handle, newVariant, PointerOut, Ptr, Scope, variantBytes, variantUnref, type Pointer } from '../core/index.ts';
import { decodeVariant, Variant, type VariantValue } from '../core/gvariant-format.ts';
import { tryLockFile } from '../linux/lock.ts';
import { checkoutSubpath } from './checkout.ts';
import { ostreeError } from './errors.ts';
import { pull } from './pull.ts';
import { reachableObjects } from './reachable.ts';
import { objectTypes, Repo } from './repo.ts';
import { labelsOf } from './selinux-labels.ts';
import { Transaction, writeCommitObject } from './write.ts';

const loadFile = bindChecked('ostree', 'ostree_repo_load_file', 'int', [Ptr, 'str', PointerOut, PointerOut, PointerOut, Ptr], ostreeError);
const loadVariant = bindChecked('ostree', 'ostree_repo_load_variant', 'int', [Ptr, 'int', 'str', PointerOut], ostreeError);
const readDetached = bindChecked('ostree', 'ostree_repo_read_commit_detached_metadata', 'int', [Ptr, 'str', PointerOut, Ptr], ostreeError);
const writeDetached = bindChecked('ostree', 'ostree_repo_write_commit_detached_metadata', 'int', [Ptr, 'str', Ptr, Ptr], ostreeError);
const writeMetadata = bindChecked('ostree', 'ostree_repo_write_metadata', 'int', [Ptr, 'int', 'str', Ptr, PointerOut, Ptr], ostreeError);
const writeSymlink = bindChecked('ostree', 'ostree_repo_write_symlink', Ptr, [Ptr, 'str', 'uint', 'uint', Ptr, 'str', Ptr], ostreeError);
const writeRegfile = bindChecked(
  'ostree',
  'ostree_repo_write_regfile',
  Ptr,
  [Ptr, 'str', 'uint', 'uint', 'uint', 'uint64', Ptr],
  ostreeError,
);
const finishWriter = bindChecked('ostree', 'ostree_content_writer_finish', Ptr, [Ptr, Ptr], ostreeError);
const writeAll = bindChecked(
  'gio',
  'g_output_stream_write_all',
  'int',
  [Ptr, Ptr, 'size_t', koffi.out(koffi.pointer('size_t')), Ptr],
  ostreeError,
);
const readSome = bindChecked(
  'gio',
  'g_input_stream_read_all',
  'int',
  [Ptr, Ptr, 'size_t', koffi.out(koffi.pointer('size_t')), Ptr],
  ostreeError,
);
const getUint32 = bind('gio', 'g_file_info_get_attribute_uint32', 'uint32', [Ptr, 'str']);
const getSize = bind('gio', 'g_file_info_get_size', 'int64', [Ptr]);
const getLinkTarget = bind('gio', 'g_file_info_get_symlink_target', 'str', [Ptr]);
const freeMemory = bind('glib', 'g_free', 'void', [Ptr]);

const linkType = 0o120000;
const fileType = 0o100000;
const directoryType = 0o040000;
const xattrsType = 'a(ayay)';
const pieceBytes = 1 << 20;

class OstreeImageSource implements ImageSource {
  readonly repo: Repo;

  constructor(location: string) {
    this.repo = Repo.open(path.resolve(location));
  }

  [Symbol.dispose](): void {
    this.repo[Symbol.dispose]();
  }

  metadataBytes(type: 'commit' | 'dirtree' | 'dirmeta', checksum: string): Buffer {
    const out: [unknown] = [null];
    loadVariant(this.repo.pointer, objectTypes[type], checksum, out);
    using variant = new Handle<'GVariant'>(out[0], type, variantUnref);
    return variantBytes(variant.pointer);
  }

  detachedBytes(checksum: string): Buffer | undefined {
    const out: [unknown] = [null];
    readDetached(this.repo.pointer, checksum, out, null);
    if (!out[0]) return undefined;
    using variant = new Handle<'GVariant'>(out[0], 'detached metadata', variantUnref);
    return variantBytes(variant.pointer);
  }

  extract(checksum: string, subpath: string, target: string): boolean {
    mkdirSync(target, { recursive: true });
    return checkoutSubpath(this.repo, checksum, subpath, target);
  }

  file(checksum: string): FileObject {
    return fileObject(this.repo, checksum);
  }
}

function fileObject(repo: Repo, checksum: string): FileObject {
  using scope = new Scope();
  const [input, info, xattrs] = loadFileObject(repo, checksum, scope);
  const number = (name: string): number => getUint32(info, `unix::${name}`) as number;
  const mode = number('mode');
  const isLink = (mode & 0o170000) === linkType;
  return {
    isLink,
    mode: mode & 0o7777,
    uid: number('uid'),
    gid: number('gid'),
    sizeBytes: isLink || !input ? 0 : Number(getSize(info)),
    linkTarget: isLink ? (getLinkTarget(info) as string) : '',
    xattrs,
    content: () => fileContent(repo, checksum),
  };
}

function loadFileObject(repo: Repo, checksum: string, scope: Scope): [input: Pointer | undefined, info: Pointer, xattrs: Buffer] {
  const [input, info, attributes]: [[unknown], [unknown], [unknown]] = [[null], [null], [null]];
  loadFile(repo.pointer, checksum, input, info, attributes, null);
  const stream = input[0] ? scope.own<'GInputStream'>(input[0], 'GInputStream') : undefined;
  const fileInfo = scope.own<'GFileInfo'>(info[0], 'GFileInfo');
  const xattrs = attributes[0] ? variantBytes(scope.own(attributes[0], 'extended attributes', variantUnref)) : Buffer.alloc(0);
  return [stream, fileInfo, xattrs];
}

function* fileContent(repo: Repo, checksum: string): Generator<Buffer> {
  using scope = new Scope();
  const [input] = loadFileObject(repo, checksum, scope);
  if (!input) return;
  for (;;) {
    const buffer = Buffer.alloc(pieceBytes);
    const length: [number | bigint] = [0];
    readSome(input, buffer, buffer.length, length, null);
    const read = Number(length[0]);
    if (read > 0) yield buffer.subarray(0, read);
    if (read < buffer.length) return;
  }
}

export const openImageSource = (location: string): ImageSource => new OstreeImageSource(location);

/**
 * libostree writes file objects piece by piece into repositories of plain files only: for an archive, one of those is made in its tmp, which sees
 * what the archive has, and is gone afterwards.
 */
class OstreeImageSink implements ImageSink {
  readonly #target: Repo;
  readonly #beside: Beside | undefined;
  readonly #repo: Repo;
  readonly #transaction: Transaction;

  constructor(location: string) {
    this.#target = Repo.open(path.resolve(location));
    this.#target.requireWritable();
    this.#beside = this.#target.mode === 'archive' ? makeBeside(this.#target.path) : undefined;
    this.#repo = this.#beside === undefined ? this.#target : Repo.open(this.#beside.path);
    this.#transaction = new Transaction(this.#repo);
  }

  [Symbol.dispose](): void {
    this.#transaction[Symbol.dispose]();
    if (this.#beside !== undefined) {
      this.#repo[Symbol.dispose]();
      this.#beside[Symbol.dispose]();
    }
    this.#target[Symbol.dispose]();
  }

  get repo(): RepoPort {
    return this.#target;
  }

  has(type: 'file' | 'dirtree' | 'dirmeta' | 'commit', checksum: string): boolean {
    return this.#repo.hasObject(type, checksum);
  }

  writeMetadata(type: 'commit' | 'dirtree' | 'dirmeta', checksum: string, bytes: Buffer): void {
    const types = { commit: '(a{sv}aya(say)sstayay)', dirtree: '(a(say)a(sayay))', dirmeta: '(uuua(ayay))' } as const;
    using variant = newVariant(types[type], decodeVariant(types[type], bytes));
    const out: [unknown] = [null];
    writeMetadata(this.#repo.pointer, objectTypes[type], checksum, variant.pointer, out, null);
    if (out[0]) freeMemory(out[0]);
  }

  writeDetached(checksum: string, bytes: Buffer): void {
    using variant = newVariant('a{sv}', decodeVariant('a{sv}', bytes));
    writeDetached(this.#repo.pointer, checksum, variant.pointer, null);
  }

  writeLink(checksum: string, { uid, gid, linkTarget, xattrs }: Pick<FileObject, 'uid' | 'gid' | 'linkTarget' | 'xattrs'>): void {
    using attributes = newVariant(xattrsType, decodeVariant(xattrsType, xattrs));
    const sum = writeSymlink(this.#repo.pointer, checksum, uid, gid, attributes.pointer, linkTarget, null);
    if (sum) freeMemory(sum);
  }

  openFile(checksum: string, object: Pick<FileObject, 'uid' | 'gid' | 'mode' | 'sizeBytes' | 'xattrs'>): FileSink {
    using attributes = newVariant(xattrsType, decodeVariant(xattrsType, object.xattrs));
    return this.#writer(checksum, object, attributes);
  }

  newFile(object: NewObject & { readonly mode: number; readonly sizeBytes: number }): NewFile {
    using attributes = newVariant(xattrsType, sorted(object.xattrs));
    return this.#writer(null, object, attributes);
  }

  #writer(checksum: string | null, object: Pick<FileObject, 'uid' | 'gid' | 'mode' | 'sizeBytes'>, xattrs: Handle<'GVariant'>): NewFile {
    const { uid, gid, mode, sizeBytes } = object;
    const writer = new Handle<'OstreeContentWriter'>(
      writeRegfile(this.#repo.pointer, checksum, uid, gid, mode | fileType, BigInt(sizeBytes), xattrs.pointer),
      'OstreeContentWriter',
    );
    return {
      write(piece) {
        const written: [number | bigint] = [0];
        writeAll(writer.pointer, piece, piece.length, written, null);
      },
      finish: () => takenChecksum(finishWriter(writer.pointer, null)),
      [Symbol.dispose]: () => writer[Symbol.dispose](),
    };
  }

  newLink({ uid, gid, xattrs, target }: NewObject & { readonly target: string }): string {
    using attributes = newVariant(xattrsType, sorted(xattrs));
    return takenChecksum(writeSymlink(this.#repo.pointer, null, uid, gid, attributes.pointer, target, null));
  }

  newDirtree([files, directories]: Dirtree): string {
    return this.#write('dirtree', '(a(say)a(sayay))', [byName(files), byName(directories)]);
  }

  newDirmeta({ uid, gid, mode, xattrs }: NewObject & { readonly mode: number }): string {
    // numbers of metadata objects are in network order
    return this.#write('dirmeta', '(uuua(ayay))', [swap32(uid), swap32(gid), swap32(mode | directoryType), sorted(xattrs)]);
  }

  dirtree(checksum: string): Dirtree {
    return this.#repo.loadMetadata('dirtree', checksum);
  }

  dirmeta(checksum: string): NewObject & { readonly mode: number } {
    const [uid, gid, mode, xattrs] = this.#repo.loadMetadata('dirmeta', checksum);
    return { uid: swap32(uid), gid: swap32(gid), mode: swap32(mode) & 0o7777, xattrs };
  }

  file(checksum: string): FileObject {
    return fileObject(this.#repo, checksum);
  }

  attributesOf({ xattrs }: FileObject): Attributes {
    return xattrs.length === 0 ? [] : (decodeVariant(xattrsType, xattrs) as unknown as Attributes);
  }

  root(commit: string): TreeRoot {
    const { rootDirtree, rootDirmeta } = this.#repo.loadCommit(commit);
    return { dirtree: rootDirtree, dirmeta: rootDirmeta };
  }

  newCommit(root: TreeRoot, metadata: ReadonlyMap<string, unknown>, timeSeconds: number): string {
    return writeCommitObject(this.#repo, { parent: '', subject: '', metadata, root, timeSeconds });
  }

  labels(commit: string): Labels | undefined {
    return labelsOf(this.#repo, commit);
  }

  writeObjectSet(files: Iterable<string>): string {
    const dirtree = this.newDirtree([[...files].map((name) => [name, Buffer.from(name, 'hex')] as const), []]);
    const dirmeta = this.newDirmeta({ uid: 0, gid: 0, mode: 0o755, xattrs: [] });
    return this.newCommit({ dirtree, dirmeta }, new Map(), 0);
  }

  variant(type: string, value: VariantValue): Variant {
    return new Variant(type, value);
  }

  #write(type: 'dirtree' | 'dirmeta', format: string, value: unknown): string {
    using variant = newVariant(format, value);
    const out: [unknown] = [null];
    writeMetadata(this.#repo.pointer, objectTypes[type], null, variant.pointer, out, null);
    const checksum = Buffer.from(koffi.decode(out[0] as bigint, koffi.array('uint8', checksumBytes)) as Uint8Array).toString('hex');
    freeMemory(out[0] as Pointer);
    return checksum;
  }

  finish(commits: readonly string[], refs: ReadonlyMap<string, string | undefined>): void {
    for (const commit of commits) this.#demandWhole(commit);
    const set = new Map([...refs].map(([ref, commit]) => [ref, commit ?? null] as const));
    if (this.#beside === undefined) for (const [ref, commit] of set) this.#transaction.setRef(ref, commit);
    this.#transaction.commit();
    if (this.#beside === undefined) return;
    pull(this.#target, { source: pathToFileURL(this.#beside.path).href, refs: commits, local: true });
    for (const [ref, commit] of set) this.#target.setRef(ref, commit);
  }

  #demandWhole(commit: string): void {
    // throws when a directory object is missing
    const missing = [...reachableObjects(this.#repo, commit)].find((name) => {
      const [sum = '', type = ''] = name.split('.');
      return !this.#repo.hasObject(type as 'file', sum);
    });
    if (missing !== undefined) throw new TreelineError('repo.corrupt', { subject: 'The image', detail: `it lacks object ${missing}` });
  }
}

const checksumBytes = 32;

function takenChecksum(text: unknown): string {
  const checksum = koffi.decode(text, 'char', 2 * checksumBytes) as string;
  freeMemory(text as Pointer);
  return checksum;
}

/** libostree compares names by bytes. */
const byName = <T extends readonly [name: string, ...rest: unknown[]]>(entries: readonly T[]): T[] =>
  [...entries].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
const sorted = (xattrs: Attributes): Attributes => [...xattrs].sort(([a], [b]) => Buffer.compare(a, b));

/** A 32-bit number with its bytes the other way round. */
function swap32(value: number): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.readUInt32LE();
}

interface Beside extends Disposable {
  readonly path: string;
}

/**
 * A repository beside another one, gone afterwards; those of processes that died are removed, too. Locks tell which: process numbers are the same again in other
 * namespaces, and after a restart.
 */
function makeBeside(repo: string): Beside {
  const tmp = path.join(repo, 'tmp');
  for (const name of readdirSync(tmp)) if (/^image-[0-9a-f]+$/.test(name)) takeBeside(path.join(tmp, name))?.[Symbol.dispose]();
  const directory = path.join(tmp, `image-${randomBytes(8).toString('hex')}`);
  const beside = takeBeside(directory);
  if (!beside) throw new RangeError(`${directory} is taken`);
  mkdirSync(directory);
  Repo.create(directory, 'bare-user')[Symbol.dispose]();
  writeFileSync(path.join(directory, 'config'), `[core]\nrepo_version=1\nmode=bare-user\nfsync=false\nparent=${repo}\n`);
  return beside;
}

/** undefined: another process works on it. */
function takeBeside(directory: string): Beside | undefined {
  const lock = tryLockFile(`${directory}.lock`, 'image');
  if ('holder' in lock) return undefined;
  return {
    path: directory,
    [Symbol.dispose]: () => {
      rmSync(directory, { recursive: true, force: true });
      rmSync(`${directory}.lock`, { force: true });
      lock[Symbol.dispose]();
    },
  };
}

export const openImageSink = (location: string): ImageSink => new OstreeImageSink(location);
