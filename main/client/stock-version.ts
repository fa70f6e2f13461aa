// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const program = '/usr/bin/rpm-ostree';
const timeoutMs = 5000;

/** Version of the machine's rpm-ostree: its daemon has no property for it. '' when it can't be told; never rejects. */
export async function stockVersion(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--version'], {
      timeout: timeoutMs,
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    });
    return /^\s*Version:\s*'?([\w.+~-]+)'?\s*$/m.exec(stdout)?.[1] ?? '';
  } catch {
    return '';
  }
}
