// SPDX-License-Identifier: LGPL-2.1-or-later
// The example treefiles, composed from the real packages.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packagesOf, testOs, treeline } from './os/compose-os.ts';
import { run } from './packages/commands.ts';
import { checkout } from './packages/own-packages.ts';
import { scratchDirectory } from './support/scratch.ts';

describe('the examples', { concurrent: false }, () => {
  const directory = mkdtempSync(path.join(scratchDirectory(), 'examples-'));
  const repo = path.join(directory, 'repo');
  const cat = async (ref: string, file: string): Promise<string> => run('ostree', [`--repo=${repo}`, 'cat', ref, file]);

  beforeAll(async () => {
    const packages = packagesOf(testOs(), '3');
    cpSync(path.join(checkout, 'assets/examples'), path.join(directory, 'examples'), { recursive: true });
    writeFileSync(path.join(directory, 'examples/example.repo'), `[example]\nbaseurl=file://${packages}\ngpgcheck=0\n`);
    await run('ostree', ['init', `--repo=${repo}`, '--mode=archive']);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test.each(['workstation', 'server', 'kiosk', 'pos', 'embedded'])('%s', async (name) => {
    await run(process.execPath, [
      ...[treeline, '--quiet', 'compose', 'tree', `--repo=${repo}`, `--cachedir=${path.join(checkout, '.cache/boot/compose')}`],
      path.join(directory, `examples/${name}.yaml`),
    ]);
    const ref = `example/x86_64/${name}`;
    expect(await cat(ref, '/usr/lib/os-release')).toMatch(/OSTREE_VERSION='?"?12\.\d{8}\.0/);
    const modules = await run('ostree', [`--repo=${repo}`, 'ls', '-R', ref, '/usr/lib/modules']);
    expect(modules).toMatch(/\/vmlinuz$/m);
    expect(modules).toMatch(/\/initramfs\.img$/m);
    if (name === 'kiosk' || name === 'pos') {
      expect(await cat(ref, '/usr/lib/sysusers.d/kiosk.conf')).toContain('u kiosk 900');
      expect(await cat(ref, '/usr/etc/shadow')).toMatch(/^root:[!*]/m);
      expect(await run('ostree', [`--repo=${repo}`, 'ls', ref, '/usr/bin/bash'])).toMatch(/^-00555 /);
    }
    if (name === 'server') expect(await cat(ref, '/usr/etc/group')).toMatch(/^sudo:/m);
  });
});
