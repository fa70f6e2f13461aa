// SPDX-License-Identifier: LGPL-2.1-or-later
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyOwnership } from '../../main/engine/compose/build/ownership.ts';
import { UserDatabase } from '../../main/engine/compose/build/passwd.ts';
import { Tree } from '../../main/engine/base/tree/index.ts';
import { rpm } from '../../main/native/rpm/index.ts';
import { TreelineError } from '../../shared/errors/index.ts';
import { makeRpm, type RpmSourceFile } from '../fixtures/make-rpm.ts';

let work: string;
let root: string;

beforeAll(() => {
  work = mkdtempSync(path.join(tmpdir(), 'treeline-owner-'));
  root = path.join(work, 'root');
  mkdirSync(path.join(root, 'usr/bin'), { recursive: true });
  mkdirSync(path.join(root, 'usr/etc'));
  writeFileSync(path.join(root, 'usr/etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  writeFileSync(path.join(root, 'usr/etc/group'), 'root:x:0:\n');
});
afterAll(() => rmSync(work, { recursive: true }));

/** What giving a program of a package its owner says. */
function outcome(name: string, file: RpmSourceFile): { report?: unknown; messages: string[]; mode: string } {
  const pkg = rpm.readPackage(makeRpm(path.join(work, 'packages'), { name, files: { '/usr/bin/prog': { content: 'x', ...file } } }));
  const place = path.join(root, 'usr/bin/prog');
  writeFileSync(place, 'x');
  chmodSync(place, Number.parseInt(file.mode ?? '755', 8));
  const messages: string[] = [];
  let report: unknown;
  try {
    using tree = new Tree(root);
    applyOwnership(tree, [pkg], new UserDatabase(tree), (text) => messages.push(text));
  } catch (error) {
    report = TreelineError.report(error);
  }
  return { ...(report === undefined ? {} : { report }), messages, mode: (statSync(place).mode & 0o7777).toString(8) };
}

test.each([
  ['setuid-user', { mode: '4755', user: 'nouser' }, /\/usr\/bin\/prog has the mode 4755 and belongs to nouser:root, .* no user “nouser”/],
  ['setuid-group', { mode: '4755', group: 'nogrp2' }, /belongs to root:nogrp2, .* no group “nogrp2”/],
  ['setgid-group', { mode: '2755', group: 'nogrp2' }, /\/usr\/bin\/prog has the mode 2755 .* no group “nogrp2”/],
  [
    'capable',
    { mode: '0755', user: 'nouser', caps: 'cap_net_admin=ep' },
    /\/usr\/bin\/prog has the capabilities cap_net_admin=ep .*“nouser”/,
  ],
] as const)('a program with special rights and an unknown owner is refused by name: %s', (name, file, says) => {
  expect(outcome(name, file)).toMatchObject({
    report: { code: 'package.unknown-owner', subject: `${name}-1-1.noarch`, detail: expect.stringMatching(says) as string },
  });
});

test('an ordinary file with an unknown owner becomes root’s, with a message; a setuid one of root stays', () => {
  expect(outcome('plain', { mode: '0755', user: 'nouser' })).toEqual({
    messages: ['plain-1-1.noarch: there is no user or group “nouser”; its files belong to root'],
    mode: '755',
  });
  expect(outcome('honest', { mode: '4755' })).toEqual({ messages: [], mode: '4755' });
});
