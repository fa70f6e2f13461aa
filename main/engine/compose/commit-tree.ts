import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { TreelineError } from '../../../shared/errors/index.ts';
import {
  ancestorsOf,
  buildReleaseChanges,
  extendHistory,
  packagesOfPkglist,
  packHistory,
  packReleaseChanges,
  type DescribedPackage,
} from '../diff/index.ts';
import type { Signing } from '../ports/compose-store.ts';
import type { BuiltTree } from './build-tree.ts';
import type { Compose } from './compose.ts';
import { isBootFile } from '../sysroot/boot-space.ts';
import { commitMetadata } from './metadata.ts';
import { rpmdbPath } from './postprocess.ts';

/** Store the tree in the cache, then publish it: one transaction of the target repository, then its summary. */
export async function commitTree(compose: Compose, tree: BuiltTree): Promise<string> {
  const { treefile, steps, params, previous, ports } = compose;
  return steps.run('commit', 'Writing the commit', () => {
    const signing = signingOf(compose);
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
    return compose.target.publish(
      compose.cache,
      {
        ref: treefile.ref,
        parent: previous?.checksum ?? '',
        subject: compose.version,
        metadata,
        root,
        timeSeconds: compose.timeSeconds,
        signing,
        ancestors: previous ? [...new Set([previous.checksum, ...ancestorsOf(history)])] : [],
        toldFiles: { directories: ['usr/lib/modules', rpmdbPath.slice(1)], wanted },
        generateSizes: params.generateSizes ?? false,
      },
      (done, total) => steps.report('commit', 0.2 + (0.8 * done) / Math.max(1, total), { itemsDone: done, itemsTotal: total }),
    );
  });
}

/** What a preview asks the size of: files that go to /boot, and the RPM database. */
const wanted = (file: string): boolean => isBootFile(file) || file.startsWith(`${rpmdbPath.slice(1)}/`);

/** Packages of the parent commit with sizes and changelogs, from its database; names and versions alone if it has none that can be read. */
function previousPackages(compose: Compose): readonly DescribedPackage[] {
  const { previous, target, workdir, ports } = compose;
  if (!previous) return [];
  const directory = path.join(workdir, 'previous-rpmdb');
  mkdirSync(directory);
  const found = target.extract(previous.checksum, rpmdbPath, directory);
  if (!found || !existsSync(path.join(directory, 'rpmdb.sqlite'))) return packagesOfPkglist(previous.pkglist);
  return ports.rpm.readRpmdb({ root: directory, dbPath: '/', changelogs: true });
}

function signingOf({ params, treefile }: Compose): Signing {
  const { gpgSign, ed25519KeyFile } = params;
  const gpg = gpgSign ?? (treefile.gpgKey === undefined ? undefined : { keyId: treefile.gpgKey });
  if (ed25519KeyFile === undefined) return gpg ? { gpg } : {};
  try {
    return { ...(gpg ? { gpg } : {}), ed25519: readFileSync(ed25519KeyFile, 'utf8').trim() };
  } catch (error) {
    throw new TreelineError('compose.key-not-found', { subject: ed25519KeyFile, detail: (error as Error).message });
  }
}
