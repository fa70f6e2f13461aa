// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync } from 'node:fs';
import path from 'node:path';

/**
 * Make a directory that only this user enters, when it isn't there. Those above it that are missing too are made as others are (mkdir(2) with the umask): what
 * others need may come to lie in them, and node's recursive mkdir would give each of them the mode of the last. Throws the system's errors.
 */
export function privateDirectory(directory: string): void {
  mkdirSync(path.dirname(directory), { recursive: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
}
