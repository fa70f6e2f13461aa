// SPDX-License-Identifier: LGPL-2.1-or-later
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { foreignFiles, foreignWarnings } from '../../main/engine/compose/treefile/foreign-files.ts';

const stranger = 54321;
const isRoot = process.getuid?.() === 0;
const me = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
let work: string;
let count = 0;
let at: string;
beforeAll(() => (work = mkdtempSync(path.join(tmpdir(), 'treeline-foreign-'))));
afterAll(() => rmSync(work, { recursive: true }));
beforeEach(() => {
  at = path.join(work, String(++count));
  mkdirSync(path.join(at, 'finalize.d'), { recursive: true, mode: 0o755 });
  mkdirSync(path.join(at, 'more'));
  write(
    'os.yaml',
    'ref: os\nrepos: [r]\npackages: [p]\nedition: 2024\ninclude: more/base.yaml\npostprocess-script: post.sh\nadd-files: [[motd, /etc/motd]]\n',
  );
  write('more/base.yaml', 'packages: [q]\n');
  for (const name of ['post.sh', 'motd', 'finalize.d/10-run']) write(name, '#!/bin/sh\n');
});
function write(name: string, text: string): void {
  writeFileSync(path.join(at, name), text, { mode: 0o755 });
  chmodSync(path.join(at, name), 0o755);
}
const found = (name = 'os.yaml', composer = me): string[] =>
  foreignFiles(path.join(at, name), composer).map(
    ({ code, file, subject }) => `${code} ${path.relative(at, file ?? '')} ${path.relative(at, subject ?? '')}`,
  );

test('one’s own treefile, or root’s, with all that it names, is nobody else’s', () => {
  expect(found()).toEqual([]);
  // user private groups
  for (const name of ['os.yaml', 'more']) chmodSync(path.join(at, name), 0o775);
  expect(found()).toEqual([]);
});

test.runIf(isRoot).each(['os.yaml', 'more/base.yaml', 'post.sh', 'motd', 'finalize.d/10-run'])(
  '%s of somebody else is named with its owner',
  (name) => {
    chownSync(path.join(at, name), stranger, stranger);
    expect(found()).toEqual([`treefile.foreign-owner ${name} ${name}`]);
    expect(foreignFiles(path.join(at, 'os.yaml'), me)[0]?.facts).toEqual({ owner: `uid ${stranger}` });
    expect(foreignWarnings(path.join(at, 'os.yaml'), me)).toEqual([expect.stringMatching(/^warning: .* belongs to uid 54321, /) as string]);
    // who owns it is asked nothing
    expect(found('os.yaml', { uid: stranger, gid: stranger })).toEqual([]);
  },
);

test.each(['os.yaml', 'more/base.yaml', 'post.sh', 'motd', 'finalize.d/10-run', 'more', 'finalize.d'])(
  '%s that anybody may write to is named',
  (name) => {
    chmodSync(path.join(at, name), 0o777);
    expect(found().map((line) => line.split(' ').at(-1))).toEqual([name]);
  },
);

test('a directory further up counts unless it is sticky, and a link is what it leads to', () => {
  chmodSync(at, 0o1777);
  // right beside the treefile anybody could put a .repo file
  expect(found().length).toBeGreaterThan(0);
  chmodSync(at, 0o755);
  const below = path.join(work, 'open');
  mkdirSync(below);
  chmodSync(below, 0o777);
  write('linked.yaml', 'ref: os\nrepos: [r]\npackages: [p]\n');
  mkdirSync(path.join(below, 'mine'), { mode: 0o755 });
  writeFileSync(path.join(below, 'mine/t.yaml'), 'ref: os\nrepos: [r]\npackages: [p]\n', { mode: 0o644 });
  symlinkSync(path.join(below, 'mine/t.yaml'), path.join(at, 'link.yaml'));
  expect(found('link.yaml')).toEqual(['treefile.others-may-write link.yaml ../open']);
  chmodSync(below, 0o1777);
  expect(found('link.yaml')).toEqual([]);
});

test('one that can’t be read has no warnings: the compose says what is wrong', () => {
  expect(foreignWarnings(path.join(at, 'none.yaml'), me)).toEqual([]);
});
