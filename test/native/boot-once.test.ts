// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findLoader, menuEntry } from '../../main/engine/host/bootloader/index.ts';

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

test('GRUB of another system, which shows the entries in a submenu', () => {
  write(`boot/${grub}/grub.cfg`, "menuentry 'Old' {\n}\n");
  write(
    `boot/${grub}/custom.cfg`,
    "set timeout=3\n# --- Treeline: systems installed beside this one\nsubmenu 'Treeline' --id 'treeline' {\n}\n",
  );
  const editenv = (command: string): string =>
    execFileSync(`${grub}-editenv`, [path.join(root, `boot/${grub}/grubenv`), command], { encoding: 'utf8' });
  editenv('create');
  once();
  expect(editenv('list')).toContain('next_entry=treeline>Test 1 (ostree:1)\n');
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

describe('systemd-boot, told through EFI variables', () => {
  const vendor = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';
  const file = (name: string): string => path.join(root, 'sys/firmware/efi/efivars', `${name}-${vendor}`);
  const set = (name: string, value: Buffer): void => {
    mkdirSync(path.dirname(file(name)), { recursive: true });
    writeFileSync(file(name), Buffer.concat([Buffer.from([6, 0, 0, 0]), value]));
  };
  const utf16 = (...texts: string[]): Buffer => Buffer.from(texts.map((text) => `${text}\0`).join(''), 'utf16le');
  const features = (bits: number): Buffer => Buffer.from([bits, 0, 0, 0, 0, 0, 0, 0]);
  const entries = ['ostree-2-test.conf', 'ostree-1-test.conf', 'auto-reboot-to-firmware-setup'];
  beforeEach(() => {
    // GRUB may be installed besides: what started the machine counts
    write(`boot/${grub}/grub.cfg`, 'blscfg\n');
    set('LoaderInfo', utf16('systemd-boot 252.19'));
    set('LoaderFeatures', features(0x7f));
  });
  const written = (): Buffer => readFileSync(file('LoaderEntryOneShot'));

  test('the entry’s name in UTF-16, with the attributes of a lasting variable, as bootctl writes it', () => {
    set('LoaderEntries', utf16(...entries));
    once();
    expect(written()).toEqual(Buffer.concat([Buffer.from([7, 0, 0, 0]), utf16('ostree-1-test.conf')]));
    // again, over a longer one that the kernel protects
    set('LoaderEntryOneShot', utf16('a-much-longer-name-of-an-entry.conf'));
    spawnSync('chattr', ['+i', file('LoaderEntryOneShot')]);
    once();
    expect(written().subarray(4)).toEqual(utf16('ostree-1-test.conf'));
  });

  test('an older one lists entries without their ending; one that lists none is believed', () => {
    set('LoaderEntries', utf16('ostree-2-test', 'ostree-1-test'));
    once();
    expect(written().subarray(4)).toEqual(utf16('ostree-1-test'));
    rmSync(file('LoaderEntries'));
    once();
    expect(written().subarray(4)).toEqual(utf16('ostree-1-test.conf'));
  });

  test('refused: it doesn’t see the entry, it can’t do it, the firmware takes nothing', () => {
    set('LoaderEntries', utf16('other.conf'));
    const detail = (text: string): unknown => expect.objectContaining({ detail: expect.stringContaining(text) as string });
    expect(once).toThrow(expect.objectContaining({ code: 'not-supported', report: detail('doesn’t list ostree-1-test.conf') }));
    set('LoaderEntries', utf16(...entries));
    set('LoaderFeatures', features(0x3));
    expect(once).toThrow(expect.objectContaining({ code: 'not-supported', report: detail('252.19 is too old') }));
    set('LoaderFeatures', features(0x7));
    mkdirSync(file('LoaderEntryOneShot'));
    expect(once).toThrow(expect.objectContaining({ code: 'boot.variable' }));
  });
});

describe('extlinux', () => {
  const before = process.env['PATH'];
  afterEach(() => {
    process.env['PATH'] = before;
  });
  const install = (): void => {
    write('boot/extlinux/extlinux.conf', 'DEFAULT x\n');
    write('bin/extlinux', `#!/bin/sh\necho "$@" > ${root}/called\n`);
    chmodSync(path.join(root, 'bin/extlinux'), 0o755);
    process.env['PATH'] = `${root}/bin:${before}`;
  };

  test('an entry with a plain label: its own program is called with it', () => {
    install();
    write('boot/extlinux/ldlinux.sys', '');
    write('boot/loader/entries/ostree-1-test.conf', entry('plain-label', '/ostree/boot.1/test/bb/0', 1));
    once();
    expect(readFileSync(path.join(root, 'called'), 'utf8')).toBe(`--once=plain-label ${root}/boot/extlinux\n`);
  });

  test('refused, with why: labels with blanks, which ostree’s have; a menu that U-Boot reads', () => {
    install();
    const refused = (text: string): unknown =>
      expect.objectContaining({
        code: 'not-supported',
        report: expect.objectContaining({ detail: expect.stringContaining(text) as string }),
      });
    expect(once).toThrow(refused('another boot loader reads its menu'));
    write('boot/extlinux/ldlinux.sys', '');
    expect(once).toThrow(refused('“Test 1 (ostree:1)”'));
    expect(existsSync(path.join(root, 'called'))).toBe(false);
  });
});
