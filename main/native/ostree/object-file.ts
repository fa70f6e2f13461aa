// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import type { ObjectReader, RepoFile } from '../../engine/base/ports/review.ts';
import { bind, bindChecked, PointerOut, Ptr, Scope, variantUnref } from '../core/index.ts';
import { ostreeError, withSubject } from './errors.ts';
import { objectTypes, type ObjectType, type Repo } from './repo.ts';

const loadFile = bindChecked('ostree', 'ostree_repo_load_file', 'int', [Ptr, 'str', PointerOut, PointerOut, PointerOut, Ptr], ostreeError);
const fsckObject = bindChecked('ostree', 'ostree_repo_fsck_object', 'int', [Ptr, 'int', 'str', Ptr], ostreeError);
const getUint32 = bind('gio', 'g_file_info_get_attribute_uint32', 'uint32', [Ptr, 'str']);
const getSize = bind('gio', 'g_file_info_get_size', 'int64', [Ptr]);
const getLinkTarget = bind('gio', 'g_file_info_get_symlink_target', 'str', [Ptr]);
const readAll = bindChecked(
  'gio',
  'g_input_stream_read_all',
  'int',
  [Ptr, Ptr, 'size_t', koffi.out(koffi.pointer('size_t')), Ptr],
  ostreeError,
);

const typeMask = 0o170000;
const linkType = 0o120000;

/** Attributes of a file object (ostree_repo_load_file), and its content up to a size. Throws `repo.not-found`. */
export function readObjectFile(repo: Repo, checksum: string, contentUpToBytes: number): RepoFile {
  using scope = new Scope();
  const input: [unknown] = [null];
  const info: [unknown] = [null];
  const attributes: [unknown] = [null];
  withSubject({ facts: { repo: repo.path } }, () => loadFile(repo.pointer, checksum, input, info, attributes, null));
  if (attributes[0]) scope.own(attributes[0], 'extended attributes', variantUnref);
  const stream = input[0] ? scope.own<'GInputStream'>(input[0], 'GInputStream') : undefined;
  const fileInfo = scope.own<'GFileInfo'>(info[0], 'GFileInfo');
  const number = (name: string): number => getUint32(fileInfo, `unix::${name}`) as number;
  const mode = number('mode');
  const isLink = (mode & typeMask) === linkType;
  const sizeBytes = isLink ? 0 : Number(getSize(fileInfo));
  return {
    type: isLink ? 'symlink' : 'file',
    mode: mode & 0o7777,
    uid: number('uid'),
    gid: number('gid'),
    sizeBytes,
    linkTarget: isLink ? (getLinkTarget(fileInfo) as string) : '',
    ...(stream && contentUpToBytes > 0 && sizeBytes <= contentUpToBytes ? { content: contentOf(stream, sizeBytes) } : {}),
  };
}

function contentOf(stream: bigint, sizeBytes: number): Buffer {
  const buffer = Buffer.alloc(Math.max(1, sizeBytes));
  const length: [number | bigint] = [0];
  readAll(stream, buffer, sizeBytes, length, null);
  return buffer.subarray(0, Number(length[0]));
}

/** ostree_repo_fsck_object: throws `repo.corrupt` when the object's content doesn't fit its name. */
export function verifyObject(repo: Repo, type: ObjectType, checksum: string): void {
  withSubject({ facts: { repo: repo.path } }, () => fsckObject(repo.pointer, objectTypes[type], checksum, null));
}

/** See ObjectReader; `repo` must be a Repo of this folder. */
export const objectReader: ObjectReader = {
  file: (repo, checksum, contentUpToBytes) => readObjectFile(repo as Repo, checksum, contentUpToBytes),
  verify: (repo, type, checksum) => verifyObject(repo as Repo, type, checksum),
};
