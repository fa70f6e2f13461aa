// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';

const system = path.resolve(import.meta.dirname, '../../assets/system');

/** systemd-analyze(1) security: 0 = nothing is left to it, 10 = all of the machine. That the units work like this is seen in test/boot. */
it.each([
  ['treelined.service', 4.1],
  ['treelined-automatic.service', 4.0],
  ['treeline-keep-failure.service', 4.0],
])('%s is exposed no more than %d', (unit, most) => {
  const { stdout, stderr } = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', path.join(system, unit)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  const level = Number(/Overall exposure level for \S+: (\d+\.\d)/.exec(stdout)?.[1]);
  expect(level, stderr).toBeGreaterThan(0);
  expect(level).toBeLessThanOrEqual(most);
});
