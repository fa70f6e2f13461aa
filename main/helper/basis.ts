// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Deployment } from '../../shared/domain/index.ts';
import { messageOf } from '../../shared/errors/index.ts';
import { readRegularFile } from '../files/index.ts';

const remotesDirectory = '/etc/ostree/remotes.d';

/** A digest of what a permission rests on: the deployment that a job builds on with its origin, the settings of all remotes, and the policy. */
export function basisOf(sysroot: string, newest: Deployment | undefined, policy: string): string {
  const files = [path.join(sysroot, 'ostree/repo/config'), ...remoteFiles()].map((file) => [file, contentOf(file)]);
  const from = newest && [newest.id, newest.origin, newest.verified, newest.kernelArgs, newest.finalizationLocked];
  return createHash('sha256')
    .update(JSON.stringify([from, files, policy]))
    .digest('hex');
}

function remoteFiles(): string[] {
  try {
    return readdirSync(remotesDirectory)
      .sort()
      .map((name) => path.join(remotesDirectory, name));
  } catch {
    return [];
  }
}

function contentOf(file: string): string {
  try {
    return readRegularFile(file).toString('base64');
  } catch (error) {
    return messageOf(error);
  }
}
