// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { ResolvedPackage } from '../../base/ports/resolver.ts';
import type { Layer } from './layers.ts';
import type { Treefile } from '../treefile/treefile.ts';
import { readRegularFile } from '../../../files/index.ts';

/** Raised when the same input would now give another tree. */
const composeVersion = 2;

/** SHA-256 over everything a tree is made from: treefiles, files and scripts they name, packages with their digests. */
export function inputHash(treefile: Treefile, packages: readonly ResolvedPackage[], layers: readonly Layer[] = []): string {
  const hash = createHash('sha256');
  const add = (...parts: string[]): void => void hash.update(`${JSON.stringify(parts)}\n`);
  add('treeline', String(composeVersion));
  for (const file of treefile.files) add('treefile', path.basename(file.path), file.digest);
  for (const step of treefile.postprocess) if ('script' in step) add('script', digestOf(step.script));
  for (const check of [treefile.checkPasswd, treefile.checkGroups]) if (check.type === 'file') add('users', digestOf(check.filename));
  for (const { source, target } of treefile.addFiles) add('file', target, digestOf(source));
  for (const pkg of packages) add('package', pkg.nevra, pkg.digest.algorithm, pkg.digest.hex);
  // also where the command line says so
  if (!treefile.selinux) add('unlabelled');
  for (const { checksum, override } of layers) add('layer', checksum, String(override));
  for (const script of treefile.finalize) add('finalize', path.basename(script), digestOf(script));
  return hash.digest('hex');
}

/** Of one file that a treefile adds: read at once, so it has to fit into memory. */
const largestBytes = 1 << 30;

/** Of a file's mode and content, or a directory's; '' when it can't be read (the step that uses it says so). */
function digestOf(file: string): string {
  const hash = createHash('sha256');
  const visit = (at: string): void => {
    const stats = statSync(at);
    hash.update(`${path.relative(file, at)}\0${stats.mode}\0`);
    if (stats.isDirectory()) for (const name of readdirSync(at).sort()) visit(path.join(at, name));
    else hash.update(readRegularFile(at, { limitBytes: largestBytes }));
  };
  try {
    visit(file);
    return hash.digest('hex');
  } catch {
    return '';
  }
}
