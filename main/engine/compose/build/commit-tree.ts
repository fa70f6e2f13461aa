// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import {
  ancestorsOf,
  buildReleaseChanges,
  extendHistory,
  packagesOfPkglist,
  packHistory,
  packReleaseChanges,
  type DescribedPackage,
} from '../../base/diff/index.ts';
import type { PackageChange } from '../../../../shared/domain/index.ts';
import type { Published } from '../../base/ports/compose-store.ts';
import { signingOf, signsAnything } from '../publish/signing.ts';
import type { RpmPort } from '../../base/ports/rpm.ts';
import type { BuiltTree } from './build-tree.ts';
import type { Compose } from './compose.ts';
import { isBootFile } from '../../base/boot/boot-files.ts';
import { commitMetadata, detachedMetadata } from './metadata.ts';
import { Tree } from '../../base/tree/index.ts';
import { rpmdbPath } from './postprocess.ts';
import { isDatabase } from './rootfs.ts';
import { ownDirectory } from './workdir.ts';

/** A compose as far as its commit is made of it. */
export type CommitInput = Pick<
  Compose,
  | 'params'
  | 'treefile'
  | 'ports'
  | 'context'
  | 'steps'
  | 'target'
  | 'cache'
  | 'workdir'
  | 'previous'
  | 'version'
  | 'inputhash'
  | 'timeSeconds'
> & {
  readonly headers: readonly DescribedPackage[];
  readonly resolution: Pick<Compose['resolution'], 'advisories' | 'repos'>;
};

/** A commit that was written, with what is told about it. */
export interface Committed extends Published {
  /** Of the tree alone, whatever the commit says about it (ostree_commit_get_content_checksum). */
  readonly contentChecksum: string;
  /** Files that the cache knew by their inode. */
  readonly cacheHits: number;
  /** Against the parent, when the repository has it. */
  readonly changes: readonly PackageChange[] | undefined;
}

/** The branch that a commit goes to, '' for none: whoever asks for the checksum in a file (--write-commitid-to) moves the branch himself. */
export const branchOf = ({ params, treefile }: Pick<CommitInput, 'params' | 'treefile'>): string =>
  params.writeCommitidTo === undefined ? treefile.ref : '';

/** Store the tree in the cache, then publish it: one transaction of the target repository, then its summary. */
export async function commitTree(compose: CommitInput, tree: BuiltTree): Promise<Committed> {
  const { treefile, steps, params, previous, ports } = compose;
  return steps.run('commit', 'Writing the commit', () => {
    const signing = signingOf(params, treefile.gpgKey);
    if (!signsAnything(signing) && existsSync(path.join(compose.target.path, 'summary.sig')))
      compose.context.message('No key is named: the summary, which was signed, is written without a signature');
    const root = compose.cache.writeDirectory(tree.root, treefile.selinux ? tree.root : undefined);
    steps.report('commit', 0.2, {});
    const advisories = compose.resolution.advisories();
    const changes = buildReleaseChanges({
      ...(previous ? { parent: previous.checksum, parentVersion: previous.version } : {}),
      version: compose.version,
      timeSeconds: compose.timeSeconds,
      from: previousPackages(compose),
      to: compose.headers,
      advisories: compose.resolution.advisories(true),
    });
    const history = previous ? extendHistory(previous) : [];
    const metadata = commitMetadata(
      {
        treefile,
        params,
        version: compose.version,
        inputhash: compose.inputhash,
        packages: compose.headers,
        repos: compose.resolution.repos,
        advisories,
        changes: packReleaseChanges(changes),
        history: history.length > 0 ? packHistory(history) : undefined,
        kernel: tree.kernel,
      },
      (type, value) => ports.store.variant(type, value),
    );
    const published = compose.target.publish(
      compose.cache,
      {
        ref: branchOf(compose),
        parent: previous?.checksum ?? params.parent ?? '',
        subject: compose.version,
        metadata,
        detached: detachedMetadata({ treefile, repos: compose.resolution.repos, advisories }, (type, value) =>
          ports.store.variant(type, value),
        ),
        root,
        timeSeconds: compose.timeSeconds,
        signing,
        ancestors: previous ? [...new Set([previous.checksum, ...ancestorsOf(history)])] : [],
        toldFiles: { directories: ['usr/lib/modules', rpmdbPath.slice(1)], wanted },
        generateSizes: params.generateSizes ?? false,
        staticDeltas: params.staticDeltas ?? 0,
      },
      (done, total) => steps.report('commit', 0.2 + (0.8 * done) / Math.max(1, total), { itemsDone: done, itemsTotal: total }),
    );
    return {
      ...published,
      contentChecksum: createHash('sha256').update(root.dirtree, 'hex').update(root.dirmeta, 'hex').digest('hex'),
      cacheHits: root.cacheHits,
      changes: previous ? changes.packages : undefined,
    };
  });
}

/** What a preview asks the size of: files that go to /boot, and the RPM database. */
const wanted = (file: string): boolean => isBootFile(file) || file.startsWith(`${rpmdbPath.slice(1)}/`);

/** Packages of the parent commit with sizes and changelogs, from its database; names and versions alone if it has none that can be read. */
export function previousPackages({
  previous,
  target,
  workdir,
  ports,
}: Pick<Compose, 'previous' | 'target' | 'workdir'> & {
  readonly ports: { readonly rpm: Pick<RpmPort, 'readRpmdb'> };
}): readonly DescribedPackage[] {
  if (!previous) return [];
  const directory = ownDirectory(workdir, 'previous-rpmdb');
  const found = target.extract(previous.checksum, rpmdbPath, directory);
  using copy = new Tree(directory);
  if (!found || !isDatabase(copy, '')) return packagesOfPkglist(previous.pkglist);
  return ports.rpm.readRpmdb({ root: directory, dbPath: '/', changelogs: true });
}
