// SPDX-License-Identifier: LGPL-2.1-or-later
// The other ways to start: EFI firmware, extlinux. What their disks hold is looked at in test/native/disk.test.ts.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from './machine/machine.ts';
import { kernelOf, testOs, type TestOs } from './os/compose-os.ts';
import { makeDisk } from './os/disk.ts';
import { startUpdateServer, type UpdateServer } from './os/server.ts';
import { kernel, summary, systemState } from './support/guest.ts';
import { scratchDirectory } from './support/scratch.ts';

const firmwares = ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_CODE.fd', '/usr/share/edk2/ovmf/OVMF_CODE.fd'];
function firmware(): string {
  const found = firmwares.find((file) => existsSync(file));
  if (found === undefined) throw new Error(`no EFI firmware here: ${firmwares.join(', ')}`);
  return found;
}

describe('a disk starts', { concurrent: false }, () => {
  const directory = mkdtempSync(path.join(scratchDirectory(), 'disks-'));
  let os: TestOs;
  let server: UpdateServer;
  let machine: Machine | undefined;

  beforeAll(async () => {
    os = testOs();
    server = await startUpdateServer(os, directory);
    await server.publish('1');
  });

  afterEach(async () => {
    await machine?.cutPower();
  });

  afterAll(async () => {
    await server?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test('from EFI firmware with GRUB, and takes an update', async () => {
    machine = new Machine({ disk: await makeDisk(os, '1', directory, ['--firmware=efi']), directory, port: server.port, efi: firmware() });
    await machine.start();
    expect(await systemState(machine)).toBe('running');
    expect(await summary(machine)).toBe('1*');
    expect(await machine.ok('ls /sys/firmware/efi')).toContain('efivars');
    await server.publish('2');
    await machine.ok('treeline upgrade', 800_000);
    await machine.restart();
    expect(await systemState(machine)).toBe('running');
    expect(await summary(machine)).toBe('2* 1');
  });

  test('from EFI firmware with systemd-boot, whose driver reads /boot, and goes to a new version and back', async () => {
    await server.publish('1');
    machine = new Machine({
      disk: await makeDisk(os, '1', directory, ['--bootloader=systemd-boot']),
      directory,
      port: server.port,
      efi: firmware(),
    });
    await machine.start();
    expect(await systemState(machine)).toBe('running');
    expect(await machine.ok('cat /sys/firmware/efi/efivars/LoaderInfo-*')).toContain('s\0y\0s\0t\0e\0m\0d\0-\0b\0o\0o\0t');
    await server.publish('3');
    await machine.ok('treeline upgrade', 800_000);
    await machine.restart();
    expect(await systemState(machine)).toBe('running');
    expect(await summary(machine)).toBe('3* 1');
    expect(await kernel(machine)).toBe(await kernelOf(os, '3'));
    await machine.ok('treeline rollback');
    await machine.restart();
    expect(await summary(machine)).toBe('1* 3');
    expect(await kernel(machine)).toBe(await kernelOf(os, '1'));
  });

  test('from BIOS with extlinux, also after its menu was written for the second and third time', async () => {
    machine = new Machine({ disk: await makeDisk(os, '1', directory, ['--bootloader=extlinux']), directory, port: server.port });
    await machine.start();
    for (const argument of ['first.time', 'second.time']) {
      await machine.ok(`treeline kargs --append=${argument}=1`);
      await machine.restart();
      expect(await machine.ok('cat /proc/cmdline')).toContain(`${argument}=1`);
    }
    expect(await systemState(machine)).toBe('running');
  });
});
