// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadTreefile, type Treefile } from '../../main/engine/compose/treefile/treefile.ts';
import type { RpmFile, RpmPackage } from '../../main/engine/base/ports/rpm.ts';
import { type PlaceName } from '../../main/engine/base/tree/index.ts';
import { write, type Files } from './hostile-tree.ts';

/** A part of compose (or of what else handles trees), run on a tree as it runs there. */
export interface Driver {
  /** A tree that it makes something of. */
  readonly files: Files;
  /** What comes out where people could read it, besides the tree. */
  readonly run: (root: string) => unknown;
  /** Paths that each place is tried with; default 2. */
  readonly paths?: number;
  /** Only these places: others are another driver's. */
  readonly only?: readonly PlaceName[];
}

export const file = (name: string, more: Partial<RpmFile> = {}): RpmFile =>
  ({ path: name, mode: 0o100644, user: 'root', group: 'root', linkTarget: '', caps: '', digest: 'd', flags: 0, ...more }) as RpmFile;

export const pkg = (name: string, files: readonly RpmFile[]): RpmPackage =>
  ({ name, epoch: 0, version: '1', release: '1', arch: 'noarch', path: `/${name}.rpm`, files, fileDigestAlgo: 8 }) as unknown as RpmPackage;

export const scratchOf = (root: string): string => path.join(path.dirname(root), 'scratch');

export const users = 'root:x:0:0:root:/root:/bin/sh\nbin:x:1:1::/bin:/sbin/nologin\n';

export const etcUsers: Files = {
  'usr/etc/passwd': users,
  'usr/etc/group': 'root:x:0:\nwheel:x:10:\nbin:x:1:\n',
  'usr/etc/shadow': 'root:!:1::::::\n',
  'usr/etc/gshadow': 'root:!::\n',
};

export function treefileOf(text: string): Treefile {
  const directory = mkdtempSync(path.join(tmpdir(), 'treeline-hostile-'));
  try {
    write(directory, {
      'r.repo': '[r]\nbaseurl=file:///nowhere\n',
      'tree.yaml': `ref: a/b\nrepos: [r]\npackages: [p]\nselinux: false\n${text}`,
    });
    return loadTreefile(path.join(directory, 'tree.yaml'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
