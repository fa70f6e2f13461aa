// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import koffi from 'koffi';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { DeltaName } from '../../engine/base/ports/publish.ts';
import { bind, bindChecked, PointerOut, Ptr, newVariant, type VariantValue } from '../core/index.ts';
import { decodeVariant } from '../core/gvariant-format.ts';
import { ostreeError, withSubject } from './errors.ts';
import type { Repo } from './repo.ts';

const generate = bindChecked('ostree', 'ostree_repo_static_delta_generate', 'int', [Ptr, 'int', 'str', 'str', Ptr, Ptr, Ptr], ostreeError);
const listNames = bindChecked('ostree', 'ostree_repo_list_static_delta_names', 'int', [Ptr, PointerOut, Ptr], ostreeError);
const reindex = bindChecked('ostree', 'ostree_repo_static_delta_reindex', 'int', [Ptr, 'int', 'str', Ptr], ostreeError);
const unrefArray = bind('glib', 'g_ptr_array_unref', 'void', [Ptr]);
const PtrArray = koffi.struct('TreelinePtrArray', { pdata: 'void *', len: 'uint' });

/** OSTREE_STATIC_DELTA_GENERATE_OPT_MAJOR of ostree-repo.h: small rather than quick. */
const major = 1;

/** The static deltas in a repository, sorted. */
export function listDeltas(repo: Repo): DeltaName[] {
  const out: [unknown] = [null];
  listNames(repo.pointer, out, null);
  const { pdata, len } = koffi.decode(out[0], PtrArray) as { pdata: bigint; len: number };
  const names = len > 0 ? (koffi.decode(pdata, koffi.array('str', len)) as string[]) : [];
  unrefArray(out[0] as bigint);
  return [...names].sort().map((name) => {
    const [from = '', to] = name.split('-');
    return to === undefined ? { from: '', to: from } : { from, to };
  });
}

/** Write a delta into the repository's own `deltas` directory (ostree-static-delta(1)), and into the index of its target. */
export function generateRepoDelta(repo: Repo, from: string | undefined, to: string): void {
  using options = newVariant('a{sv}', []);
  withSubject({ facts: { repo: repo.path } }, () => generate(repo.pointer, major, from ?? null, to, null, options.pointer, null));
  reindex(repo.pointer, 0, to, null);
}

/** Bring the indexes into line with the deltas that are there. */
export function reindexDeltas(repo: Repo): void {
  reindex(repo.pointer, 0, null, null);
}

/** ostree-repo-static-delta-private.h: OSTREE_STATIC_DELTA_SUPERBLOCK_FORMAT. */
const superblockType = '(a{sv}tayay(a{sv}aya(say)sstayay)aya(uayttay)a(yaytt))';

type Superblock = readonly [
  metadata: Map<string, VariantValue>,
  time: bigint,
  from: Buffer,
  to: Buffer,
  commit: VariantValue,
  dependencies: Buffer,
  parts: readonly (readonly [version: number, checksum: Buffer, size: bigint, unpackedSize: bigint, objects: Buffer])[],
];

const readSuperblock = (bytes: Uint8Array): Superblock => decodeVariant(superblockType, Buffer.from(bytes)) as unknown as Superblock;

/** Names of the files beside a superblock; parts inside it have none. Throws repo.garbage. */
export function deltaParts(superblock: Uint8Array): string[] {
  try {
    const [metadata, , , , , , parts] = readSuperblock(superblock);
    return parts.map((_, i) => String(i)).filter((name) => !metadata.has(name));
  } catch (error) {
    throw new TreelineError('repo.garbage', { subject: 'A static delta', detail: (error as Error).message }, { cause: error });
  }
}

/** What is wrong with a delta's files: a superblock of other commits, parts that are missing or damaged. */
export function checkDelta(directory: string, { from, to }: DeltaName): string | undefined {
  try {
    const [metadata, , fromBytes, toBytes, , , parts] = readSuperblock(readFileSync(path.join(directory, 'superblock')));
    if (fromBytes.toString('hex') !== from || toBytes.toString('hex') !== to) return 'its superblock is of other commits';
    for (const [i, [, checksum]] of parts.entries()) {
      if (metadata.has(String(i))) continue;
      const part = path.join(directory, String(i));
      if (!existsSync(part)) return `part ${i} is missing`;
      if (createHash('sha256').update(readFileSync(part)).digest('hex') !== checksum.toString('hex')) return `part ${i} is damaged`;
    }
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
