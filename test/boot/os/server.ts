// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { startWebServer, type WebServer } from '../../../main/demo/web-server.ts';
import { run } from '../packages/commands.ts';
import type { OsVersion } from '../packages/seed.ts';
import { branch, packagesOf, type TestOs } from './compose-os.ts';

/** The distribution's server: branch and package repository (/packages) stand at the version that was published last. */
export interface UpdateServer {
  readonly port: number;
  readonly web: WebServer;
  publish(version: OsVersion): Promise<void>;
  close(): Promise<void>;
}

export async function startUpdateServer(os: TestOs, directory: string): Promise<UpdateServer> {
  const root = path.join(directory, 'www');
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  const repo = path.join(root, 'repo');
  // the objects never change: links to them are enough
  await run('cp', ['-al', os.repo, repo]);
  const web = await startWebServer(root);
  return {
    port: web.port,
    web,
    async publish(version) {
      await run('ostree', [`--repo=${repo}`, 'refs', '--force', `--create=${branch}`, os.commits[version]]);
      await run('ostree', [`--repo=${repo}`, 'summary', '--update']);
      const packages = path.join(root, 'packages');
      rmSync(packages, { recursive: true, force: true });
      await run('cp', ['-al', packagesOf(os, version), packages]);
    },
    close: () => web.close(),
  };
}
