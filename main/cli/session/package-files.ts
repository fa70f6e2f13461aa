// SPDX-License-Identifier: LGPL-2.1-or-later
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PackageFile } from '../../client/index.ts';
import { messageOf, TreelineError } from '../../../shared/errors/index.ts';

/** As much as the service takes of one user. */
const mostBytes = 2 * 1024 ** 3;
const withinMs = 30 * 60_000;

const isAddress = (word: string): boolean => /^https?:\/\//i.test(word);

/** Whether an argument means a file: rpm-ostree takes what ends in .rpm, and addresses. */
export const isPackageFile = (word: string): boolean => isAddress(word) || word.endsWith('.rpm');

/** Package files that somebody names, on this machine or by an address; what was fetched is gone at the end. */
export class PackageFilesHere implements Disposable {
  private directory: string | undefined;

  /** Throws file.unreadable, usage.invalid. */
  async read(words: readonly string[]): Promise<PackageFile[]> {
    const files: PackageFile[] = [];
    for (const word of words) files.push(fileAt(isAddress(word) ? await this.fetch(word) : word));
    return files;
  }

  [Symbol.dispose](): void {
    if (this.directory !== undefined) rmSync(this.directory, { recursive: true, force: true });
  }

  /** By this process, as whoever runs it. */
  private async fetch(address: string): Promise<string> {
    this.directory ??= mkdtempSync(path.join(tmpdir(), 'treeline-fetch-'));
    try {
      const response = await fetch(address, { signal: AbortSignal.timeout(withinMs) });
      if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
      const name = path.basename(new URL(response.url || address).pathname) || 'package.rpm';
      // two of one name are two files
      const target = path.join(mkdtempSync(path.join(this.directory, 'of-')), name);
      await pipeline(Readable.fromWeb(response.body), limited(mostBytes), createWriteStream(target, { flags: 'wx' }));
      return target;
    } catch (error) {
      throw new TreelineError('file.unreadable', { subject: address, file: address, detail: messageOf(error) });
    }
  }
}

function limited(most: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > most ? new Error(`it has more than ${most} bytes`) : null, chunk);
    },
  });
}

function fileAt(file: string): PackageFile {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats?.isFile())
    throw new TreelineError('file.unreadable', { subject: file, file, detail: stats ? 'it is no plain file' : 'there is no such file' });
  return { name: path.basename(file), path: file, sizeBytes: stats.size, chunks: (bytes) => chunksOf(file, stats.size, bytes) };
}

async function* chunksOf(file: string, sizeBytes: number, most: number): AsyncGenerator<Buffer> {
  await using handle = await open(file, 'r');
  for (let at = 0; at < sizeBytes;) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(most, sizeBytes - at)), 0, undefined, at);
    if (bytesRead === 0) throw new TreelineError('file.unreadable', { subject: file, file, detail: 'it has become shorter' });
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
