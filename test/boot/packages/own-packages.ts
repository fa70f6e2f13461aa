import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { treelineVersion } from '../../../shared/domain/version.ts';
import { buildRpms } from './rpmbuild.ts';
import type { OsVersion } from './seed.ts';

export const checkout = fileURLToPath(new URL('../../..', import.meta.url));
const guest = path.join(checkout, 'test/boot/guest');

/** Names of our own packages in the test system. */
export const ownPackages = ['treeline-test-agent', 'nodejs', 'nss-altfiles', 'treeline-headless'] as const;

/** Build what isn't Debian's: agent, Node.js, name service module, Treeline itself; RPM files by package name. */
export async function buildOwnPackages(osVersion: OsVersion, out: string): Promise<Map<string, string>> {
  mkdirSync(out, { recursive: true });
  const macros = {
    os_version: osVersion,
    sources: guest,
    checkout,
    program_version: treelineVersion,
    node_version: process.versions.node,
    node_binary: process.execPath,
  };
  const made = new Map<string, string>();
  for (const name of ['agent', 'nodejs', 'nss-altfiles', 'treeline-headless']) {
    const work = mkdtempSync(path.join(out, 'work-'));
    const built = await buildRpms(path.join(guest, `${name}.spec`), { work, out: path.join(work, 'rpms'), macros });
    for (const [pkg, file] of Object.entries(built)) {
      copyFileSync(path.join(work, 'rpms', file), path.join(out, file));
      made.set(pkg, path.join(out, file));
    }
    rmSync(work, { recursive: true });
  }
  return made;
}
