// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DiskParams } from '../../main/engine/compose/disk/index.ts';
import { bytesAt, espFiles, FileSystem, partitions } from '../fixtures/disk-image.ts';
import { bootEntryName } from './ostree-release.ts';
import { branch, Fixture, job, sh } from './sysroot-fixture.ts';

const gigabyte = 2 ** 30;

describe('a disk from a commit', () => {
  let fixture: Fixture;
  let checksum = '';
  let params: DiskParams;

  beforeAll(() => {
    fixture = new Fixture();
    checksum = fixture.release({ version: '1.0' });
    const key = path.join(fixture.dir, 'key.ed25519');
    writeFileSync(key, `${Buffer.alloc(32, 7).toString('base64')}\n`);
    params = {
      repo: fixture.server,
      revision: branch,
      output: path.join(fixture.dir, 'disk.raw'),
      stateroot: 'mine',
      kernelArgs: ['quiet', 'console=ttyS0'],
      remote: { name: 'home', url: 'https://example.org/repo', keys: [key] },
    };
  });

  afterAll(() => fixture[Symbol.dispose]());

  const create = async (more: Partial<DiskParams> = {}): Promise<string> => {
    const { result } = await job('disk.create', { ...params, ...more });
    expect(result).toMatchObject({ checksum, version: '1.0', output: params.output, sizeBytes: statSync(params.output).size });
    // no scratch is left beside it
    expect(readdirSync(fixture.dir).filter((name) => name.startsWith('.treeline-disk'))).toEqual([]);
    return params.output;
  };

  function expectSystem(disk: string): void {
    const boot = new FileSystem(disk, 'boot');
    const root = new FileSystem(disk, 'root');
    boot.check();
    root.check();
    expect(boot.list('/loader/entries')).toEqual([bootEntryName(1, 'mine')]);
    const entry = boot.read(`/loader/entries/${bootEntryName(1, 'mine')}`);
    expect(entry).toMatch(/^options root=LABEL=root rw .*quiet console=ttyS0 ostree=\/ostree\/boot\.\d\/mine\/[0-9a-f]{64}\/0$/m);
    expect(boot.read(/^linux (\S+)$/m.exec(entry)?.[1] ?? '')).toMatch(/^kernel onek/);
    const deployment = `/ostree/deploy/mine/deploy/${checksum}.0`;
    expect(root.isImmutable(deployment)).toBe(true);
    expect(root.read(`${deployment}/etc/fstab`)).toMatch(/^LABEL=boot \/boot ext4 /);
    expect(root.read(`${deployment}/usr/etc/test/default.conf`)).toBe('vendor 1.0\n');
    expect(root.read(`${deployment}.origin`)).toContain(`refspec=home:${branch}`);
    expect(root.read(`/ostree/repo/refs/remotes/home/${branch}`).trim()).toBe(checksum);
    const config = root.read('/ostree/repo/config');
    expect(config).toContain('url=https://example.org/repo');
    expect(config).toContain('sign-verify=ed25519');
    const keyFile = /verification-ed25519-file=\/(\S+)/.exec(config)?.[1] ?? '';
    expect(root.read(`/${keyFile}`).trim()).toBe(Buffer.alloc(32, 7).toString('base64'));
    const superblock = (name: string): string => new FileSystem(disk, name).superblock();
    expect(superblock('root')).toMatch(/volume name: +root\n[^]*features:.* ?has_journal/);
    // a boot loader sees what is on the disk, not what is in a journal
    expect(superblock('boot')).not.toContain('has_journal');
  }

  test('has GRUB for BIOS and EFI, which reads the boot entries', async () => {
    const disk = await create();
    expectSystem(disk);
    expect([...partitions(disk).keys()]).toEqual(['BIOS-BOOT', 'EFI-SYSTEM', 'boot', 'root']);
    const core = (partitions(disk).get('BIOS-BOOT')?.start ?? 0) * 512;
    // boot.img in the first sector points at the core image, whose first sector points at the rest of it
    expect(bytesAt(disk, 0x180, 5).toString('latin1')).toBe('GRUB ');
    expect(Number(bytesAt(disk, 0x5c, 8).readBigUInt64LE())).toBe(core / 512);
    expect(Number(bytesAt(disk, core + 0x1f4, 8).readBigUInt64LE())).toBe(core / 512 + 1);
    expect(bytesAt(disk, 510, 2).toString('hex')).toBe('55aa');
    expect(espFiles(disk, '/EFI/BOOT')).toEqual(['BOOTX64.EFI']);
    const boot = new FileSystem(disk, 'boot');
    expect(boot.list('/grub')).toEqual(expect.arrayContaining(['grub.cfg', 'grubenv', 'i386-pc', 'x86_64-efi']));
    writeFileSync(path.join(fixture.dir, 'grub.cfg'), boot.read('/grub/grub.cfg'));
    sh('grub-script-check', path.join(fixture.dir, 'grub.cfg'));
    expect(new FileSystem(disk, 'root').read('/ostree/repo/config')).toMatch(/bootloader=none/);
  });

  test('has extlinux, whose menu libostree maintains', async () => {
    const disk = await create({ bootloader: 'extlinux' });
    expectSystem(disk);
    expect([...partitions(disk).keys()]).toEqual(['boot', 'root']);
    expect(partitions(disk).get('boot')?.attrs).toContain('LegacyBIOSBootable');
    const boot = new FileSystem(disk, 'boot');
    expect(boot.read('/loader/syslinux.cfg')).toMatch(/LABEL .*\n\s*KERNEL .*\/vmlinuz/);
    expect(boot.list('/syslinux')).toEqual(expect.arrayContaining(['ldlinux.sys', 'ldlinux.c32', 'menu.c32', 'syslinux.cfg']));
    expect(new FileSystem(disk, 'root').read('/ostree/repo/config')).toMatch(/bootloader=syslinux/);
  });

  test('has systemd-boot, with the driver that it needs for /boot out of the tree', async () => {
    await expect(create({ bootloader: 'systemd-boot' })).rejects.toMatchObject({
      code: 'disk-image.program-missing',
      report: { facts: { install: expect.stringContaining('refind') as string } },
    });
    const driver = path.join(fixture.dir, 'tree/usr/share/refind/refind/drivers_x64/ext4_x64.efi');
    mkdirSync(path.dirname(driver), { recursive: true });
    writeFileSync(driver, 'a driver');
    checksum = fixture.release({ version: '1.0' });
    const disk = await create({ bootloader: 'systemd-boot' });
    expectSystem(disk);
    expect([...partitions(disk).values()].map(({ type }) => type)).toEqual([
      'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
      'BC13C2FF-59E6-4262-A352-B275FD6F7172',
      '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
    ]);
    expect(espFiles(disk, '/EFI/systemd/drivers')).toEqual(['ext4x64.efi']);
    expect(espFiles(disk, '/loader')).toEqual(['loader.conf']);
  });

  test('has the size and the labels that were asked for', async () => {
    const disk = await create({ bootloader: 'none', firmware: 'bios', sizeBytes: gigabyte, rootLabel: 'sys', bootLabel: 'start' });
    expect(statSync(disk).size).toBe(gigabyte);
    expect(statSync(disk).blocks * 512).toBeLessThan(gigabyte / 4);
    expect([...partitions(disk).keys()]).toEqual(['start', 'sys']);
    expect(new FileSystem(disk, 'start').read(`/loader/entries/${bootEntryName(1, 'mine')}`)).toContain('root=LABEL=sys rw');
  });

  test('is not written when it would be too small, or the revision is unknown', async () => {
    const output = path.join(fixture.dir, 'none.raw');
    await expect(create({ output, sizeBytes: 100 << 20 })).rejects.toMatchObject({ code: 'disk-image.too-small' });
    await expect(create({ output, revision: 'no/such/branch' })).rejects.toMatchObject({ code: 'repo.revision-not-found' });
    await expect(create({ output, bootloader: 'extlinux', firmware: 'efi' })).rejects.toMatchObject({ code: 'usage.invalid' });
    expect(existsSync(output)).toBe(false);
  });
});

function makeFiles(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
}

describe('a system beside another one', () => {
  let fixture: Fixture;
  let root = '';

  beforeAll(() => {
    fixture = new Fixture();
    fixture.release({ version: '1.0' });
    root = path.join(fixture.dir, 'old');
    makeFiles(root, {
      'etc/os-release': 'ID=old\n',
      'usr/bin/true': '#!/bin/sh\n',
      'var/lib/dpkg/status': 'Package: base\nStatus: install ok installed\n',
      'boot/vmlinuz-old': 'the old kernel',
      'boot/grub/i386-pc/syslinuxcfg.mod': 'a module',
      'boot/grub/grub.cfg': 'menuentry "Old" { linux /boot/vmlinuz-old root=/dev/vda1 }\n',
    });
  });

  afterAll(() => {
    sh('bash', '-c', `chattr -i '${root}'/ostree/deploy/*/deploy/* 2>/dev/null || true`);
    fixture[Symbol.dispose]();
  });

  const digests = (): Record<string, string> =>
    Object.fromEntries(
      sh('find', root, '-path', `${root}/ostree`, '-prune', '-o', '-type', 'f', '-print')
        .trim()
        .split('\n')
        .filter((file) => !/^\/boot\/(ostree|loader\.\d|syslinux|grub\/custom\.cfg)/.test(file.slice(root.length)))
        .map((file) => [
          file.slice(root.length),
          `${statSync(file).mode} ${createHash('sha256').update(readFileSync(file)).digest('hex')}`,
        ]),
    );
  const installInto = (target: string) =>
    job('disk.install-alongside', { repo: fixture.server, revision: branch, root: target, rootDevice: 'UUID=1234', stateroot: 'new' });
  const install = () => installInto(root);

  async function expectRefused(files: Readonly<Record<string, string>>, detail: string): Promise<void> {
    const other = mkdtempSync(path.join(fixture.dir, 'refused-'));
    makeFiles(other, { 'etc/os-release': 'ID=old\n', ...files });
    await expect(installInto(other)).rejects.toMatchObject({
      code: 'disk-image.not-alongside',
      report: { detail: expect.stringContaining(detail) as string },
    });
    expect(existsSync(path.join(other, 'ostree'))).toBe(false);
    expect(existsSync(path.join(other, 'boot/loader.0'))).toBe(false);
  }

  test('leaves every file of it as it was, and adds itself to the boot menu', async () => {
    const before = digests();
    const { result } = await install();
    expect(result).toMatchObject({ version: '1.0', bootMenu: path.join(root, 'boot/grub/custom.cfg') });
    expect(digests()).toEqual(before);
    const entries = path.join(root, 'boot/loader/entries');
    expect(readFileSync(path.join(entries, bootEntryName(1, 'new')), 'utf8')).toMatch(/^options root=UUID=1234 rw ostree=/m);
    expect(sh('ostree', 'admin', 'status', `--sysroot=${root}`)).toContain(`new ${result.checksum}.0`);
    const menu = readFileSync(result.bootMenu ?? '', 'utf8');
    expect(menu).toMatch(/^submenu 'Treeline' --id 'treeline' \{\n.*\n {2}extract_syslinux_entries_source /m);
    expect(menu).toContain('"${treeline_device}/boot/loader/syslinux.cfg"');
    // as GRUB reads libostree's menu, by GRUB's own program
    const read = sh('grub-syslinux2cfg', `--root=${root}`, '--target-root=/', path.join(root, 'boot/loader/syslinux.cfg'));
    expect(read).toMatch(/^menuentry '.*' --id [^]*linux\$linux_suffix '\/'\/'\/boot\/ostree\/new-[^]* root=UUID=1234 rw ostree=/m);
    expect(read).toContain('initrd$linux_suffix');
    sh('grub-script-check', result.bootMenu ?? '');
    // the menu's first entry, and so its default, is the old system still
    expect(readFileSync(path.join(root, 'boot/grub/grub.cfg'), 'utf8')).toContain('menuentry "Old"');
  });

  test('is refused a second time, and where /boot/loader is somebody else’s', async () => {
    await expect(install()).rejects.toMatchObject({ code: 'disk-image.not-alongside' });
    await expectRefused({ 'boot/loader/entries/old.conf': 'title Old\n' }, '/boot/loader is a directory');
  });

  test('is refused where GRUB couldn’t show it', async () => {
    const grub = { 'boot/grub/grub.cfg': 'menuentry "Old" { true }\n' };
    const module = { 'boot/grub/x86_64-efi/syslinuxcfg.mod': 'a module' };
    await expectRefused(grub, 'no module syslinuxcfg');
    await expectRefused({ ...grub, ...module, 'boot/syslinux/syslinux.cfg': 'DEFAULT old\n' }, '/boot/syslinux is somebody else’s');
    const variable = 'sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c';
    await expectRefused({ ...grub, ...module, [variable]: '\x06\0\0\0\x01' }, 'Secure Boot is on');
  });

  test('mounts a /boot of its own as the other system does', async () => {
    const other = path.join(fixture.dir, 'other');
    makeFiles(other, { 'boot/empty': '', 'etc/fstab': 'LABEL=old / ext4 defaults 0 1\n' });
    sh('mount', '-t', 'tmpfs', 'boot', path.join(other, 'boot'));
    try {
      const grub = { 'boot/grub/grub.cfg': 'menuentry "Old" { true }\n', 'boot/grub/i386-pc/syslinuxcfg.mod': 'a module' };
      makeFiles(other, grub);
      mkdirSync(path.join(other, 'boot/loader'));
      await expect(installInto(other)).rejects.toMatchObject({
        code: 'disk-image.not-alongside',
        report: { detail: expect.stringContaining('fstab') as string },
      });
      const lines = 'LABEL=start /boot ext4 defaults 0 2\nLABEL=ESP\t/boot/efi vfat umask=0077 0 1\n';
      writeFileSync(
        path.join(other, 'etc/fstab'),
        `LABEL=old / ext4 defaults 0 1\n${lines}# /boot was elsewhere\nLABEL=mine /home ext4 defaults 0 2\n`,
      );
      const { result } = await installInto(other);
      expect(readFileSync(path.join(other, `ostree/deploy/new/deploy/${result.checksum}.0/etc/fstab`), 'utf8')).toBe(lines);
      expect(readFileSync(result.bootMenu ?? '', 'utf8')).toContain('"${treeline_device}/loader/syslinux.cfg"');
    } finally {
      sh('umount', path.join(other, 'boot'));
      sh('bash', '-c', `chattr -i '${other}'/ostree/deploy/*/deploy/* 2>/dev/null || true`);
    }
  });
});
