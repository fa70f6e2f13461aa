// SPDX-License-Identifier: LGPL-2.1-or-later
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AptRoot } from './apt-root.ts';
import { run } from './commands.ts';
import { buildRpms } from './rpmbuild.ts';
import { nodeIsDebians } from './seed.ts';

export const checkout = fileURLToPath(new URL('../../..', import.meta.url));
const driver = 'usr/share/refind/refind/drivers_x64/ext4_x64.efi';
const guest = path.join(checkout, 'test/boot/guest');

/**
 * Treeline itself, as `npm run pack` makes it for everybody; Node.js, where Debian's isn't new enough, and the name service module that
 * Debian doesn't have; what is put on top of the system (Debian's packages have no scripts here); one file of rEFInd, which as a whole would bring much along.
 */
export async function buildCommonPackages(out: string, apt: AptRoot): Promise<void> {
  mkdirSync(out, { recursive: true });
  const packed = mkdtempSync(path.join(out, 'pack-'));
  await run(process.execPath, [path.join(checkout, 'main/launch/pack/pack.mjs'), '--headless', `--out=${packed}`], { cwd: checkout });
  for (const name of readdirSync(packed)) if (name.endsWith('.rpm')) copyFileSync(path.join(packed, name), path.join(out, name));
  rmSync(packed, { recursive: true });
  if (!nodeIsDebians) await build('nodejs', out, { node_version: process.versions.node, node_binary: process.execPath });
  await build('nss-altfiles', out, {});
  await build('layer', out, {});
  const refind = mkdtempSync(path.join(out, 'refind-'));
  await apt.unpack('refind', refind);
  await build('efi-ext4-driver', out, { driver: path.join(refind, driver), driver_path: `/${driver}` });
  rmSync(refind, { recursive: true });
}

/** The test's agent, whose configuration says the version of the system. */
export async function buildAgent(version: string, out: string): Promise<void> {
  await build('agent', out, { os_version: version });
}

async function build(spec: string, out: string, macros: Readonly<Record<string, string>>): Promise<void> {
  const work = mkdtempSync(path.join(out, 'work-'));
  const results = path.join(work, 'rpms');
  const built = await buildRpms(path.join(guest, `${spec}.spec`), { work, out: results, macros: { sources: guest, ...macros } });
  for (const file of Object.values(built)) copyFileSync(path.join(results, file), path.join(out, file));
  rmSync(work, { recursive: true });
}
