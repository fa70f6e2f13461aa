// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addSubstitutions } from '../../main/engine/compose/build/selinux.ts';
import { Tree } from '../../main/engine/base/tree/index.ts';

let root: string;
let file: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'selinux-'));
  const directory = path.join(root, 'usr/etc/selinux/targeted/contexts/files');
  mkdirSync(directory, { recursive: true });
  file = path.join(directory, 'file_contexts.subs_dist');
  writeFileSync(file, '/run /var/run');
});
afterEach(() => rmSync(root, { recursive: true }));

function add(labelVersion: number): void {
  using tree = new Tree(root);
  addSubstitutions(tree, labelVersion);
}

test('the policy learns the places of an OSTree system, each once', () => {
  add(1);
  add(1);
  expect(readFileSync(file, 'utf8')).toBe('/run /var/run\n/usr/etc /etc\n/var/home /home\n/var/roothome /root\n/var/usrlocal /usr/local\n');
});

test('selinux-label-version 0 leaves /usr/etc to the policy', () => {
  add(0);
  expect(readFileSync(file, 'utf8')).toBe('/run /var/run\n/var/home /home\n/var/roothome /root\n/var/usrlocal /usr/local\n');
});
