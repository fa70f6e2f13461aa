import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The boot in which what lies here was last known to be whole. */
const markerName = 'treeline-boot-id';
const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/**
 * What is fetched isn't synced to the disk, so a power cut leaves files of zeros, or empty ones: a branch that can't be read would be in the way
 * of every later check. At the first fetch after a start, branches and metadata objects are looked at, and what isn't whole is removed: it is
 * fetched again. File objects aren't unpacked here; whoever imports them checks each.
 */
export function removeDamage(repo: string): void {
  const marker = path.join(repo, markerName);
  const boot = bootId();
  if (existsSync(marker) && readFileSync(marker, 'utf8') === boot) return;
  for (const file of filesBelow(path.join(repo, 'refs'))) if (!/^[0-9a-f]{64}\n?$/.test(readFileSync(file, 'latin1'))) rmSync(file);
  // the summary is only a copy of the server's
  rmSync(path.join(repo, 'tmp/cache'), { recursive: true, force: true });
  for (const file of filesBelow(path.join(repo, 'objects'))) {
    const kind = path.extname(file);
    const checksum = path.basename(path.dirname(file)) + path.basename(file, kind);
    const whole =
      ['.commit', '.dirtree', '.dirmeta'].includes(kind) && statSync(file).size < 64 << 20
        ? createHash('sha256').update(readFileSync(file)).digest('hex') === checksum
        : statSync(file).size > 0;
    if (whole) continue;
    rmSync(file);
    // its signatures come with it again
    if (kind === '.commit') rmSync(`${file.slice(0, -kind.length)}.commitmeta`, { force: true });
  }
  writeFileSync(marker, boot);
}

function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(directory, name))
    .filter((file) => statSync(file).isFile());
}
