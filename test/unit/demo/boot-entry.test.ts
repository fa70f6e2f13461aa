// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boot, pickBootEntry } from '../../../main/demo/simboot.ts';

let sysroot: string;

/** An entry as ostree writes it, with its kernel and deployment. */
function addEntry(number: number, version: number): void {
  const put = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(sysroot, name)), { recursive: true });
    writeFileSync(path.join(sysroot, name), text);
  };
  const deployment = `ostree/deploy/meadow/deploy/${'ab'.repeat(32)}.${number}`;
  put(`${deployment}/usr/lib/os-release`, '');
  put(`boot/ostree/meadow-${number}/vmlinuz`, 'kernel');
  put(`boot/ostree/meadow-${number}/initramfs.img`, 'initramfs');
  mkdirSync(path.join(sysroot, 'ostree/boot.1/meadow'), { recursive: true });
  symlinkSync(path.join('../../..', deployment), path.join(sysroot, `ostree/boot.1/meadow/${number}`));
  const lines = [`version ${version}`, `options quiet ostree=/ostree/boot.1/meadow/${number}`];
  put(
    `boot/loader/entries/ostree-${number}.conf`,
    [...lines, `linux /ostree/meadow-${number}/vmlinuz`, `initrd /ostree/meadow-${number}/initramfs.img`].join('\n'),
  );
}

beforeEach(() => (sysroot = mkdtempSync(path.join(tmpdir(), 'treeline-entry-'))));
afterEach(() => rmSync(sysroot, { recursive: true }));

describe('the entry that a boot loader takes', () => {
  it('is the one with the highest version, as a number', () => {
    addEntry(0, 9);
    addEntry(1, 10);
    expect(pickBootEntry(sysroot)).toMatchObject({ stateroot: 'meadow', options: 'quiet ostree=/ostree/boot.1/meadow/1' });
    expect(pickBootEntry(sysroot).deployment).toMatch(/\.1$/);
    expect(pickBootEntry(sysroot, 1).deployment).toMatch(/\.0$/);
    expect(() => pickBootEntry(sysroot, 2)).toThrow(/no boot entry 3/);
  });

  it('needs its kernel, its initramfs and its deployment', () => {
    expect(() => pickBootEntry(sysroot)).toThrow(/no boot entries/);
    addEntry(0, 1);
    rmSync(path.join(sysroot, 'boot/ostree/meadow-0/initramfs.img'));
    expect(() => pickBootEntry(sysroot)).toThrow(/initramfs.img is missing/);
    rmSync(path.join(sysroot, 'ostree/deploy'), { recursive: true });
    expect(() => pickBootEntry(sysroot)).toThrow(/does not exist/);
  });

  it('is never started on the machine’s root file system', () => {
    const onRoot = ['/var/tmp', '/tmp', import.meta.dirname, '/'].find((each) => statSync(each).dev === statSync('/').dev) ?? '/';
    const folder = mkdtempSync(path.join(onRoot, 'treeline-root-'));
    try {
      sysroot = path.join(folder, 'sysroot');
      mkdirSync(sysroot);
      addEntry(0, 1);
      expect(() => boot({ sysroot, init: '/nonexistent', command: ['true'] })).toThrow(/root file system/);
    } finally {
      rmSync(folder, { recursive: true });
      sysroot = mkdtempSync(path.join(tmpdir(), 'treeline-entry-'));
    }
  });
});
