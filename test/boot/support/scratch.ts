// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { checkout } from '../packages/own-packages.ts';

/** Disks are sparse files of some hundred megabytes each. */
export function scratchDirectory(): string {
  const directory = path.join(checkout, '.cache/boot/scratch');
  mkdirSync(directory, { recursive: true });
  return directory;
}

const started = Date.now();

/** Progress of what takes minutes. */
export function say(text: string): void {
  process.stdout.write(`[${Math.round((Date.now() - started) / 1000)} s] ${text}\n`);
}
