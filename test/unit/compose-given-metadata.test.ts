// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { commitMetadata } from '../../main/engine/compose/build/metadata.ts';
import { loadTreefile } from '../../main/engine/compose/treefile/treefile.ts';

test('a tree whose packages are there needs none in its treefile, and a given input hash stays', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'treeline-given-'));
  try {
    const file = path.join(dir, 'manifest.yaml');
    writeFileSync(file, 'ref: a/b\n');
    expect(() => loadTreefile(file)).toThrow(/missing-key/);
    const treefile = loadTreefile(file, undefined, { packages: false });
    const input = {
      treefile,
      version: '',
      inputhash: 'ours',
      packages: [],
      repos: [],
      advisories: [],
      changes: new Uint8Array(),
      history: undefined,
      kernel: undefined,
    };
    const made = (pairs: readonly string[]): unknown =>
      commitMetadata({ ...input, params: { treefile: file, repo: '', addMetadataString: pairs } }, (_, value) => value).get(
        'rpmostree.inputhash',
      );
    expect(made([])).toBe('ours');
    expect(made(['rpmostree.inputhash=theirs'])).toBe('theirs');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
