// SPDX-License-Identifier: LGPL-2.1-or-later
import * as z from 'zod';
import { atomicFile } from '../../../files/index.ts';
import type { PackageLock, Resolution } from '../../base/ports/resolver.ts';
import { readStructured } from './structured-file.ts';

const lockedPackage = z
  .strictObject({
    evr: z.string().min(1).optional().describe('Version, as [epoch:]version-release, of any architecture.'),
    evra: z.string().min(1).optional().describe('The same with .architecture.'),
    digest: z
      .string()
      .regex(/^[a-z0-9]+:[0-9a-f]+$/, 'expected ALGORITHM:HEX')
      .optional()
      .describe('Digest of the package file, ALGORITHM:HEX; another file of the same version is refused.'),
    metadata: z.record(z.string(), z.unknown()).optional().describe('Free notes; not used.'),
  })
  .refine((each) => (each.evr === undefined) !== (each.evra === undefined), 'expected either evr or evra');

/** A lockfile (JSON or YAML): which build of a package to take. The source of validation and of the JSON Schema. */
export const lockfileSchema = z.strictObject({
  packages: z
    .record(z.string(), lockedPackage)
    .describe('Package name to the build to take. Of a second architecture, the name is NAME.ARCH.'),
  metadata: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('generated: when; rpmmd_repos: which repositories, and how old they were.'),
});

/** Read lockfiles; what a later one says about a package wins. Throws lockfile.invalid with file, line and key. */
export function readLockfiles(files: readonly string[]): PackageLock[] {
  const locks = new Map<string, PackageLock>();
  for (const file of files) for (const [name, lock] of readLockfile(file)) locks.set(name, lock);
  return [...locks.values()];
}

function readLockfile(file: string): [string, PackageLock][] {
  const { data, lineOf } = readStructured(file, lockfileSchema, {
    code: 'lockfile.invalid',
    keys: ['packages', 'metadata', 'evr', 'evra', 'digest'],
  });
  return Object.entries(data.packages).map(([key, { evr, evra, digest }]) => {
    const arch = evra?.slice(evra.lastIndexOf('.'));
    const name = arch !== undefined && key.endsWith(arch) ? key.slice(0, -arch.length) : key;
    const build = {
      ...(evr === undefined ? {} : { evr }),
      ...(evra === undefined ? {} : { evra }),
      ...(digest === undefined ? {} : { digest }),
    };
    return [key, { name, ...build, file, line: lineOf(['packages', key]) }];
  });
}

/** Write which builds were chosen. `timeSeconds`: Unix seconds. */
export function writeLockfile(file: string, resolution: Pick<Resolution, 'packages' | 'repos'>, timeSeconds: number): void {
  const packages: Record<string, { evra: string; digest: string }> = {};
  for (const { name, epoch, version, release, arch, digest } of resolution.packages) {
    const evra = `${epoch > 0 ? `${epoch}:` : ''}${version}-${release}.${arch}`;
    packages[name in packages ? `${name}.${arch}` : name] = { evra, digest: `${digest.algorithm}:${digest.hex}` };
  }
  const date = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
  const metadata = {
    generated: date(timeSeconds),
    rpmmd_repos: Object.fromEntries(resolution.repos.map(({ id, timestamp }) => [id, { generated: date(timestamp) }])),
  };
  atomicFile(file, `${JSON.stringify({ packages, metadata }, null, 2)}\n`);
}
