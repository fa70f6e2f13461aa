// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { loadTreefile, type Treefile } from '../../main/engine/compose/treefile/treefile.ts';
import { TreelineError, type ErrorReport } from '../../shared/errors/index.ts';

export const base = 'ref: a/b/c\nrepos: [r]\npackages: [p]\n';

/** A directory for the treefiles of one test. */
export function treefileDirectory(): {
  readonly at: (name: string) => string;
  file(name: string, text: string, mode?: number): string;
  load(text: string, name?: string): Treefile;
} {
  let directory = '';
  beforeEach(() => void (directory = mkdtempSync(path.join(tmpdir(), 'treefile-'))));
  afterEach(() => rmSync(directory, { recursive: true }));
  const at = (name: string): string => path.join(directory, name);
  const file = (name: string, text: string, mode = 0o644): string => {
    mkdirSync(path.dirname(at(name)), { recursive: true });
    writeFileSync(at(name), text, { mode });
    return at(name);
  };
  return { at, file, load: (text, name = 'tree.yaml') => loadTreefile(file(name, text)) };
}

export function failure(run: () => unknown): ErrorReport {
  try {
    run();
  } catch (error) {
    if (error instanceof TreelineError) return error.report;
    throw error;
  }
  throw new Error('no error');
}
