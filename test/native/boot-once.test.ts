import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findLoader, menuEntry } from '../../main/engine/bootloader/index.ts';

/** Fedora has named its programs and folders after the second version. */
const grub = existsSync('/usr/bin/grub2-editenv') ? 'grub2' : 'grub';

let root: string;
beforeEach(() => {
  root = mkdtempSync('/dev/shm/treeline-loader-');
  write('boot/loader/entries/ostree-2-test.conf', entry('Test 2 (ostree:0)', '/ostree/boot.1/test/aa/0', 2));
  write('boot/loader/entries/ostree-1-test.conf', entry('Test 1 (ostree:1)', '/ostree/boot.1/test/bb/0', 1));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), text);
}
const entry = (title: string, link: string, version: number): string =>
  `title ${title}\nversion ${version}\noptions root=LABEL=x quiet ostree=${link}\nlinux /ostree/vmlinuz\n`;
const once = (): void => {
  const found = menuEntry(root, 'quiet ostree=/ostree/boot.1/test/bb/0');
  if (!found) throw new Error('no entry');
  findLoader(root).once(found);
};

test('the entry of a deployment is the one that leads to it', () => {
  expect(menuEntry(root, 'quiet ostree=/ostree/boot.1/test/aa/0')).toEqual({ id: 'ostree-2-test.conf', title: 'Test 2 (ostree:0)' });
  expect(menuEntry(root, 'quiet ostree=/ostree/boot.0/test/aa/0')).toBeUndefined();
  expect(menuEntry(root, 'quiet')).toBeUndefined();
});

test.each([
  ['one that reads the entries by itself', 'insmod blscfg\nblscfg\n', 'ostree-1-test'],
  ['a generated menu', "menuentry 'Test 1 (ostree:1)' {\n}\n", 'Test 1 (ostree:1)'],
])('GRUB, %s: grub-reboot writes what grub-editenv reads', (_, config, expected) => {
  write(`boot/${grub}/grub.cfg`, config);
  const editenv = (command: string): string =>
    execFileSync(`${grub}-editenv`, [path.join(root, `boot/${grub}/grubenv`), command], { encoding: 'utf8' });
  editenv('create');
  once();
  expect(editenv('list')).toContain(`next_entry=${expected}\n`);
});

test.each([
  ['boot/zipl/bootmap', 'zipl'],
  ['boot/loader/uEnv.txt', 'U-Boot'],
  ['boot/nothing', 'an unknown boot loader'],
])('a boot loader that can’t is named: %s', (file, name) => {
  write(file, '');
  expect(() => findLoader(root)).toThrow(
    expect.objectContaining({ code: 'not-supported', report: expect.objectContaining({ subject: `Starting once with ${name}` }) }),
  );
});
