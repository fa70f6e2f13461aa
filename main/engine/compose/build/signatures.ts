// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatNevra } from '../../../../shared/domain/index.ts';
import { readRegularFile } from '../../../files/index.ts';
import { TreelineError, messageOf } from '../../../../shared/errors/index.ts';
import type { RepoDefinition, ResolvedPackage } from '../../base/ports/resolver.ts';
import type { RpmPackage, RpmPort } from '../../base/ports/rpm.ts';

/** The keys a repository's packages must be signed with. */
export interface RepoKeys {
  readonly keys: readonly Buffer[];
  /** Hex SHA-256 over all keys: what a verification is remembered by. '' = not checked. */
  readonly fingerprint: string;
}

const unchecked: RepoKeys = { keys: [], fingerprint: '' };

/** Read a repository's gpgkey files: paths (relative to the .repo file), file://, http:// or https:// addresses. */
export async function loadKeys(repo: RepoDefinition): Promise<RepoKeys> {
  if (!repo.gpgcheck) return unchecked;
  const keys = await Promise.all(repo.gpgkey.map((name) => readKey(repo, name)));
  const digest = createHash('sha256');
  for (const key of keys) digest.update(key);
  return { keys, fingerprint: digest.digest('hex') };
}

async function readKey(repo: RepoDefinition, name: string): Promise<Buffer> {
  const failed = (detail: string): TreelineError =>
    new TreelineError('rpmmd.unreachable', {
      file: repo.file,
      line: repo.line,
      key: `${repo.id}.gpgkey`,
      subject: repo.id,
      detail: `key ${name}: ${detail}`,
    });
  try {
    if (/^https?:/.test(name)) {
      const response = await fetch(name, { signal: AbortSignal.timeout(30_000) });
      if (!response.ok) throw failed(`the server answered ${response.status}`);
      return Buffer.from(await response.arrayBuffer());
    }
    return readRegularFile(name.startsWith('file:') ? fileURLToPath(name) : path.resolve(path.dirname(repo.file), name));
  } catch (error) {
    const { code, detail } = TreelineError.report(error);
    throw code === 'rpmmd.unreachable' ? error : failed(code === 'file.unreadable' ? (detail ?? '') : messageOf(error));
  }
}

/**
 * Check one package file before it is imported: its digest against the repository's metadata, and its signature against the repository's
 * keys. Throws package.corrupt, package.unsigned, package.signature-invalid, package.key-missing, naming package and repository.
 */
export function verify(pkg: ResolvedPackage, keys: RepoKeys, rpm: RpmPort): void {
  const subject = pkg.nevra;
  checkDigest(pkg);
  if (keys.fingerprint === '') return;
  const { outcome, keyIds, detail } = rpm.verifyPackage(pkg.path, keys.keys);
  const facts = { repo: pkg.repo, keyId: keyIds.join(', ') };
  switch (outcome) {
    case 'ok':
      return;
    case 'unsigned':
      throw new TreelineError('package.unsigned', { subject, facts: { repo: pkg.repo } });
    case 'key-missing':
      throw new TreelineError('package.key-missing', { subject, detail, facts });
    case 'invalid':
      throw new TreelineError('package.signature-invalid', { subject, detail: `${detail} (repository ${pkg.repo})`, facts });
  }
}

function checkDigest(pkg: ResolvedPackage): void {
  const actual = digestOf(pkg, pkg.digest.algorithm, 0);
  if (actual !== pkg.digest.hex) throw corrupt(pkg, `its ${pkg.digest.algorithm} isn’t the one that repository ${pkg.repo} says`);
}

/**
 * A package file that was read must be the one that was listed: same name, epoch, version, release, architecture, and the payload that its header was
 * written for. Throws package.not-as-listed, package.corrupt.
 */
export function checkAsListed(pkg: ResolvedPackage, header: RpmPackage): void {
  const [listed, found] = [formatNevra(pkg), formatNevra(header)];
  if (listed !== found)
    throw new TreelineError('package.not-as-listed', {
      subject: listed,
      detail: `The file ${path.basename(pkg.path)} is ${found}.`,
      facts: { repo: pkg.repo, found },
    });
  const { digest, offsetBytes } = header.payload;
  if (digest === '') return;
  const actual = digestOf(pkg, 'sha256', offsetBytes);
  if (actual !== digest.toLowerCase())
    throw corrupt(pkg, `its payload’s sha256 isn’t the one that its header says (repository ${pkg.repo})`);
}

const corrupt = (pkg: ResolvedPackage, detail: string): TreelineError =>
  new TreelineError('package.corrupt', { subject: pkg.nevra, detail, file: pkg.path, facts: { repo: pkg.repo } });

/** Hex digest of a file from an offset on; a package may be larger than what fits into one buffer. */
function digestOf(pkg: ResolvedPackage, algorithm: string, fromByte: number): string {
  try {
    const hash = createHash(algorithm);
    const fd = openSync(pkg.path, 'r');
    try {
      const buffer = Buffer.allocUnsafe(1 << 20);
      for (let at = fromByte, count; (count = readSync(fd, buffer, 0, buffer.length, at)) > 0; at += count)
        hash.update(buffer.subarray(0, count));
    } finally {
      closeSync(fd);
    }
    return hash.digest('hex');
  } catch (error) {
    throw corrupt(pkg, `${messageOf(error)} (repository ${pkg.repo})`);
  }
}
