import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { TreelineError } from '../../../shared/errors/index.ts';
import type { RepoDefinition, ResolvedPackage } from '../ports/resolver.ts';
import type { RpmPort } from '../ports/rpm.ts';

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
    return readFileSync(name.startsWith('file:') ? fileURLToPath(name) : path.resolve(path.dirname(repo.file), name));
  } catch (error) {
    throw error instanceof TreelineError ? error : failed((error as Error).message);
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
  const corrupt = (detail: string): TreelineError =>
    new TreelineError('package.corrupt', { subject: pkg.nevra, detail, file: pkg.path, facts: { repo: pkg.repo } });
  let bytes: Buffer;
  try {
    bytes = readFileSync(pkg.path);
  } catch (error) {
    throw corrupt(`${(error as Error).message} (repository ${pkg.repo})`);
  }
  const actual = createHash(pkg.digest.algorithm).update(bytes).digest('hex');
  if (actual !== pkg.digest.hex) throw corrupt(`its ${pkg.digest.algorithm} is ${actual}, repository ${pkg.repo} says ${pkg.digest.hex}`);
}
