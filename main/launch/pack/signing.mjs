// SPDX-License-Identifier: LGPL-2.1-or-later
// Signatures and checksums of finished packages.
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LaunchError } from '../console.mjs';
import { follow, programPath } from '../processes.mjs';

/** rpmsign(8), which may be built for a gpg of another name, with a key of gpg's keyring (GNUPGHOME). @param {readonly string[]} packages @param {string} key fingerprint */
export async function signRpms(packages, key) {
  const rpms = packages.filter((file) => file.endsWith('.rpm'));
  if (rpms.length === 0) return;
  const { code, output } = await follow(
    'rpmsign',
    [...['--define', `_gpg_name ${key}`, '--define', `__gpg ${programPath('gpg')}`], '--addsign', ...rpms],
    {},
  );
  if (code !== 0) throw new LaunchError(`rpmsign failed:\n${output}`);
}

/**
 * SHA256SUMS beside the packages, as `sha256sum --check` reads it; with a key SHA256SUMS.asc, too.
 * @param {readonly string[]} packages @param {string} out @param {string | undefined} key fingerprint
 * @returns {Promise<string>} path of the list
 */
export async function writeChecksums(packages, out, key) {
  const list = path.join(out, 'SHA256SUMS');
  const sum = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
  writeFileSync(list, packages.map((file) => `${sum(file)}  ${path.basename(file)}\n`).join(''));
  const signature = `${list}.asc`;
  rmSync(signature, { force: true });
  if (!key) return list;
  const { code, output } = await follow(
    'gpg',
    ['--batch', '--local-user', key, '--armor', '--detach-sign', '--output', signature, list],
    {},
  );
  if (code !== 0) throw new LaunchError(`gpg failed:\n${output}`);
  return list;
}
