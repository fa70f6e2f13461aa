// SPDX-License-Identifier: LGPL-2.1-or-later
import koffi from 'koffi';
import type { FetchedSummary, SummaryRef } from '../../engine/base/ports/fetch.ts';
import { knownSeconds } from '../../../shared/domain/index.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { bind, bindChecked, Handle, PointerOut, Ptr, Variant, type VariantValue } from '../core/index.ts';
import { decodeVariant, encodeVariant } from '../core/gvariant-format.ts';
import { ostreeError, withSubject } from './errors.ts';
import type { Repo } from './repo.ts';

const fetchRaw = bindChecked('ostree', 'ostree_repo_remote_fetch_summary', 'int', [Ptr, 'str', PointerOut, PointerOut, Ptr], ostreeError);
const bytesData = bind('glib', 'g_bytes_get_data', Ptr, [Ptr, koffi.out(koffi.pointer('size_t'))]);
const bytesUnref = bind('glib', 'g_bytes_unref', 'void', [Ptr]);

/** OSTREE_SUMMARY_GVARIANT_FORMAT of ostree-core.h. */
export const summaryType = '(a(s(taya{sv}))a{sv})';

/** What a summary may hold at most: hostile ones don't fill the memory. */
const maxSummaryBytes = 64 << 20;

function takeBytes(pointer: unknown): Buffer | undefined {
  if (!pointer) return undefined;
  using handle = new Handle<'GBytes'>(pointer, 'GBytes', bytesUnref);
  const size: [number | bigint] = [0];
  const data = bytesData(handle.pointer, size);
  const length = Number(size[0]);
  if (length === 0 || !data) return Buffer.alloc(0);
  if (length > maxSummaryBytes) throw new TreelineError('repo.garbage', { subject: 'The summary', detail: `it has ${length} bytes` });
  return Buffer.from(koffi.decode(data as bigint, koffi.array('uint8_t', length, 'Typed')) as Uint8Array);
}

/** Fetch the list of branches of a remote. Throws `repo.not-found` when it has none, `repo.garbage` for one that makes no sense. */
export function fetchSummary(repo: Repo, remote: string): FetchedSummary {
  const summary: [unknown] = [null];
  const signatures: [unknown] = [null];
  withSubject({ facts: { repo: remote } }, () => fetchRaw(repo.pointer, remote, summary, signatures, null));
  const bytes = takeBytes(summary[0]);
  const signed = takeBytes(signatures[0]);
  if (!bytes) throw new TreelineError('repo.not-found', { subject: `The list of branches of ${remote}`, detail: 'it has no summary file' });
  const of = (key: string): string[] => (signed ? signatureList(signed, key).map((s) => s.toString('base64')) : []);
  return {
    bytes: bytes.toString('base64'),
    gpgSignatures: of('ostree.gpgsigs'),
    ed25519Signatures: of('ostree.sign.ed25519'),
  };
}

function signatureList(bytes: Buffer, key: string): Buffer[] {
  try {
    const value = (decodeVariant('a{sv}', bytes) as Map<string, VariantValue>).get(key);
    return value instanceof Variant && value.type === 'aay' ? (value.value as Buffer[]) : [];
  } catch {
    return [];
  }
}

type Row = readonly [ref: string, [size: bigint, checksum: Buffer, metadata: Map<string, VariantValue>]];

/** The branches in a summary file; rows that can't be branches are left out. Throws `repo.garbage`. */
export function parseSummary(summary: Uint8Array, remote: string): SummaryRef[] {
  const bytes = Buffer.from(summary);
  let rows: readonly Row[];
  try {
    const whole = decodeVariant(summaryType, bytes);
    [rows] = whole as unknown as [readonly Row[], unknown];
    // GVariant reads anything, as default values where it makes no sense
    if (!encodeVariant(summaryType, whole).equals(bytes)) throw new Error('not in normal form');
  } catch (error) {
    throw new TreelineError('repo.garbage', { subject: `The summary of ${remote}`, detail: (error as Error).message }, { cause: error });
  }
  return rows.flatMap(([ref, [, checksum, metadata]]) => {
    if (checksum.length !== 32 || !/^[\p{L}\p{N}_][-._\p{L}\p{N}]*(\/[\p{L}\p{N}_][-._\p{L}\p{N}]*)*$/u.test(ref)) return [];
    const text = metadata.get('ostree.commit.version') ?? metadata.get('version');
    const time = metadata.get('ostree.commit.timestamp');
    return [
      {
        ref,
        checksum: checksum.toString('hex'),
        version: text instanceof Variant && text.type === 's' ? (text.value as string) : '',
        timestamp: time instanceof Variant && time.type === 't' ? bigEndian(time.value as bigint) : 0,
      },
    ];
  });
}

/** ostree stores times big-endian. */
function bigEndian(value: bigint): number {
  const swapped = Buffer.alloc(8);
  swapped.writeBigUInt64LE(value);
  return knownSeconds(swapped.readBigUInt64BE());
}
