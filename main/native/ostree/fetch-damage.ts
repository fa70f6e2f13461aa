// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isWholeVariant } from '../core/index.ts';
import { verifyObject } from './object-file.ts';
import type { ObjectType, Repo } from './repo.ts';

/** The boot in which what lies here was last known to be whole. */
const markerName = 'treeline-boot-id';
const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/**
 * What is fetched isn't synced to the disk, so a power cut leaves files of zeros, or empty or short ones: each would be in the way of every later
 * check or update. At the first fetch after a start all of it is looked at, and what isn't whole is removed: it is fetched again. `open` is
 * called when branches can be read again.
 */
export function removeDamage(directory: string, open: () => Repo): void {
  const marker = path.join(directory, markerName);
  const boot = bootId();
  if (existsSync(marker) && readFileSync(marker, 'utf8') === boot) return;
  for (const file of filesBelow(path.join(directory, 'refs'))) if (!/^[0-9a-f]{64}\n?$/.test(readFileSync(file, 'latin1'))) rmSync(file);
  // the summary is only a copy of the server's
  rmSync(path.join(directory, 'tmp/cache'), { recursive: true, force: true });
  using repo = open();
  for (const file of filesBelow(path.join(directory, 'objects'))) {
    const kind = path.extname(file);
    const checksum = path.basename(path.dirname(file)) + path.basename(file, kind);
    if (isWhole(repo, file, kind, checksum)) {
      // whatever else the commit had may be gone
      if (kind === '.commit') writeFileSync(path.join(directory, 'state', `${checksum}.commitpartial`), '');
      continue;
    }
    rmSync(file, { force: true });
    // a commit and its signatures come together
    if (kind === '.commit') rmSync(`${file}meta`, { force: true });
    if (kind === '.commitmeta') rmSync(file.slice(0, -'meta'.length), { force: true });
  }
  writeFileSync(marker, boot);
}

function isWhole(repo: Repo, file: string, kind: string, checksum: string): boolean {
  // removed beside what belongs to it
  if (!existsSync(file)) return false;
  // libostree takes an empty file for a mistake of its caller
  if (statSync(file).size === 0) return false;
  if (kind === '.commitmeta') return isWholeVariant('a{sv}', readFileSync(file));
  try {
    verifyObject(repo, kind === '.filez' ? 'file' : (kind.slice(1) as ObjectType), checksum);
    return true;
  } catch {
    return false;
  }
}

function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(directory, name))
    .filter((file) => statSync(file).isFile());
}
