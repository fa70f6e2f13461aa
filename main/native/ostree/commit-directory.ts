// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { TreeRoot } from '../../engine/base/ports/compose-store.ts';
import type { CommitDirectory, ReadAttributes } from '../../engine/base/ports/container.ts';
import { bindChecked, free, newVariant, PointerOut, Ptr, type Pointer } from '../core/index.ts';
import { decodeVariant } from '../core/gvariant-format.ts';
import { ostreeError } from './errors.ts';
import { signCommitObject } from './publish.ts';
import { objectTypes, Repo } from './repo.ts';
import { sepolicyOf, Transaction, writeCommitObject, writeDirectory } from './write.ts';

const writeMetadata = bindChecked('ostree', 'ostree_repo_write_metadata', 'int', [Ptr, 'int', 'str', Ptr, PointerOut, Ptr], ostreeError);

type Directory = readonly [name: string, dirtree: Buffer, dirmeta: Buffer];
type Dirtree = readonly [files: readonly (readonly [string, Buffer])[], directories: readonly Directory[]];

const dirtreeOf = (repo: Repo, checksum: Buffer): Dirtree => repo.loadMetadata('dirtree', checksum.toString('hex'));
const named = ([, directories]: Dirtree, name: string): Directory | undefined => directories.find(([each]) => each === name);

/** A directory object with one of its directories replaced, added or (undefined) removed. Returns its checksum. */
function withDirectory(repo: Repo, [files, directories]: Dirtree, name: string, entry: Directory | undefined): Buffer {
  const others = directories.filter(([each]) => each !== name);
  // OSTree sorts by bytes
  const sorted = [...others, ...(entry ? [entry] : [])].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  using variant = newVariant('(a(say)a(sayay))', [files, sorted]);
  const out: [unknown] = [null];
  writeMetadata(repo.pointer, objectTypes.dirtree, null, variant.pointer, out, null);
  const checksum = Buffer.from(koffi.decode(out[0] as bigint, koffi.array('uint8', 32)) as Uint8Array);
  free(out[0] as Pointer);
  return checksum;
}

/** In a commit, configuration is in usr/etc. Throws container.two-etcs when there is some in both places. */
function etcBelowUsr(repo: Repo, { dirtree, dirmeta }: TreeRoot, directory: string): TreeRoot {
  const root = dirtreeOf(repo, Buffer.from(dirtree, 'hex'));
  const [etc, usr] = [named(root, 'etc'), named(root, 'usr')];
  if (!etc || !usr) return { dirtree, dirmeta };
  const inUsr = dirtreeOf(repo, usr[1]);
  const other = named(inUsr, 'etc');
  const isEmpty = (entry: Directory): boolean => dirtreeOf(repo, entry[1]).every((list) => list.length === 0);
  if (other && !isEmpty(other) && !isEmpty(etc)) throw new TreelineError('container.two-etcs', { subject: directory });
  const kept = other && isEmpty(etc) ? other : etc;
  const newUsr = withDirectory(repo, inUsr, 'etc', ['etc', kept[1], kept[2]]);
  const withUsr = dirtreeOf(repo, withDirectory(repo, root, 'usr', ['usr', newUsr, usr[2]]));
  return { dirtree: withDirectory(repo, withUsr, 'etc', undefined).toString('hex'), dirmeta };
}

export const commitDirectory: CommitDirectory = (location, { directory, consume, wanted, subject, metadata, timeSeconds, signing }) => {
  using repo = Repo.create(location, 'bare');
  repo.disableFsync(true);
  using transaction = new Transaction(repo);
  const labelled = sepolicyOf(directory) !== undefined;
  const written = writeDirectory(repo, directory, {
    wanted,
    consume,
    ...(labelled ? { sepolicyRoot: directory, mayLackLabels: true } : {}),
  });
  const root = etcBelowUsr(repo, written, directory);
  const checksum = writeCommitObject(repo, { parent: '', subject, metadata, root, timeSeconds });
  signCommitObject(repo, checksum, signing);
  transaction.commit();
  return checksum;
};

export const readAttributes: ReadAttributes = (bytes) =>
  (decodeVariant('a(ayay)', bytes) as unknown as readonly (readonly [Buffer, Buffer])[]).map(([name, value]) => [
    name.toString('utf8').replace(/\0$/, ''),
    value,
  ]);
