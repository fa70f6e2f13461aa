// SPDX-License-Identifier: LGPL-2.1-or-later
import type { z } from 'zod';
import { readJsonFile, tryAtomicFile } from '../files/index.ts';

/** What a file of the person's own holds; `fallback` on the first start, or if it was damaged. */
export function readJson<T>(file: string, schema: z.ZodType<T>, fallback: T): T {
  try {
    return schema.parse(readJsonFile(file));
  } catch {
    return fallback;
  }
}

/** Whole or not at all. A full or read-only home forgets, nothing else. */
export function writeJson(file: string, value: unknown): void {
  // what can't be kept is asked or said once more
  tryAtomicFile(file, JSON.stringify(value), { makeDirectories: true });
}
