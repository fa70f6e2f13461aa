// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as repos from '../engine/host/package-repos/index.ts';
import type { JobHandlers } from '../engine/jobs/index.ts';
import { findPackages, refreshRepo } from '../native/dnf/index.ts';
import { fetchUser } from './fetch-user.ts';

const now = (): number => Math.floor(Date.now() / 1000);

/** As whom key files are read: nobody's rights are needed for it. */
const keyReading = (): Parameters<typeof repos.importPackageKeys>[3] => ({ user: fetchUser('/', process.argv[1] ?? ''), now: now() });

function inScratch<T>(run: (directory: string) => T): T {
  const directory = mkdtempSync(path.join(tmpdir(), 'treeline-find-'));
  try {
    return run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export const packageRepoJobs: Partial<JobHandlers> = {
  'packages.repos': (p) => repos.listPackageRepos(p, keyReading()),
  'packages.find': (p) => inScratch((scratch) => repos.findInRepos(p, findPackages, scratch)),
  'packages.refresh': (p, context) => repos.refreshPackageRepos(p, { refreshRepo, now }, context),
  'packages.modify-repo': ({ root, id, settings }) => repos.modifyPackageRepo(root, id, settings),
  'packages.offered-keys': ({ id, addresses }) => repos.offeredKeys(id, addresses, keyReading()),
  'packages.import-key': ({ root, id, key }) => repos.importPackageKeys(root, id, key, keyReading()),
};
