// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { buildReleaseChanges, packReleaseChanges, pkglistOfPackages } from '../../main/engine/base/diff/index.ts';
import { readRpmdb, writeRpmdb } from '../../main/native/rpm/index.ts';
import type { Advisory } from '../../shared/domain/index.ts';
import { sh } from './rpm-build.ts';

export const branch = 'meadow/1/x86_64/desktop';
export const dbPath = '/usr/share/rpm';

/** GVariant text of an `ay` and of a(sssss), as `ostree commit --add-metadata` reads it. */
const bytesText = (bytes: Buffer): string => `@ay [${[...bytes].map((b) => `0x${b.toString(16)}`).join(',')}]`;
const rowsText = (rows: readonly (readonly string[])[]): string =>
  `@a(sssss) [${rows.map((row) => `(${row.map((cell) => `'${cell}'`).join(',')})`).join(',')}]`;

/** Commit trees that hold only an RPM database of each demo release, with the ostree program; returns checksums, oldest first. */
export function commitReleases(
  dir: string,
  demo: string,
  advisories: readonly Advisory[][],
): { repo: string; commits: string[]; trees: string[] } {
  const repo = path.join(dir, 'repo');
  sh('ostree', [`--repo=${repo}`, 'init', '--mode=archive']);
  const commits: string[] = [];
  const trees: string[] = [];
  for (const n of [1, 2, 3]) {
    const root = path.join(dir, `tree-${n}`);
    const packages = path.join(demo, `release-${n}/packages`);
    mkdirSync(root, { recursive: true });
    writeRpmdb({ root, dbPath, packages: readdirSync(packages).map((f) => path.join(packages, f)), installTimeSeconds: 1_780_000_000 });
    const installed = readRpmdb({ root, dbPath, changelogs: true });
    const changes = buildReleaseChanges({
      ...(n > 1 ? { parent: commits.at(-1)!, parentVersion: `1.${n - 2}` } : {}),
      version: `1.${n - 1}`,
      timeSeconds: n,
      from: n > 1 ? readRpmdb({ root: trees.at(-1)!, dbPath, changelogs: true }) : [],
      to: installed,
      advisories: advisories.slice(0, n).flat(),
    });
    const args = [
      `--repo=${repo}`,
      'commit',
      `--branch=${branch}`,
      `--tree=dir=${root}`,
      '--owner-uid=0',
      '--owner-gid=0',
      '--no-xattrs',
      '--canonical-permissions',
    ];
    args.push(`--add-metadata=rpmostree.rpmdb.pkglist=${rowsText(pkglistOfPackages(installed))}`);
    args.push(`--add-metadata=treeline.changes=${bytesText(packReleaseChanges(changes))}`, `--add-metadata-string=version=1.${n - 1}`);
    commits.push(sh('ostree', args).trim());
    trees.push(root);
  }
  return { repo, commits, trees };
}
