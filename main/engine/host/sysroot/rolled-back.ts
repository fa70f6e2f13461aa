// SPDX-License-Identifier: LGPL-2.1-or-later
import path from 'node:path';
import { hasShape } from '../../../files/index.ts';
import { isFormat1 } from './state-shapes.ts';
import { readJson, writeJson, type StateDir } from './state-dir.ts';

/** Versions that somebody rolled back from: not offered again without asking (field report 24). Kept in /var, which a rollback doesn't touch. */
export interface RolledBack {
  readonly checksum: string;
  readonly version: string;
  /** Unix seconds. */
  readonly at: number;
}

interface RolledBackFile {
  readonly format: 1;
  readonly versions: readonly RolledBack[];
}

const isRolledBackFile = (value: unknown): value is RolledBackFile =>
  isFormat1(value) &&
  Array.isArray(value['versions']) &&
  value['versions'].every((each) => hasShape(each, { checksum: 'string', version: 'string', at: 'number' }));

const file = (dir: StateDir): string => path.join(dir.state, 'rolled-back.json');

export function rolledBack(dir: StateDir): readonly RolledBack[] {
  return readJson(file(dir), isRolledBackFile)?.versions ?? [];
}

export function addRolledBack(dir: StateDir, entry: RolledBack): void {
  const others = rolledBack(dir).filter((e) => e.checksum !== entry.checksum);
  writeJson(file(dir), { format: 1, versions: [...others, entry].slice(-50) } satisfies RolledBackFile);
}

export function removeRolledBack(dir: StateDir, checksum: string): void {
  const old = rolledBack(dir);
  const versions = old.filter((e) => e.checksum !== checksum);
  if (versions.length < old.length) writeJson(file(dir), { format: 1, versions } satisfies RolledBackFile);
}
