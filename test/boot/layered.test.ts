// SPDX-License-Identifier: LGPL-2.1-or-later
// Packages on top of the base of a real system: used at once, over restarts and an update, with overrides, and the way back.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from './machine/machine.ts';
import { packagesOf, testOs, type TestOs } from './os/compose-os.ts';
import { makeDisk } from './os/disk.ts';
import { startUpdateServer, type UpdateServer } from './os/server.ts';
import { summary, systemState } from './support/guest.ts';
import { scratchDirectory } from './support/scratch.ts';

/** Of ours, with scripts (guest/layer.spec); Debian's are `systemd-timesyncd`, `mdadm` and `tree`. */
const own = 'treeline-test-layer';
const repoFile = '[test]\\nname=Test\\nbaseurl=http://10.0.2.100/packages\\ngpgcheck=0\\n';
const agent = (version: string): string => `treeline-test-agent-${version}-1.noarch`;
/** Making an initramfs takes minutes there. */
const longMs = 800_000;

describe('packages on top of the base', { concurrent: false }, () => {
  const directory = mkdtempSync(path.join(scratchDirectory(), 'layered-'));
  let os: TestOs;
  let server: UpdateServer;
  let machine: Machine;
  /** What rpm finds changed in the base as it was delivered. */
  let changedInBase: readonly string[] = [];

  beforeAll(async () => {
    os = testOs();
    server = await startUpdateServer(os, directory);
    await server.publish('1');
    copyFileSync(path.join(packagesOf(os, '3'), `${agent('3')}.rpm`), path.join(directory, 'www/agent.rpm'));
    machine = new Machine({ disk: await makeDisk(os, '1', directory), directory, port: server.port });
    await machine.start();
    await machine.ok(`mkdir -p /etc/yum.repos.d && printf '${repoFile}' > /etc/yum.repos.d/test.repo`);
  });

  afterAll(async () => {
    await machine?.cutPower();
    await server?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const treeline = (words: string): Promise<string> => machine.ok(`treeline ${words}`, longMs);
  const rpm = (words: string): Promise<{ code: number; output: string }> => machine.run(`rpm --dbpath /usr/share/rpm ${words}`);
  const changed = async (): Promise<string[]> => (await rpm('-Va --nodeps --noscripts --nomtime')).output.trim().split('\n');
  const has = async (program: string): Promise<boolean> => (await machine.run(`command -v ${program}`)).code === 0;
  const lines = async (command: string): Promise<string[]> => (await machine.ok(command)).trim().split('\n');

  /** It runs as its user, with what its program may do; what scripts made is there. */
  async function worksAsPackaged(): Promise<void> {
    expect(await lines(`systemctl is-active ${own} systemd-timesyncd || systemctl status ${own} systemd-timesyncd`)).toEqual([
      'active',
      'active',
    ]);
    expect(await lines(`cat /run/${own}/report`)).toEqual(['treeline-layer', 'root', 'closed']);
    expect(await lines('stat -c %U /run/systemd/timesync')).toEqual(['systemd-timesync']);
    expect(await lines(`stat -c '%a %U %G' /usr/share/${own}/of-the-group`)).toEqual(['640 root treeline-made']);
    expect(await lines(`cat /usr/share/${own}/made-by-posttrans /etc/${own}.conf`)).toEqual(['installed 1', 'shipped']);
    expect((await rpm(`-V ${own} systemd-timesyncd --nomtime`)).output).toBe('');
  }

  /** Parts of mdadm in the initramfs, and whether it loaded the module that was asked for. */
  async function raidInInitramfs(): Promise<{ listed: string[]; loaded: boolean }> {
    const image = '/usr/lib/modules/$(uname -r)/initramfs.img';
    const listed = await machine.run(`lsinitrd ${image} | grep -o -E '[^/ ]*(sbin/mdadm|raid1.ko)' | sort -u`);
    return {
      listed: listed.output
        .trim()
        .split('\n')
        .filter((line) => line !== ''),
      loaded: (await machine.run('grep -q ^raid1 /proc/modules')).code === 0,
    };
  }

  async function startsAs(expected: string): Promise<void> {
    await machine.restart();
    expect(await systemState(machine)).toBe('running');
    expect(await summary(machine)).toBe(expected);
  }

  test('come into the running system and are used without a restart', async () => {
    expect(await systemState(machine)).toBe('running');
    changedInBase = await changed();
    expect(await treeline(`install --apply-live ${own} systemd-timesyncd`)).toContain(
      'The running system is changed until the next restart',
    );
    await machine.ok(`systemctl start ${own} && systemctl enable --now systemd-timesyncd`);
    await worksAsPackaged();
    expect(await machine.ok('ostree admin status')).toContain('Unlocked: transient');
    // and one that isn't to stay
    await treeline('install --apply-live tree');
    await treeline('uninstall tree');
    expect(await machine.ok('tree -L 1 /usr')).toContain('share');
    expect(await summary(machine)).toBe('1+ 1*');
  });

  test('are there after a restart with users, scripts’ work and what the initramfs needs; what wasn’t to stay is gone', async () => {
    await treeline('install mdadm');
    const needs = 'add_dracutmodules+=" mdraid "\\nforce_drivers+=" raid1 "\\n';
    await machine.ok(`mkdir -p /etc/dracut.conf.d && printf '${needs}' > /etc/dracut.conf.d/raid.conf`);
    await treeline('initramfs --enable');
    await startsAs('1* 1');
    await worksAsPackaged();
    expect(await raidInInitramfs()).toEqual({ listed: ['raid1.ko', 'sbin/mdadm'], loaded: true });
    expect(await has('tree')).toBe(false);
    expect((await machine.run('ls -d /var/tmp/ostree-unlock-ovl.*')).output).toContain('No such file');
    expect(await machine.ok('ostree admin status')).not.toContain('Unlocked');
    expect(await treeline('status')).toMatch(/LayeredPackages: mdadm systemd-timesyncd treeline-test-layer\n[^]*Initramfs: regenerate\n/);
    expect((await changed()).filter((line) => !changedInBase.includes(line))).toEqual([]);
    expect(await machine.ok('ostree fsck --quiet 2>&1; echo "code $?"', longMs)).toContain('code 0');
  });

  test('stay over an update of the base, with its initramfs', async () => {
    await server.publish('2');
    await treeline('upgrade');
    await startsAs('2* 1');
    await worksAsPackaged();
    expect(await raidInInitramfs()).toEqual({ listed: ['raid1.ko', 'sbin/mdadm'], loaded: true });
  });

  test('stay where a package of the base is replaced and another left out', async () => {
    await treeline('initramfs --disable');
    await machine.ok('curl --silent --fail --output /root/agent.rpm http://10.0.2.100/agent.rpm');
    await treeline('override replace /root/agent.rpm --remove less');
    await startsAs('2* 2');
    expect(await lines('cat /etc/treeline-test/shipped.conf')).toEqual(['version=3']);
    expect((await rpm('-q treeline-test-agent less')).output.trim().split('\n')).toEqual([agent('3'), 'package less is not installed']);
    expect(await has('less')).toBe(false);
    await worksAsPackaged();
    expect(await raidInInitramfs()).toEqual({ listed: [], loaded: false });
  });

  test('stay where the base’s own packages are taken again, and after going back', async () => {
    await treeline('override reset --all');
    await startsAs('2* 2');
    expect(await lines('cat /etc/treeline-test/shipped.conf')).toEqual(['version=2']);
    expect((await rpm('-q treeline-test-agent')).output.trim()).toBe(agent('2'));
    expect(await has('less')).toBe(true);
    await worksAsPackaged();
    await treeline('rollback');
    await startsAs('2* 2');
    expect(await lines('cat /etc/treeline-test/shipped.conf')).toEqual(['version=3']);
    expect(await has('less')).toBe(false);
    await worksAsPackaged();
    expect(await machine.ok('ostree fsck --quiet 2>&1; echo "code $?"', longMs)).toContain('code 0');
  });
});
