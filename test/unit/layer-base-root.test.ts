// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Tree } from '../../main/engine/base/tree/index.ts';
import { keepBootFiles } from '../../main/engine/compose/build/kernel.ts';
import { takeMachineState } from '../../main/engine/compose/build/root-layout.ts';
import { keepMachineId, makeBaseState, withoutDatabaseLink } from '../../main/engine/layering/base-root.ts';
import { keepIds } from '../../main/engine/layering/new-users.ts';

let root: string;
beforeEach(() => void (root = mkdtempSync(path.join(tmpdir(), 'base-root-'))));
afterEach(() => rmSync(root, { recursive: true }));

const at = (name: string): string => path.join(root, name);
function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(at(name)), { recursive: true });
    writeFileSync(at(name), text);
  }
}
const files = (): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => !lstatSync(at(name)).isDirectory())
    .sort();

test('what a package has below /opt and /boot comes beside what the base has there, and takes the place of what is called the same', () => {
  write({
    'usr/lib/opt/vendor/base': 'base',
    'usr/lib/opt/vendor/lib/shared': 'base',
    'usr/lib/ostree-boot/efi/EFI/base/loader': 'base',
    'opt/vendor/mine': 'mine',
    'opt/vendor/lib/shared': 'mine',
    'opt/other/mine': 'mine',
    'boot/efi/EFI/mine/loader': 'mine',
    'boot/grub.cfg': 'mine',
  });
  using tree = new Tree(root);
  keepBootFiles(tree);
  const names = { user: String, group: String };
  const lines = takeMachineState({ tree, links: { opt: 'var/opt' }, names, packaged: undefined, message: () => undefined });
  expect(lines).toEqual(['other', 'vendor'].map((name) => `L /var/opt/${name} - - - - ../../usr/lib/opt/${name}\n`));
  expect(files()).toEqual([
    'usr/lib/opt/other/mine',
    'usr/lib/opt/vendor/base',
    'usr/lib/opt/vendor/lib/shared',
    'usr/lib/opt/vendor/mine',
    'usr/lib/ostree-boot/efi/EFI/base/loader',
    'usr/lib/ostree-boot/efi/EFI/mine/loader',
    'usr/lib/ostree-boot/grub.cfg',
  ]);
  expect(readFileSync(at('usr/lib/opt/vendor/lib/shared'), 'utf8')).toBe('mine');
});

test('scripts find the directories in /var that the base makes at its start, and nothing outside of it', () => {
  write({
    'usr/lib/tmpfiles.d/rpm-ostree-autovar.conf': [
      'd /var/lib/base 0750 base base -',
      'd "/var/lib/odd name/100%% \\"odd\\"" 0700 root root -',
      'd /var/../usr/outside 0755 root root -',
      'd /run/base 0755 root root -',
      'L /var/lib/link - - - - ../base',
      '',
    ].join('\n'),
  });
  using tree = new Tree(root);
  makeBaseState(tree);
  const mode = (name: string): number => lstatSync(at(name)).mode & 0o7777;
  expect([mode('var/lib/base'), mode('var/lib/odd name/100% "odd"')]).toEqual([0o750, 0o700]);
  expect(['usr/outside', 'run', 'var/lib/link'].filter((name) => existsSync(at(name)))).toEqual([]);
});

test('the database’s link makes room for a directory of a package, and comes back', () => {
  write({ 'usr/share/rpm/rpmdb.sqlite': 'd' });
  mkdirSync(at('usr/lib/sysimage'), { recursive: true });
  symlinkSync('../../share/rpm', at('usr/lib/sysimage/rpm'));
  using tree = new Tree(root);
  withoutDatabaseLink(tree, () => mkdirSync(at('usr/lib/sysimage/rpm')));
  expect(readlinkSync(at('usr/lib/sysimage/rpm'))).toBe('../../share/rpm');
  // where the database itself is, nothing makes room
  rmSync(at('usr/lib/sysimage/rpm'));
  write({ 'usr/lib/sysimage/rpm/rpmdb.sqlite': 'd' });
  using other = new Tree(root);
  withoutDatabaseLink(other, () => expect(existsSync(at('usr/lib/sysimage/rpm/rpmdb.sqlite'))).toBe(true));
  expect(existsSync(at('usr/lib/sysimage/rpm/rpmdb.sqlite'))).toBe(true);
});

test.each([
  ['', ''],
  ['uninitialized\n', 'uninitialized\n'],
  [undefined, undefined],
])('a machine-id of %j stays whatever a script makes of it', (before, after) => {
  write({ 'usr/etc/x': '', ...(before === undefined ? {} : { 'usr/etc/machine-id': before }) });
  using tree = new Tree(root);
  const giveBack = keepMachineId(tree);
  write({ 'usr/etc/machine-id': '0123456789abcdef0123456789abcdef\n' });
  giveBack();
  expect(existsSync(at('usr/etc/machine-id')) ? readFileSync(at('usr/etc/machine-id'), 'utf8') : undefined).toBe(after);
});

test('users and groups that stay in /etc are asked for with their ids, before packages ask for them without', () => {
  write({
    'usr/etc/passwd':
      'root:x:0:0::/root:/bin/sh\nown:x:1000:1000::/home/own:/bin/sh\nserves:x:997:996:100% "ours":/var/lib/serves:/sbin/nologin\nplain:x:998:998::bad home:\n',
    'usr/etc/group': 'root:x:0:\nown:x:1000:\nserves:x:996:\nmade:x:995:\n',
    'usr/lib/sysusers.d/serves.conf': 'u serves -\n',
  });
  using tree = new Tree(root);
  const base = new Set(['root', 'own']);
  keepIds(tree, { passwd: base, group: base });
  const [first = '', ...others] = readdirSync(at('usr/lib/sysusers.d')).sort();
  expect(others).toEqual(['serves.conf']);
  expect(
    readFileSync(at(`usr/lib/sysusers.d/${first}`), 'utf8')
      .trim()
      .split('\n'),
  ).toEqual(['g serves 996', 'g made 995', 'u serves 997:996 "100%% \\"ours\\"" /var/lib/serves /sbin/nologin', 'u plain 998:998 - - -']);
});
