// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pack } from 'tar-stream';
import { LayerReader, type LayerSink } from '../../../main/engine/images/store/layer-reader.ts';
import { TreelineError } from '../../../shared/errors/index.ts';

const directory = mkdtempSync(path.join(os.tmpdir(), 'treeline-fuzz-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
const file = path.join(directory, 'layer.tar');

async function layer(entries: readonly { readonly name: string; readonly content?: string; readonly link?: string }[]): Promise<Buffer> {
  const tar = pack();
  for (const { name, content, link } of entries) {
    if (link === undefined) tar.entry({ name, mode: 0o644 }, content ?? '');
    else tar.entry({ name, type: 'symlink', linkname: link });
  }
  tar.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of tar as unknown as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

const object = (kind: string, digit = 'a'): string => `sysroot/ostree/repo/objects/${digit.repeat(2)}/${digit.repeat(62)}.${kind}`;

export const seeds = await Promise.all([
  layer([
    { name: object('file-xattrs', 'b'), content: '' },
    { name: object('file-xattrs-link'), link: `../bb/${'b'.repeat(62)}.file-xattrs` },
    { name: object('file'), content: 'content' },
    { name: object('dirtree', 'c'), content: 'x' },
  ]),
  layer([
    { name: object('commit'), content: 'commit' },
    { name: object('commitmeta'), content: 'meta' },
  ]),
  layer([
    { name: '../../etc/passwd', content: 'x' },
    { name: object('file'), link: '/etc/shadow' },
  ]),
]);

/** A layer's names never lead anywhere: only checksums get out of the reader, and no object is larger than the layer. */
export async function target(data: Uint8Array): Promise<void> {
  writeFileSync(file, data);
  const checked = (checksum: string): void => {
    if (!/^[0-9a-f]{64}$/.test(checksum)) throw new Error(`an object ${JSON.stringify(checksum)}`);
  };
  const bounded = (bytes: number): void => {
    if (bytes > data.length) throw new Error(`${data.length} bytes of layer became an object of ${bytes}`);
  };
  const sink: LayerSink = {
    has: (_, checksum) => (checked(checksum), false),
    writeMetadata: (_, checksum, bytes) => (checked(checksum), bounded(bytes.length)),
    writeDetached: (checksum, bytes) => (checked(checksum), bounded(bytes.length)),
    writeLink: checked,
    openFile: (checksum) => {
      checked(checksum);
      let written = 0;
      return { write: (piece) => bounded((written += piece.length)), finish: () => undefined, [Symbol.dispose]: () => undefined };
    },
  };
  try {
    await new LayerReader(sink).read(file, { digest: `sha256:${createHash('sha256').update(data).digest('hex')}` }, '');
  } catch (error) {
    if (!(error instanceof TreelineError) || error.code.startsWith('internal.')) throw error;
  }
}
