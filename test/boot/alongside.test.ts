// SPDX-License-Identifier: LGPL-2.1-or-later
// A system of Treeline's beside an ordinary one of packages, installed by that one itself; each starts and stays whole.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from './machine/machine.ts';
import { branch, testOs, type TestOs } from './os/compose-os.ts';
import { remote, stateroot } from './os/disk.ts';
import { makeOrdinaryDisk } from './os/ordinary.ts';
import { startUpdateServer, type UpdateServer } from './os/server.ts';
import { scratchDirectory } from './support/scratch.ts';
import { summary, systemState } from './support/guest.ts';

describe('beside an ordinary system', { concurrent: false }, () => {
  const directory = mkdtempSync(path.join(scratchDirectory(), 'alongside-'));
  let os: TestOs;
  let server: UpdateServer;
  let machine: Machine;
  let before: Record<string, string>;

  beforeAll(async () => {
    os = testOs();
    server = await startUpdateServer(os, directory);
    await server.publish('1');
    copyFileSync(os.publicKey, path.join(directory, 'www/key.asc'));
    machine = new Machine({ disk: await makeOrdinaryDisk(os, directory), directory, port: server.port });
    await machine.start();
  });

  afterAll(async () => {
    await machine?.cutPower();
    await server?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** What the old system's package manager finds changed, its configuration, and its files in /boot. */
  const oldSystem = async (): Promise<Record<string, string>> => ({
    packages: await machine.ok('rpm --dbpath /usr/lib/sysimage/rpm -qa | sort'),
    changed: (await machine.run('rpm --dbpath /usr/lib/sysimage/rpm -Va --nodeps')).output,
    etc: await machine.ok('find /etc -xdev -type f ! -name machine-id -exec sha256sum {} + | sort -k 2'),
    boot: await machine.ok('sha256sum /boot/vmlinuz /boot/initrd.img /boot/grub/grub.cfg /boot/grub/i386-pc/*'),
  });

  /** What grub-reboot does. */
  async function startOnce(entry: string): Promise<void> {
    const block = `printf '# GRUB Environment Block\\nnext_entry=%s\\n' '${entry}'; printf '#%.0s' $(seq 1024)`;
    await machine.ok(`{ ${block}; } | head -c 1024 > /boot/grub/grubenv; sync`);
  }

  /** As GRUB knows the older of two deployments. */
  async function olderTitle(): Promise<string> {
    const titles = (await machine.ok("sed -n 's/^title //p' /boot/loader/entries/*.conf")).trim().split('\n');
    return titles.find((title) => title.includes('ostree:1')) ?? `none of ${titles.join(', ')}`;
  }

  test('it is installed by that system, whose packages and files stay as they are', async () => {
    expect(await systemState(machine)).toBe('running');
    expect((await machine.run('ls /ostree')).code).not.toBe(0);
    before = await oldSystem();
    expect(before['packages']?.trim().split('\n').length).toBeGreaterThan(160);
    await machine.ok('curl --silent --fail --output /root/key.asc http://10.0.2.100/key.asc');
    await machine.ok('treeline repo mirror --quiet --repo=/var/tmp/mirror --key=/root/key.asc http://10.0.2.100/repo', 800_000);
    const options = `--repo=/var/tmp/mirror --root=LABEL=root --stateroot=${stateroot} --karg=console=ttyS0`;
    const source = `--remote=${remote} --remote-url=http://10.0.2.100/repo --remote-key=/root/key.asc`;
    await machine.ok(`treeline compose install-alongside --quiet ${options} ${source} ${branch} /`, 800_000);
    await machine.ok('rm -r /var/tmp/mirror');
    expect(await oldSystem()).toEqual(before);
  });

  test('the old system is what starts by default', async () => {
    await machine.restart();
    expect(await systemState(machine)).toBe('running');
    expect(await machine.ok('cat /proc/cmdline')).not.toContain('ostree=');
  });

  test('the new one starts when it is chosen, and takes an update', async () => {
    await startOnce('treeline>0');
    await machine.restart();
    expect(await systemState(machine)).toBe('running');
    expect(await summary(machine)).toBe('1*');
    await server.publish('2');
    await machine.ok('treeline upgrade', 800_000);
    expect(await summary(machine)).toBe('2+ 1*');
    await machine.restart();
    expect(await machine.ok('cat /proc/cmdline')).not.toContain('ostree=');
    await startOnce('treeline>0');
    await machine.restart();
    expect(await systemState(machine)).toBe('running');
    expect(await summary(machine)).toBe('2* 1');
    await startOnce(`treeline>${await olderTitle()}`);
    await machine.restart();
    expect(await summary(machine)).toBe('2 1*');
  });

  test('the old system starts again afterwards, and is whole', async () => {
    await machine.restart();
    expect(await systemState(machine)).toBe('running');
    expect(await oldSystem()).toEqual(before);
  });
});
