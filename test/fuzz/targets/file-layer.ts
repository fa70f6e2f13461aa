// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TreeSink } from '../../../main/engine/base/ports/container.ts';
import { readFileLayer } from '../../../main/engine/images/store/file-layer.ts';
import { Labeller } from '../../../main/engine/images/store/labelling.ts';
import { Directory } from '../../../main/engine/images/store/layer-tree.ts';
import { TreelineError } from '../../../shared/errors/index.ts';
import { digestOf, layerTar } from '../../fixtures/layer-image.ts';

const directory = mkdtempSync(path.join(os.tmpdir(), 'treeline-fuzz-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
const file = path.join(directory, 'layer.tar');

export const seeds = [
  layerTar([
    { name: 'usr/', type: '5' },
    { name: 'usr/a', content: 'a' },
    { name: 'usr/b', type: '1', link: 'usr/a' },
    { name: 'etc/.wh.c' },
  ]),
  layerTar([{ name: 'usr/l', type: '2', link: '../../etc/shadow' }, { name: 'usr/l/x' }, { name: 'usr/.wh..wh..opq' }]),
  layerTar([
    { name: 'x', pax: { path: 'usr/../x', 'SCHILY.xattr.user.a': 'b', size: '3' }, content: 'xyz' },
    { name: 'dev/null', type: '3' },
  ]),
];

const none = 'a'.repeat(64);

/** A layer's names never lead anywhere: what comes out of it is a tree of plain names, and no file is larger than the layer. */
export async function target(data: Uint8Array): Promise<void> {
  writeFileSync(file, data);
  let written = 0;
  const sink: Pick<TreeSink, 'newFile' | 'newLink' | 'newDirmeta' | 'file' | 'attributesOf' | 'has'> = {
    newFile: () => ({
      write: (piece) => {
        if ((written += piece.length) > data.length) throw new Error(`${data.length} bytes of layer became ${written}`);
      },
      finish: () => none,
      [Symbol.dispose]: () => undefined,
    }),
    newLink: () => none,
    newDirmeta: () => none,
    file: () => ({ isLink: false, mode: 0, uid: 0, gid: 0, sizeBytes: 0, linkTarget: '', xattrs: Buffer.alloc(0), content: () => [] }),
    attributesOf: () => [],
    has: () => false,
  };
  const labeller = new Labeller(sink as TreeSink, undefined);
  const digest = digestOf(Buffer.from(data));
  try {
    const { root } = await readFileLayer(
      file,
      { digest, diffId: digest },
      { labeller, base: undefined, lower: new Directory(labeller.sink) },
    );
    const check = (at: Directory): void => {
      for (const name of [...at.files.keys(), ...at.directories.keys()])
        if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) throw new Error(`a name ${JSON.stringify(name)}`);
      for (const each of at.directories.values()) check(each);
    };
    check(root);
  } catch (error) {
    if (!(error instanceof TreelineError) || error.code.startsWith('internal.')) throw error;
  }
}
