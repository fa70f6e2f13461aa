// SPDX-License-Identifier: LGPL-2.1-or-later
import { TreelineError } from '../../../../shared/errors/index.ts';
import type { Dirtree } from '../../base/ports/gvariant-types.ts';
import type { JobContext } from '../../base/ports/job.ts';
import type { CommitPort, RepoPort } from '../../base/ports/sysroot.ts';
import { fetchDirectories } from '../source/directories.ts';
import { bootSpace, type BootFile } from '../sysroot/boot-space.ts';
import { bootFileNames, isBootFile } from '../../base/boot/boot-files.ts';
import { withFetched, type UpdateContext } from '../source/context.ts';
import { fileSizes, missingSizes, toldFiles } from '../source/sizes.ts';
import type { Source } from '../source/source.ts';

const modules = '/usr/lib/modules';
/** Below a directory of this name nothing is: asking for it brings the directory objects on the way, and no file. */
const nothing = 'none/none';

/**
 * Throws `disk.boot-full` with the numbers before anything of an update but its commit and some directory objects was fetched. Commits that tell no
 * sizes, and servers that don't answer here, are left to the check before deploying.
 */
export async function requireBootRoom(
  context: UpdateContext & { readonly context: JobContext },
  source: Source,
  checksum: string,
): Promise<void> {
  const { sysroot } = context;
  if (source.remote === '') return;
  const { sizes, most, told } = withFetched(context, (repo) => {
    const to = repo.loadCommit(checksum);
    const missing = missingSizes(repo, sysroot.repo.tryLoadCommit(source.baseChecksum), to);
    return { sizes: fileSizes(to), most: missing.unpackedBytes, told: toldFiles(to) };
  });
  const room = bootSpace(sysroot, [], () => 0);
  if (!sizes || !room) return;
  // not even all that is new would fill it
  if (room.freeBytes >= most + room.needBytes) return;
  const files = told?.filter((f) => isBootFile(f.path)) ?? (await knownBootFiles(context, source, checksum));
  const space = files && bootSpace(sysroot, files, (file) => sizes.get(file)?.unpackedBytes ?? 0);
  if (!space || space.freeBytes >= space.needBytes) return;
  const { boot, needBytes, freeBytes } = space;
  throw new TreelineError('disk.boot-full', { subject: boot, facts: { needBytes, freeBytes } });
}

/** undefined when they can't be found out beforehand. */
async function knownBootFiles(
  context: UpdateContext & { readonly context: JobContext },
  source: Source,
  checksum: string,
): Promise<readonly BootFile[] | undefined> {
  // some kilobytes: the bar stays where it is
  const quiet = { ...context, context: { ...context.context, progress: () => undefined } };
  for (let round = 0; round < 3; round++) {
    const found = withFetched(context, (repo) => bootFilesIn(repo, repo.loadCommit(checksum)));
    if (found.subdirs.length === 0) return found.files;
    try {
      await fetchDirectories(quiet, source, checksum, found.subdirs);
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** Kernel, initramfs and device trees of a tree, and which directories must be fetched to know them. */
function bootFilesIn(repo: RepoPort, commit: CommitPort): { files: BootFile[]; subdirs: string[] } {
  let tree = commit.rootDirtree;
  const load = (): Dirtree | undefined => (repo.hasObject('dirtree', tree) ? repo.loadMetadata('dirtree', tree) : undefined);
  for (const name of modules.slice(1).split('/')) {
    const content = load();
    if (!content) return { files: [], subdirs: [`${modules}/${nothing}`] };
    const next = content[1].find(([n]) => n === name);
    if (!next) return { files: [], subdirs: [] };
    tree = next[1].toString('hex');
  }
  const versions = load();
  if (!versions) return { files: [], subdirs: [`${modules}/${nothing}`] };
  const files: BootFile[] = [];
  const subdirs: string[] = [];
  for (const [version, dir] of versions[1]) {
    tree = dir.toString('hex');
    const content = load();
    if (!content) subdirs.push(`${modules}/${version}/${nothing}`);
    for (const [name, sum] of content?.[0] ?? []) {
      if (bootFileNames.test(name)) files.push({ path: `${modules.slice(1)}/${version}/${name}`, checksum: sum.toString('hex') });
    }
  }
  return { files, subdirs };
}
