// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePlainHost } from '../../main/demo/plain-releases.ts';

let dir: string;
beforeAll(async () => {
  // tmpfs: never on the machine's root file system, which writing boot entries would freeze
  dir = mkdtempSync('/dev/shm/treeline-shadow-');
  chmodSync(dir, 0o755);
  await makePlainHost(dir);
});
afterAll(() => {
  execFileSync('bash', ['-c', `chattr -i ${dir}/sysroot/ostree/deploy/*/deploy/* 2>/dev/null || true`]);
  rmSync(dir, { recursive: true, force: true });
});

test('fix-shadow-perms takes passwords away from others, in all deployments, once', () => {
  const sysroot = path.join(dir, 'sysroot');
  execFileSync('ostree', ['admin', 'deploy', `--sysroot=${sysroot}`, '--os=plain', '--retain', 'plain:plain/x86_64/stable'], {
    stdio: 'ignore',
  });
  const deploys = path.join(sysroot, 'ostree/deploy/plain/deploy');
  const trees = readdirSync(deploys).filter((name) => !name.endsWith('.origin'));
  expect(trees).toHaveLength(2);
  const script =
    'echo x > shadow; chmod 644 shadow; echo x > gshadow; chgrp 42 gshadow; chmod 664 gshadow; echo x > shadow-; chmod 600 shadow-; ln -s shadow- gshadow-';
  for (const tree of trees) execFileSync('sh', ['-ec', script], { cwd: path.join(deploys, tree, 'etc') });
  const fix = (): string =>
    execFileSync(process.execPath, ['dist/cli/treeline.mjs', 'fix-shadow-perms', `--sysroot=${sysroot}`], { encoding: 'utf8' });
  expect(fix().match(/was readable for others/g)).toHaveLength(4);
  for (const tree of trees) {
    const modes = execFileSync('stat', ['-c', '%n %a', 'shadow', 'gshadow', 'shadow-'], {
      cwd: path.join(deploys, tree, 'etc'),
      encoding: 'utf8',
    });
    expect(modes).toBe('shadow 0\ngshadow 640\nshadow- 600\n');
    expect(readdirSync(path.join(deploys, tree, 'etc'))).toContain('.rpm-ostree-shadow-mode-fixed2.stamp');
  }
  expect(fix()).toBe('');
});
