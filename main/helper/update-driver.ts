// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { atomicFile, hasShape, readJsonFile } from '../files/index.ts';

/** A program that decides when this machine is updated, as rpm-ostree's `--register-driver` announces it; until the next restart. */
const fileIn = (runDirectory: string): string => path.join(runDirectory, 'update-driver.json');

/** Throws disk.full, file.unwritable. */
export function registerDriver(runDirectory: string, name: string): void {
  atomicFile(fileIn(runDirectory), `${JSON.stringify({ name })}\n`, { makeDirectories: true });
}

/** Its name; undefined when none is registered. */
export function registeredDriver(runDirectory: string): string | undefined {
  try {
    const content = readJsonFile(fileIn(runDirectory));
    return hasShape(content, { name: 'string' }) && content.name !== '' ? content.name : undefined;
  } catch {
    return undefined;
  }
}
