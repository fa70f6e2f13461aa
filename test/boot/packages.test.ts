// SPDX-License-Identifier: LGPL-2.1-or-later
// What the composed commits hold of the real packages, by rpm's own verification.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { verifyTree } from '../fixtures/verify-tree.ts';
import { testOs } from './os/compose-os.ts';
import { versions } from './packages/seed.ts';
import { scratchDirectory } from './support/scratch.ts';

/** guest/treefile.yaml names another one than systemd's package. */
const defaultTarget = '/usr/lib/systemd/system/default.target';

describe('every real package is there as rpm would have installed it', () => {
  test.each(versions)('in version %s', (version) => {
    const os = testOs();
    const { packages, differences } = verifyTree(os.repo, os.commits[version], path.join(scratchDirectory(), 'verify'));
    expect(packages).toBeGreaterThanOrEqual(168);
    expect(differences.filter(({ why }) => why === undefined)).toEqual([]);
    // and of what may differ, this does
    expect(differences.map(({ file }) => file).sort()).toEqual([
      '/etc/group',
      '/etc/nsswitch.conf',
      '/etc/passwd',
      '/etc/shadow',
      '/usr/lib/os-release',
      defaultTarget,
    ]);
    const listed = execFileSync('ostree', [`--repo=${os.repo}`, 'ls', os.commits[version], defaultTarget], { encoding: 'utf8' });
    expect(listed.trim()).toMatch(/default\.target -> \/usr\/lib\/systemd\/system\/multi-user\.target$/);
  });
});
