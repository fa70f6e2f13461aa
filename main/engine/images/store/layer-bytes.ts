// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { TreelineError, messageOf, systemCodeOf } from '../../../../shared/errors/index.ts';
import { verifyBlob } from '../verify-blob.ts';

/** What a layer may become: absolutely, and for each byte of it. Real ones become three to ten times as large; zeros pack a thousandfold. */
const limits = { bytes: 64 * 2 ** 30, freeBytes: 256 << 20, ratio: 200 } as const;

/** What a layer holds that isn't taken. `detail` names the entry. */
export const refusedLayer = (digest: string, detail: string): TreelineError =>
  new TreelineError('container.layer-refused', { subject: digest, detail });

/**
 * A layer's bytes, unpacked. Nothing of it is read before its digest fits, and what was read mustn't be relied on before the end, which is an error when it isn't what its
 * diff_id names. Throws repo.not-found, repo.corrupt, container.layer-refused for more than it may become, library.missing.
 */
export async function* layerBytes(file: string, digest: string, diffId: string): AsyncGenerator<Buffer, void, undefined> {
  await verifyBlob(file, digest);
  const hash = createHash('sha256');
  const limit = Math.min(limits.bytes, limits.freeBytes + limits.ratio * statSync(file).size);
  let bytes = 0;
  try {
    for await (const piece of unpacked(file)) {
      bytes += piece.length;
      if (bytes > limit) throw refusedLayer(digest, `unpacked it has more than ${limit} bytes`);
      hash.update(piece);
      yield piece;
    }
  } catch (error) {
    if (error instanceof TreelineError) throw error;
    throw new TreelineError('repo.corrupt', { subject: digest, detail: messageOf(error) }, { cause: error });
  }
  if (`sha256:${hash.digest('hex')}` !== diffId)
    throw new TreelineError('repo.corrupt', { subject: digest, detail: 'the layer’s content doesn’t fit its digest' });
}

interface Unpacker {
  readonly name: string;
  readonly args: readonly string[];
  /** Exit codes of success. */
  readonly fine: readonly number[];
}

/** 2 is gzip's warning of what follows the end: it is passed over, and whether all was there is the diff_id's to say. */
const gzip: Unpacker = { name: 'gzip', args: ['-dcq'], fine: [0, 2] };
/** Node.js has zstd since 22.15 only. The program takes at most this memory, whatever the layer asks for. */
const zstd: Unpacker = { name: 'zstd', args: ['-dcq', '--memory=128MB'], fine: [0] };

/** How it was packed its content tells: media types aren't always right. */
async function* unpacked(file: string): AsyncGenerator<Buffer, void, undefined> {
  const magic = await beginning(file);
  if (magic.readUInt16BE() === 0x1f8b) yield* through(gzip, file);
  else if (isZstd(magic.readUInt32LE())) yield* through(zstd, file);
  else yield* buffers(createReadStream(file, { highWaterMark: 1 << 18 }));
}

async function beginning(file: string): Promise<Buffer> {
  const magic = Buffer.alloc(4);
  await using handle = await open(file, 'r');
  await handle.read(magic, 0, magic.length, 0);
  return magic;
}

/** A frame, or one to be skipped: zstd:chunked has some. */
const isZstd = (magic: number): boolean => magic === 0xfd2fb528 || (magic & 0xfffffff0) >>> 0 === 0x184d2a50;

async function* through({ name, args, fine }: Unpacker, file: string): AsyncGenerator<Buffer, void, undefined> {
  const child = spawn(name, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => void child.on('close', resolve).on('error', reject));
  let told = '';
  child.stderr.on('data', (piece: Buffer) => (told = (told + piece.toString()).slice(0, 200)));
  try {
    // a program that ended early says why itself
    pipeline(createReadStream(file), child.stdin, () => undefined);
    // its failure is awaited below, whenever it comes
    ended.catch(() => undefined);
    yield* buffers(child.stdout);
    const status = await ended;
    if (status === null || !fine.includes(status)) throw new Error(`${name}: ${told.trim()}`);
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
    throw new TreelineError('library.missing', { subject: name, detail: `The program ${name} isn’t installed.` });
  } finally {
    child.kill();
  }
}

async function* buffers(stream: NodeJS.ReadableStream): AsyncGenerator<Buffer, void, undefined> {
  for await (const piece of stream) if (Buffer.isBuffer(piece)) yield piece;
}
